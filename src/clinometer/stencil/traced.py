"""What a stencil does with arrays; every function here may be traced.

Nothing branches on the values of a tensor and nothing leaves its library, so graphs,
vectorising maps and compilers pass through. No matrix product is used: where autocast
or TF32 is on, one would round its factors to 8 or 11 bits, and of a difference between
values of nearly one size nothing would be left.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import (
    Array,
    beside,
    constant,
    dtype_name,
    is_array,
    is_complex,
    is_real_floating,
)
from clinometer.errors import InputError

__all__ = ["Row", "divide", "plan", "require_values", "weigh"]

# One row of weights, ready to use: (index, weight) of each tap whose weight is not 0.
Row = tuple[tuple[int, float], ...]


def plan(
    offsets: NDArray[np.float64], x: Array, h: Array, *, directions: Array | None
) -> Array:
    """Points x + h * offset; arguments and errors as in `Stencil.points`.

    offsets : (K, D) in units of h.
    """
    x = np.asarray(x) if isinstance(x, float) else x
    if not (is_array(x) and is_real_floating(x)):
        raise InputError(
            f"x must be a real floating-point array, got {dtype_name(x)}; "
            "convert it to float64 (or float32)"
        )
    h = _step(h, x)
    if directions is None and offsets.shape[1] == 1:
        shifts = constant(offsets[:, 0], x)
    else:
        shifts = _shifts(offsets, x, directions)
        h = h if isinstance(h, float) else h[..., None]
    height = x.ndim if isinstance(h, float) else max(x.ndim, h.ndim)
    ones = (1,) * (height + 1 - shifts.ndim)
    return x + h * shifts.reshape(shifts.shape[:1] + ones + shifts.shape[1:])


def _shifts(offsets: NDArray[np.float64], x: Array, directions: Array | None) -> Array:
    """(K, ..., N) the offsets along the directions, in units of x per h."""
    dimensions = offsets.shape[1]
    size = x.shape[-1] if x.ndim else 0
    if directions is None:
        if size != dimensions:
            raise InputError(
                f"the last axis of x must have the length {dimensions}, one entry per "
                f"dimension of the stencil, got x of shape {tuple(x.shape)}; "
                "in another space, pass directions"
            )
        return constant(offsets, x)
    axes = beside(directions, x, "directions") if is_array(directions) else directions
    axes = axes if is_array(axes) else _numbers(axes, x)
    axes = axes[None, :] if axes.ndim == 1 else axes
    if axes.ndim < 2 or tuple(axes.shape[-2:]) != (dimensions, size):
        raise InputError(
            f"directions must have the shape (..., {dimensions}, {size}) beside x of "
            f"shape {tuple(x.shape)}, got {tuple(axes.shape)}"
        )
    column = (len(offsets),) + (1,) * (axes.ndim - 1)
    terms = (
        constant(offsets[:, axis], x).reshape(column) * axes[..., axis, :]
        for axis in range(dimensions)
    )
    return functools.reduce(operator.add, terms)


def _numbers(directions: Any, x: Array) -> Array:
    """Directions given as numbers in lists or tuples, as an array like x."""
    try:
        return constant(directions, x)
    except (TypeError, ValueError) as reason:
        raise InputError(
            "directions must be an array of the library of x or nested lists of real "
            f"numbers, got {directions!r}"
        ) from reason


def require_values(values: Array, offsets: NDArray[np.float64]) -> None:
    """Raise InputError unless values are floating, and one for each offset."""
    if not (is_array(values) and (is_real_floating(values) or is_complex(values))):
        raise InputError(
            f"values must be a floating-point array, got {dtype_name(values)}; "
            "stack what f returned, in float64 (or float32)"
        )
    if not values.ndim or values.shape[0] != len(offsets):
        raise InputError(
            f"values must have {len(offsets)} entries along the first axis, one per "
            f"offset, got the shape {tuple(values.shape)}"
        )


def weigh(taps: list[Array], row: Row, total: float) -> Array:
    """Σ w_k f_k, computed from differences.

    taps : K arrays (...), f at the points.
    row : the weights that are not zero.
    total : their exact sum, 0 or 1: 1 where the value itself is measured.
    Returns (...). The values have nearly one size, so their differences carry almost no
    rounding; weighted first, each product would bring its own, as large as f's.
    """
    (first, weight), *others = row
    if not others:
        return taps[first] * weight
    terms = [(taps[k] - taps[first]) * weight for k, weight in others]
    result = functools.reduce(operator.add, terms)
    return result + taps[first] if total else result


def divide(result: Array, values: Array, h: Array, *, power: int) -> Array:
    """result / h**power; one division after the other, for h**power may underflow.

    result : (...) or (G, ...).
    values : (K, ...) what it was made from; sets the dtype of h, and bounds its shape.
    """
    h = _step(h, values)
    if not isinstance(h, float) and h.ndim >= values.ndim:
        raise InputError(
            "h must broadcast to the values at one point, of shape "
            f"{tuple(values.shape[1:])}, got the shape {tuple(h.shape)}"
        )
    for _ in range(power):
        result = result / h
    return result


def _step(h: Array, like: Array) -> Array:
    """A step fit to stand beside an array: a float, or an array of its library.

    Numbers and NumPy arrays must be positive and finite; tensors are trusted, for to
    look at their values would cut the graph or stall the device.
    """
    h = beside(h, like, "h")
    # Two comparisons, for math.isfinite cannot be compiled.
    if isinstance(h, float) and not 0.0 < h < math.inf:
        raise InputError(f"step h must be positive and finite, got {h!r}")
    if _is_numpy(h) and not bool(np.all((h > 0) & (h < np.inf))):
        raise InputError(f"all steps h must be positive and finite, got {h!r}")
    return h


def _is_numpy(h: Any) -> TypeGuard[NDArray[Any]]:
    return isinstance(h, np.ndarray)
