"""A Jacobian that a user claims, as a rule for cotangents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clinometer.arrays import from_float64, to_float64
from clinometer.evaluate import flatten_input
from clinometer.trees import Layout, Tree

__all__ = ["pulled_by_jacobian"]


def pulled_by_jacobian(
    jacobian: Callable[..., Any], layout: Layout
) -> Callable[..., Any]:
    """A user's Jacobian as a function vjp(x, u); f returns one array.

    jacobian : function of x giving a tree like x whose leaves have f's shape, then the
        shape of the leaf of x.
    """

    def vjp(x: Tree, u: Any) -> Tree:
        weights = to_float64(u)
        leaves, paths, rebuild = flatten_input(jacobian(x))
        shapes = dict(zip(layout.paths, layout.shapes, strict=True))
        found: list[Any] = []
        for leaf, path in zip(leaves, paths, strict=True):
            matrix = to_float64(leaf)
            expected = weights.shape + shapes.get(path, ())
            if matrix.shape != expected:
                raise ValueError(
                    f"the Jacobian of f with respect to {path} must have the shape of "
                    f"f(x), then that of {path}: {expected}, got {matrix.shape}"
                )
            product = np.tensordot(weights, matrix, weights.ndim)
            found.append(from_float64(product, leaf))
        return rebuild(found)

    return vjp
