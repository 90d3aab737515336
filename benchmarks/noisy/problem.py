"""A sum of squares to be minimised: residuals, where to start, what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Residuals = Callable[[Any], Any]

TINY = 1e-30
"""Imaginary step, relative to an entry: its square is far below rounding."""


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A problem of Moré, Garbow & Hillstrom.

    number, name : in the paper.
    residuals : x -> (m) array, for complex x too.
    start : (n) the paper's starting point.
    minima : values of f at its known local minima, the lowest first.
    """

    number: int
    name: str
    residuals: Residuals
    start: Floats
    minima: tuple[float, ...]

    @property
    def size(self) -> int:
        """Variables."""
        return self.start.size

    @property
    def descent(self) -> float:
        """From the start down to the lowest minimum, in units of f."""
        return self.value(self.start) - self.minima[0]

    def value(self, x: Any) -> float:
        """f without noise; +inf where it overflows."""
        with np.errstate(all="ignore"):
            found = float(np.square(self.residuals(np.asarray(x, np.float64))).sum())
        return found if np.isfinite(found) else np.inf

    def gradient(self, x: Any) -> Floats:
        """(n) exact to rounding, by a complex step in every entry.

        Source: Squire & Trapp 1998; residuals are analytic and take complex numbers.
        """
        x = np.asarray(x, np.float64)
        slopes = np.empty(x.size)
        with np.errstate(all="ignore"):
            residuals = self.residuals(x)
            for k in range(x.size):
                step = TINY * max(abs(x[k]), 1.0)
                moved = x.astype(np.complex128)
                moved[k] += 1j * step
                slopes[k] = 2 * residuals @ (self.residuals(moved).imag / step)
        return slopes

    def nearest(self, x: Any) -> float:
        """The known minimum that f(x) is nearest to."""
        value = self.value(x)
        return min(self.minima, key=lambda minimum: abs(value - minimum))

    def gap(self, x: Any) -> float:
        """Distance of f(x) from the nearest known minimum; below the lowest, 0."""
        value = self.value(x)
        return 0.0 if value <= self.minima[0] else abs(value - self.nearest(x))
