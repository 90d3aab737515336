"""Gaps between the slopes on both sides of x, that close as h falls where f is smooth.

The gap of a row is h times the second difference quotient: f'' h where f is smooth, the
jump of the slope where it has a kink closer to x than h.

Every array is (R, C): rows from coarse to fine, C components; missing values are NaN.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.judge.rows import Rows

__all__ = ["unclosed_gap", "unresolved_gap"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]

GROWTH = 0.55
"""The second difference quotient grows as h**-q as h falls. q is 0 where f is smooth,
1 for a kink at x; beyond this q there is one. Of |x|**1.5, whose slopes on both sides
meet all the same, it is 0.5."""


def unclosed_gap(rows: Rows) -> Floats:
    """(R, C) gap on the next finer row that has values, beyond what f'' explains; or 0.

    f'' is the second quotient of the row itself. In units of f / t; 0 where both rows
    are alike.
    """
    R, C = rows.step.shape
    known = np.isfinite(rows.even)
    rows_above: Ints = np.arange(R, dtype=np.intp)[:, None]
    place = np.where(known, rows_above, R)
    finer = np.full((R, C), R)
    finer[:-1] = np.minimum.accumulate(place[:0:-1], axis=0)[::-1]
    some = known & (finer < R)
    finer = np.minimum(finer, R - 1)
    grown = np.take_along_axis(rows.even, finer, axis=0) - rows.even
    step = np.take_along_axis(rows.step, finer, axis=0)
    growth = (rows.step / step) ** GROWTH
    unlike = some & (np.abs(grown) > (growth - 1) * np.abs(rows.even))
    return np.where(unlike, np.abs(grown) * step, 0.0)


def unresolved_gap(rows: Rows, noise: Floats) -> Floats:
    """(C) gap that does not close with h as far as noise lets see, or 0.

    noise : (R, C) of f+ - 2 f(x) + f-, in units of f.
    Where f is smooth, the second quotient settles at f'' until noise covers it. If on
    the finest row on which it stands out it has grown by more than GROWTH allows, there
    is a kink closer to x. If besides no finer row would have shown one that is
    resolved, nobody knows on which side of x it lies: the slope may be that of either.
    """
    known = np.isfinite(rows.even)
    row: Ints = np.arange(len(rows.step), dtype=np.intp)[:, None]
    c: Ints = np.arange(rows.step.shape[1], dtype=np.intp)
    least = noise / rows.step
    gap = np.where(known, np.abs(rows.even) * rows.step, 0.0)
    clear = gap > least
    last = np.where(clear, row, 0).max(axis=0)
    before = np.where(known & (row < last), row, -1).max(axis=0)
    own, bend = gap[last, c], np.abs(rows.even)
    growth = (rows.step[before, c] / rows.step[last, c]) ** GROWTH
    grows = clear[last, c] & (before >= 0) & (bend[last, c] > growth * bend[before, c])
    resolved = (known & (row > last) & (own > 2 * least)).any(axis=0)
    return np.where(grows & ~resolved, own, 0.0)
