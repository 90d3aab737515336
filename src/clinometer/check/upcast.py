"""f in float64, where x is coarser and f takes it: the numerical side of a check.

The claim stays what it was, computed in the dtype of x. Only what it is compared with
becomes exact, at the same point: float32 numbers are float64 numbers, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from clinometer.arrays import (
    dtype_name,
    from_float64,
    is_array,
    library,
    to_float64,
)
from clinometer.check.place import sizes_of
from clinometer.check.rays import here
from clinometer.engines import double
from clinometer.evaluate import Function
from clinometer.point import flatten_input
from clinometer.trees import Layout, Tree

__all__ = ["NOTE", "in_float64", "left_coarse", "on_jax", "upcast"]

NOTE = "f was evaluated in float64; the claimed gradient is that of the dtype of x"
"""What a report says of it."""

ULPS = 4
"""Units in the last place that entries of x move at most, to see what rounding does."""

DRAWS = 3
"""Such moves that are tried."""

EXPLAINED = 10.0
"""Factor on the largest change so found within which two values of f are one."""

FLOAT64 = float(np.finfo(np.float64).eps) / 2
"""Unit roundoff of float64."""


def in_float64(layout: Layout) -> Tree | None:
    """x with all its leaves in float64; None if they are, or if they cannot be.

    JAX rounds to float32 wherever it is not told otherwise, so its arrays stay.
    """
    if max(layout.roundoff) <= FLOAT64:
        return None
    if _on_jax(layout.leaves):
        return None
    leaves = [
        double.in_float64(leaf) if is_array(leaf) else leaf for leaf in layout.leaves
    ]
    return layout.rebuild(leaves)


def upcast(
    function: Function, value: float, adapt: Callable[[Tree], Function]
) -> Function | None:
    """f adapted at x in float64; None where f does not work in float64.

    function : f adapted at x as it is.
    value : f(x), as computed there.
    adapt : makes the function at another x.

    It works in float64 if it raises nothing, returns numbers finer than before (a loss
    taken in float32 stays one), and if the two values differ by no more than half of
    the digits of the coarser.
    """
    try:
        x = in_float64(function.layout)
        if x is None:
            return None
        finer = adapt(x)
        exact = float(finer.values(here(sizes_of(finer.layout, None)))[0, 0])
    except Exception:  # noqa: BLE001 - whatever f does with float64, x is as it was
        return None
    coarse = max(function.outcome.roundoff, *function.layout.roundoff)
    if finer.outcome.roundoff >= coarse or not math.isfinite(exact):
        return None
    gap = abs(exact - value)
    if gap > math.sqrt(coarse) * abs(value) and (
        gap > EXPLAINED * _rounded(function.layout, exact, adapt)
    ):
        return None
    finer.evaluations += function.evaluations
    return finer


def _rounded(layout: Layout, exact: float, adapt: Callable[[Tree], Function]) -> float:
    """How far f in float64 moves when x does by a few units in its last place.

    layout : of x as it is given.
    exact : f(x) in float64.
    Zero where f fails beside x. Costs DRAWS calls of f.
    """
    rng = np.random.default_rng(0)
    most = 0.0
    for _ in range(DRAWS):
        leaves: list[object] = []
        for leaf, roundoff in zip(layout.leaves, layout.roundoff, strict=True):
            own = to_float64(leaf)
            ulps = rng.integers(-ULPS, ULPS, own.shape, endpoint=True)
            moved = own * (1 + 2 * roundoff * ulps)
            like = double.in_float64(leaf) if is_array(leaf) else leaf
            leaves.append(from_float64(moved, like) if is_array(leaf) else float(moved))
        try:
            there = adapt(layout.rebuild(leaves))
            value = float(there.values(here(sizes_of(there.layout, None)))[0, 0])
        except Exception:  # noqa: BLE001 - x lies at the edge of f's domain
            return 0.0
        most = max(most, abs(value - exact))
    return most


def left_coarse(native: Function) -> tuple[str, ...]:
    """What a report says where f is not evaluated in float64 for being JAX's."""
    layout = native.layout
    if max(layout.roundoff) <= FLOAT64 or not _on_jax(layout.leaves):
        return ()
    coarsest = layout.leaves[int(np.argmax(layout.roundoff))]
    return (
        f"f was evaluated in {dtype_name(coarsest)}, as JAX is set: pass float64 with "
        "jax_enable_x64 on to see smaller errors",
    )


def on_jax(x: Tree) -> bool:
    """Whether x holds arrays of JAX."""
    leaves, _, _ = flatten_input(x)
    return _on_jax(leaves)


def _on_jax(leaves: Sequence[object]) -> bool:
    return any(is_array(leaf) and library(leaf) == "jax" for leaf in leaves)
