"""Surfaces from posed photographs, trained through numerical gradients.

A signed distance stands in a multi-resolution hash grid and a small network (`field`).
Rays through the pixels meet it (`render`); the colours they should have train it
(`train`), and so do the length of its gradient and its curvature, which are measured by
a `clinometer.Stencil` whose step shrinks as finer levels of the grid open (`taps`,
`schedule`). A mesh is taken from its zero set (`mesh`).

Lengths are in *scene units* unless a name says otherwise: the region of interest, the
scene's box, is the ball of radius 1 round the origin, and the grid spans -1 ... 1 on
each axis.
"""
