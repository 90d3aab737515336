"""What every set of lines through x can do, whether it is held as arrays or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clinometer.evaluate import Points

__all__ = ["Paths"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class Paths(Protocol):
    """Lines through x, however held; `ladder.Lines` says what each name means."""

    @property
    def scale(self) -> Floats:
        """(L) a typical size of t, > 0."""
        ...

    @property
    def reach(self) -> Floats:
        """(L) largest |t| that takes no entry across zero, or inf."""
        ...

    @property
    def count(self) -> int:
        """How many lines."""
        ...

    @property
    def size(self) -> Floats:
        """(L) the entries of x that move, in units of t; zero for directions."""
        ...

    def some(self, lines: Ints) -> Paths:
        """Some of the lines."""
        ...

    def representable(self, t: Floats) -> Floats:
        """(R, L) the nearest steps for which x + t and x - t are exact."""
        ...

    def arrived(self, t: Floats) -> Floats:
        """(..., L) the t really taken, once x + t is rounded to the dtype of x."""
        ...

    def points(self, line: Ints, t: Floats) -> Points:
        """The points at t (P) on the lines of those numbers (P)."""
        ...
