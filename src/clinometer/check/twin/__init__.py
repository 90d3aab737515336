"""Low-precision kernels against their reference in float64.

`road` runs kernel, reference and an eager yardstick (`runs`, `arguments`), divides
gradients into `cells`, applies the `rules`, and `judge`, `cause` and `report` say
what came out.
"""
