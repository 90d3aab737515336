"""Gradients compared with gradients: laws that need no differences.

`road` runs them on a `trial` of a `rule`: `cotangent` for linearity, `state` for memory
layout, repetition and what is saved, `modes` for forward against reverse. `second` and
`second_products` hold the compositions of two modes against each other.
"""
