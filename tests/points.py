"""Points handed to f in the tests of what f gets and does."""

from dataclasses import dataclass

import numpy as np

from clinometer.ladder import coordinates, scales
from clinometer.trees import Layout

X = np.array([1.0, 2.0, 4.0])


@dataclass
class Plan:
    """A plan of points that stand in a matrix."""

    points: object

    @property
    def count(self):
        """How many."""
        return len(self.points)

    def rows(self, start, stop):
        """Those of a range."""
        return self.points[start:stop].copy()

    def describe(self, point):
        """A name for each."""
        return f"point {point}"


def around(x, count=7):
    """A plan of x (n) and points near it that eight bits hold as well."""
    shift = np.arange(count)[:, None] / 8 * np.arange(1, len(x) + 1)
    return Plan(np.array(x) + shift)


def squares(x):
    """Half the sum of squares of one point (n,)."""
    return (x * x).sum() / 2


def rows_of_squares(x):
    """The same of a batch (P, n), summed in the same order."""
    return (x * x).sum(1) / 2


def lines_of(x, scale=None, *, dtype=np.float64):
    """One line along every entry of an array."""
    layout = Layout.of(np.asarray(x, dtype))
    return coordinates(
        layout, layout.vector(), scales(layout, layout.vector(), scale), free=False
    )
