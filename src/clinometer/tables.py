"""Values on a ladder of steps, combined: difference quotients and their residuals.

The values of f at x + h and x - h, for rows of steps h, give two sequences:

    odd   D(h) = (f+ - f-) / 2h          = f' + f''' h**2 / 6 + ...
    even  E(h) = (f+ + f-) / 2 - f(x)    = f'' h**2 / 2 + f'''' h**4 / 24 + ...

Both are extrapolated to h = 0 (Neville's table in h**2). One of them is the derivative
asked for. The other costs no evaluation and is a second witness: kinks, spikes,
aliasing and noise show there even where the first looks converged.

Every array is (rows, C): rows from coarse to fine, C components. Sources: Lyness &
Moler 1966, Ridders 1982 (extrapolation and its error), More & Wild 2011 (noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.ladder import RATIO

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BASES = tuple(RATIO ** (2 * m) for m in range(1, 4))
"""Error ratios of neighbouring rows: orders two, four and six of h."""

MUCH = 10.0
"""Factor by which a residual must exceed the rounding floor to be called noise."""

DECAY = 4.0
"""Factor that the residuals must gain from level to level where f is smooth."""


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """What was seen on the rows of a ladder, for C components.

    step : (R, C) half the distance of the two points, in units of t.
    odd : (R, C) D, the central difference quotient.
    even : (R, C) E, the mean of both sides less the value at x.
    size : (R, C) largest value of f at x and on the row.
    floor : (R, C) rounding error that one value of f has at least.
    flat : (R, C) whether both values equal that at x.
    """

    step: Floats
    odd: Floats
    even: Floats
    size: Floats
    floor: Floats
    flat: Bools


def rows_of(
    above: Floats,
    below: Floats,
    here: Floats,
    *,
    offsets: tuple[Floats, Floats],
    roundoff: float,
) -> Rows:
    """Difference quotients from values.

    above, below : (R, C) f at x + offset and at x - offset, NaN where there is none.
    here : (C) f(x).
    offsets : two of (R, C), the t really taken to either side; the second negative.
    roundoff : unit roundoff of f's values.
    """
    up, down = offsets
    width = up - down
    odd = (above - below) / width
    rise, fall = above - here, below - here
    even = (rise + fall) / 2
    skew = up + down
    if skew.any():
        even = even - odd * (skew / 2)
    size = np.fmax(np.fmax(np.abs(above), np.abs(below)), np.abs(here))
    floor = (2 * roundoff) * size
    grid = granularity(above, below, here)
    if grid.any():
        floor = np.maximum(floor, grid / 2)
    return Rows(width / 2, odd, even, size, floor, (rise == 0) & (fall == 0))


def granularity(above: Floats, below: Floats, here: Floats) -> Floats:
    """(C) the largest power of two that divides all values of a component.

    Results of float32 arithmetic, or of a cancellation such as 1 - cos(x), round on a
    grid far coarser than their own spacing. Zero where fewer than six different values
    were seen, too few to tell.
    """
    values = np.concatenate([above, below, here[None]])
    values[~np.isfinite(values)] = 0.0
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**53).astype(np.int64)
    lowest = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    lowest[values == 0] = np.inf
    grid = lowest.min(axis=0)
    spacing = np.ldexp(1.0, exponent.max(axis=0) - 53)
    coarse = grid > 4 * spacing
    if coarse.any():
        ordered = np.sort(values[:, coarse], axis=0)
        different = np.count_nonzero(ordered[1:] != ordered[:-1], axis=0) + 1
        grid[coarse] = np.where(different >= 6, grid[coarse], 0.0)
    return np.where(coarse, grid, 0.0)


def extrapolate(rows: Floats, levels: int) -> list[Floats]:
    """Neville's table: level m, of (R - m, C), has lost m orders of h**2."""
    table = [rows]
    for base in BASES[:levels]:
        last = table[-1]
        table.append(last[1:] + (last[1:] - last[:-1]) / (base - 1))
    return table


@final
@dataclass(frozen=True, eq=False)
class Residuals:
    """What four neighbouring rows say of smoothness and noise; a window is four rows.

    odd, even : extrapolation tables of D and of E / h**2.
    sigma : (W, C) noise of one value that would explain the last residuals; NaN where
        a row is missing.
    coherent : (W, C) the residuals of both tables decay as those of a smooth function
        do, or lie at the rounding floor.
    """

    odd: list[Floats]
    even: list[Floats]
    sigma: Floats
    coherent: Bools


def residuals(rows: Rows, levels: int) -> Residuals:
    """Residuals of all windows. Each table needs two levels; `levels` are made."""
    odd = extrapolate(rows.odd, levels)
    even = extrapolate(rows.even / np.square(rows.step), levels)
    finest, floor = rows.step[3:], rows.floor[3:]
    # noise of one value, std s, makes these residuals about s / 1.3 h and 1.3 s / h**2
    noise_odd, decay_odd = _decay(odd)
    noise_odd = noise_odd * (1.3 * finest)
    noise_even, decay_even = _decay(even)
    noise_even = noise_even * (np.square(finest) / 1.3)
    rounding = MUCH * floor
    coherent = (decay_odd | (noise_odd <= rounding)) & (
        decay_even | (noise_even <= rounding)
    )
    return Residuals(odd, even, np.hypot(noise_odd, noise_even) * 0.7, coherent)


def _decay(table: list[Floats]) -> tuple[Floats, Bools]:
    """Last residual of each window, and whether residuals shrink from level to level."""
    zero, one, two = (np.abs(level[1:] - level[:-1]) for level in table[:3])
    return two, (DECAY * two <= one[1:]) & (DECAY * one[1:] <= zero[2:])
