"""Derivatives by a step into the complex plane, where f can be taken there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinometer.trees import Layout

__all__ = ["SMALL", "complex_slopes"]

SMALL = 1e-20
"""The step in units of an entry's size: its square is lost beside 1 in any dtype, so
that truncation costs nothing; nothing is subtracted, so that rounding costs nothing."""


def complex_slopes(
    f: Callable[[list[Any]], Any], layout: Layout, steps: dict[int, float]
) -> NDArray[np.float64] | str:
    """(K) derivatives of f along some entries of x; or why f does not take the step.

    f : function of the list of leaves, in NumPy.
    steps : how far each of these entries is moved, in units of x.
    Source: Squire & Trapp 1998, SIAM Review 40, 110-112.
    """
    found: list[float] = []
    for entry, step in steps.items():
        leaves = _moved(layout, entry, step)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                value = np.asarray(f(leaves))
        except Exception as error:  # noqa: BLE001 - what f cannot do is its answer
            return f"f raised {type(error).__name__} for a complex x"
        if value.dtype.kind != "c" or value.shape:
            return "f of a complex x gave no complex number"
        found.append(complex(value[()]).imag / step)
    return np.array(found)


def _moved(layout: Layout, entry: int, step: float) -> list[Any]:
    """The leaves of x, complex, with one entry moved along the imaginary axis."""
    made: list[Any] = []
    for leaf, start in zip(layout.leaves, layout.starts, strict=False):
        own = np.asarray(leaf)
        wide = own.astype(np.result_type(own.dtype, np.complex64))
        if start <= entry < start + own.size:
            flat = wide.reshape(-1)
            flat[entry - start] += 1j * step
            wide = flat.reshape(own.shape)
        made.append(complex(wide) if isinstance(leaf, float) else wide[()])
    return made
