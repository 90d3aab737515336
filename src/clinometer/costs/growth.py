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
        """Multiplications for n entries, straight in logarithms between sizes."""
        line: Floats = np.interp(
            np.log([n]), np.log(self.n.astype(np.float64)), np.log(self.times[way])
        )
        return float(np.exp(line[0]))

    def break_even(self, way: Way, workers: int = 1) -> float:
        """Entries at which a way costs as much as backprop, on so many workers.

        Between the sizes seen the lines of cost over n are straight in logarithms. They
        go on below the smallest size, where forward differences take n + 1. Returns
        NaN where they do not meet, or one of the two was not counted.
        """
        if way is Way.BACKPROP or not {way, Way.BACKPROP} <= self.times.keys():
            return float("nan")
        gap = np.log(self.times[way] / workers / self.times[Way.BACKPROP])
        at = np.log(self.n.astype(np.float64))
        crossed = np.flatnonzero(gap[:-1] * gap[1:] <= 0)
        k = int(crossed[0]) if crossed.size else 0
        slope = (gap[k + 1] - gap[k]) / (at[k + 1] - at[k])
        if not slope:
            return float("nan")
        met = at[k] - gap[k] / slope
        return float(np.exp(met)) if crossed.size or 0 <= met < at[0] else float("nan")


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
