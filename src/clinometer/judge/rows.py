"""Values on a ladder of steps, combined: difference quotients and their residuals.

The values of f at x + h and x - h, for rows of steps h, give two sequences:

    odd   (f+ - f-) / 2h             = f' + f''' h**2 / 6 + ...
    even  (f+ - 2 f(x) + f-) / h**2  = f'' + f'''' h**2 / 12 + ...

Both are extrapolated to h = 0 (Neville's table in h**2). One of them is the derivative
asked for. The other costs no evaluation and is a second witness: kinks, spikes,
aliasing and noise show there even where the first looks converged.

Every array is (R, C): rows from coarse to fine, C components; missing values are NaN.
Sources: Lyness & Moler 1966, Ridders 1982 (extrapolation and its residuals).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.stencil import central

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

ODD = central(derivative=1)
EVEN = central(derivative=2)

LEVELS = 3
"""Levels of a table: four rows give eighth order."""

MUCH = 10.0
"""Factor by which a residual must exceed the rounding floor to be called noise."""

DECAY = 4.0
"""Factor that residuals must gain from level to level where f is smooth."""


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """What was seen on the rows of a ladder, for C components.

    step : (R, C) half the distance of the two points, in units of t.
    odd : (R, C) first difference quotient, in units of f / t.
    even : (R, C) second difference quotient, in units of f / t**2.
    size : (R, C) largest value of f at x and on the row, in units of f.
    floor : (R, C) rounding error that one value of f has at least, in units of f.
    flat : (R, C) whether both values equal that at x.
    """

    step: Floats
    odd: Floats
    even: Floats
    size: Floats
    floor: Floats
    flat: Bools

    @property
    def bend(self) -> Floats:
        """(R, C) mean of the values on both sides less that at x, in units of f."""
        return self.even * np.square(self.step) / 2

    def of(self, derivative: int) -> Floats:
        """The quotients that measure the derivative of that order, 1 or 2."""
        return self.odd if derivative == 1 else self.even


def rows_of(values: Floats, offsets: Floats, roundoff: float) -> Rows:
    """Difference quotients from values.

    values : (3, R, C) f below x, at x and above it; NaN where there is none.
    offsets : (2, R, C) the t really taken, below and above; rounding can make the two
        differ in size, which is mended to first order.
    roundoff : unit roundoff of f's values.
    """
    below, here, above = values
    step = (offsets[1] - offsets[0]) / 2
    # by unit steps: h has been checked, and is not to be checked anew for each table
    odd = ODD.combine(values[::2], 1.0) / step
    even = EVEN.combine(values, 1.0) / step / step
    skew = offsets[1] + offsets[0]
    if skew.any():
        even = even - odd * skew / np.square(step)
    size = np.fmax.reduce(np.abs(values), axis=0)
    floor = (2 * roundoff) * size
    grid = granularity(values)
    if grid.any():
        floor = np.maximum(floor, grid / 2)
    return Rows(step, odd, even, size, floor, (below == here) & (above == here))


def granularity(values: Floats) -> Floats:
    """(C) the largest power of two that divides all values of a component (3, R, C).

    Results of float32 arithmetic, or of a cancellation such as 1 - cos(x), round on a
    grid far coarser than their own spacing. Zero where the grid is no coarser than
    that, or where fewer than six different values were seen, too few to tell.
    """
    last_bits: NDArray[np.int64] = values.view(np.int64) & 3
    if last_bits.any(axis=(0, 1)).all():  # a value that uses them lies on no grid
        return np.zeros_like(values[0, 0])
    flat = np.where(np.isfinite(values), values, 0.0).reshape(-1, values.shape[-1])
    mantissa, exponent = np.frexp(flat)
    whole = (mantissa * 2.0**53).astype(np.int64)
    lowest = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    lowest[flat == 0] = np.inf
    grid = lowest.min(axis=0)
    spacing = np.spacing(np.abs(flat).max(axis=0))
    coarse = grid > 4 * spacing
    if coarse.any():
        ordered = np.sort(flat[:, coarse], axis=0)
        different = np.count_nonzero(ordered[1:] != ordered[:-1], axis=0) + 1
        coarse[coarse] = different >= 6
    return np.where(coarse, grid, 0.0)


def extrapolate(power: Floats, *quotients: Floats) -> list[list[Floats]]:
    """Neville's tables, one of each (R, C) quotients: level m, of (R - m, C), is what a
    polynomial of degree m in `power` through m + 1 rows has at zero.

    power : (R, C) the power of h in which truncation is a series, h or h**2.
    """
    tables = [[own] for own in quotients]
    for m in range(1, min(LEVELS + 1, len(power))):
        fall = power[:-m] / power[m:] - 1
        for table in tables:
            last = table[-1]
            table.append(last[1:] + (last[1:] - last[:-1]) / fall)
    return tables


@final
@dataclass(frozen=True, eq=False)
class Residuals:
    """What four neighbouring rows say of smoothness and noise; a window is four rows.

    odd, even : extrapolation tables of both quotients.
    sigma : (W, C) noise of one value that would explain the last residuals; NaN where
        a row is missing.
    coherent : (W, C) the residuals of both tables decay as those of a smooth function
        do, or lie at the rounding floor.
    """

    odd: list[Floats]
    even: list[Floats]
    sigma: Floats
    coherent: Bools

    def of(self, derivative: int) -> list[Floats]:
        """The table of the derivative of that order, 1 or 2."""
        return self.odd if derivative == 1 else self.even


def residuals(rows: Rows) -> Residuals:
    """Both tables and the residuals of all windows; rows.step has at least four rows.

    Noise of standard deviation s in each value makes the last residual about s / 1.3 h
    in the odd table and 2.6 s / h**2 in the even one, most of it from the finest row.
    """
    odd, even = extrapolate(np.square(rows.step), rows.odd, rows.even)
    finest, rounding = rows.step[3:], MUCH * rows.floor[3:]
    last_odd, decays_odd = _decay(odd)
    last_even, decays_even = _decay(even)
    by_odd = last_odd * (1.3 * finest)
    by_even = last_even * (np.square(finest) / 2.6)
    coherent = (decays_odd | (by_odd <= rounding)) & (
        decays_even | (by_even <= rounding)
    )
    return Residuals(odd, even, np.hypot(by_odd, by_even) * 0.7, coherent)


def _decay(table: list[Floats]) -> tuple[Floats, Bools]:
    """Last residual of each window; whether residuals shrink from level to level."""
    zero, one, two = (np.abs(level[1:] - level[:-1]) for level in table[:3])
    return two, (DECAY * two <= one[1:]) & (DECAY * one[1:] <= zero[2:])
