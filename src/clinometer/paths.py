"""Plans of points, and lines through x, whether they are held as arrays or not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["GivenPoints", "Leafwise", "OnePoint", "Paths", "Points"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class Points(Protocol):
    """A plan: points to be made a chunk at a time."""

    @property
    def count(self) -> int:
        """How many points."""
        ...

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""
        ...

    def describe(self, point: int) -> str:
        """Where a point lies, in words for an error message."""
        ...


class Leafwise(ABC):
    """A plan whose points are made leaf by leaf, where all of x at once is too much."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many points."""

    @abstractmethod
    def leaf(self, point: int, k: int) -> Floats:
        """(E) the entries of leaf k at a point, a new array."""

    @abstractmethod
    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""

    @abstractmethod
    def describe(self, point: int) -> str:
        """Where a point lies, in words for an error message."""


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


@final
class OnePoint:
    """One point of a plan, as a plan."""

    count = 1

    def __init__(self, points: Points, point: int) -> None:
        self._points = points
        self._point = point

    def rows(self, start: int, stop: int) -> Floats:
        """The point, whatever the range."""
        del start, stop
        return self._points.rows(self._point, self._point + 1)

    def describe(self, point: int) -> str:
        """Where the point lies."""
        del point
        return self._points.describe(self._point)


@final
class GivenPoints:
    """Points that are held as rows."""

    def __init__(self, rows: Floats, words: Callable[[int], str]) -> None:
        """Take up the rows (P, n), and what to call each of them in a message."""
        self._rows, self._words = rows, words

    @property
    def count(self) -> int:
        """How many points."""
        return len(self._rows)

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""
        return self._rows[start:stop].copy()

    def describe(self, point: int) -> str:
        """Where a point lies."""
        return self._words(point)
