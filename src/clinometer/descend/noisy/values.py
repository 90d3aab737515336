"""f, or a gradient of it, as SciPy passes it: asked through the package's own adapter.

A budget bounds how often it may be asked; `Spent` leaves the loop where it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.evaluate import Function
from clinometer.paths import GivenPoints, Points

__all__ = ["Spent", "Values"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]


class Spent(Exception):  # noqa: N818 - not an error: the budget did its work
    """The budget of evaluations does not allow the next plan of points."""


@final
class _Moved:
    """A plan of points that each differ from x in one entry, made as they are needed.

    x : (n) where they start; which : (P) the entry that moves; by : (P) how far.
    """

    def __init__(self, x: Floats, which: Ints, by: Floats) -> None:
        self._x, self._which, self._by = x, which, by

    @property
    def count(self) -> int:
        """How many points."""
        return self._which.size

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""
        rows = np.tile(self._x, (stop - start, 1))
        rows[np.arange(stop - start), self._which[start:stop]] += self._by[start:stop]
        return rows

    def describe(self, point: int) -> str:
        """Where a point lies."""
        return _place(self.rows(point, point + 1)[0])


def _place(x: Floats) -> str:
    with np.printoptions(threshold=8, precision=6):
        return f"x = {x}"


@final
class Values:
    """A function of x (n), counted, up to a budget; NaN and overflow become +inf."""

    def __init__(
        self, f: Callable[[Any], Any], x: Floats, *, budget: float, asks: str | None
    ) -> None:
        """f near x.

        budget : points at which it may be asked.
        asks : who needs a single number of it; None if it may return an array.
        """
        self._function = Function(f, x, scalar=asks)
        self._budget = budget

    @property
    def evaluations(self) -> int:
        """Points at which it was asked."""
        return self._function.evaluations

    @property
    def fault(self) -> tuple[str, Exception] | None:
        """Where it raised first, and what; None if it never did."""
        return self._function.fault

    def rows(self, points: Floats) -> Floats:
        """(P, size) its values at points (P, n).

        Raises Spent, before it asks, if the budget does not reach for all of them.
        """
        return self._ask(GivenPoints(points, lambda k: _place(points[k])))

    def many(self, points: Floats) -> Floats:
        """(P) values of a scalar function at points (P, n)."""
        return self.rows(points)[:, 0]

    def one(self, x: Floats) -> float:
        """The value of a scalar function at x (n)."""
        return float(self.many(x[None])[0])

    def moved(self, x: Floats, h: Floats, which: Ints) -> Floats:
        """(E) values of a scalar function where entries (E) of x are moved by h (n)."""
        return self._ask(_Moved(x, which, h[which]))[:, 0]

    def both(self, x: Floats, h: Floats, which: Ints) -> Floats:
        """(2, E) the same to either side: moved by h, moved by -h."""
        by = np.concatenate([h[which], -h[which]])
        return self._ask(_Moved(x, np.tile(which, 2), by)).reshape(2, -1)

    def _ask(self, points: Points) -> Floats:
        if self.evaluations + points.count > self._budget:
            raise Spent
        found = self._function.values(points)
        return np.where(np.isfinite(found), found, np.inf)
