"""How the cost of every way grows with the number of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.costs.report import CostReport, Way
from clinometer.errors import InputError

__all__ = ["Growth", "growth"]

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Growth:
    """Multiplications of every way, over a family of functions.

    n : (S) entries of x, growing.
    times : by way, (S) multiplications in units of those of one evaluation of f; NaN
        where a way is not open, or not counted.
    """

    n: NDArray[np.intp]
    times: dict[Way, Floats]

    def times_at(self, way: Way, n: float) -> float:
        """Multiplications for n entries, straight between sizes, level beyond them."""
        line: Floats = np.interp([n], self.n.astype(np.float64), self.times[way])
        return float(line[0])

    def break_even(self, way: Way, workers: int = 1) -> float:
        """Entries at which a way costs as much as backprop, on so many workers.

        Lines of cost over n are straight between the sizes seen, and go on below the
        smallest, as those of all differences do. Returns NaN where they do not meet
        at n = 1 or above, or where one of the two was not counted.
        """
        if way is Way.BACKPROP or not {way, Way.BACKPROP} <= self.times.keys():
            return float("nan")
        n = self.n.astype(np.float64)
        gap = self.times[way] / workers - self.times[Way.BACKPROP]
        crossed = np.flatnonzero(gap[:-1] * gap[1:] <= 0)
        k = int(crossed[0]) if crossed.size else 0
        if gap[k + 1] == gap[k]:
            return float("nan")
        met = float(n[k] - gap[k] * (n[k + 1] - n[k]) / (gap[k + 1] - gap[k]))
        return met if crossed.size or 1 <= met < n[0] else float("nan")


def growth(reports: Sequence[CostReport]) -> Growth:
    """The growth over reports on functions of one family.

    reports : two or more, of different n.
    Raises InputError where they are fewer, or share an n.
    """
    ordered = sorted(reports, key=lambda report: report.n)
    n = np.array([report.n for report in ordered], np.intp)
    if len(n) < 2 or not (np.diff(n) > 0).all():
        raise InputError(
            f"growth needs reports of two or more different n, got {n.tolist()}"
        )
    every = [way for way in Way if any(report.row(way) for report in ordered)]
    times = {way: np.array([_times(each, way) for each in ordered]) for way in every}
    return Growth(
        n, {way: line for way, line in times.items() if not np.isnan(line).all()}
    )


def _times(report: CostReport, way: Way) -> float:
    row = report.row(way)
    found = None if row is None else report.times_f(row)
    return float("nan") if found is None else found
