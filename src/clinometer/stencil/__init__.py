"""Stencils: where to look, and what to multiply the values with.

A `Stencil` is a value: offsets, weights, and an order of accuracy computed from their
moments. `points` plans, `combine` and `laplacian` put the values together; the caller
evaluates in between. The same code runs on NumPy, JAX and PyTorch, and derivatives flow
through it.
"""

from clinometer.stencil.known import (
    backward,
    central,
    central_gradient,
    forward,
    stencil,
    tetrahedral,
)
from clinometer.stencil.value import Stencil

__all__ = [
    "Stencil",
    "backward",
    "central",
    "central_gradient",
    "forward",
    "stencil",
    "tetrahedral",
]
