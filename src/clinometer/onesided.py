"""Derivatives where the two sides of x do not agree: edges of the domain, and kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.ladder import RATIO, Ladder
from clinometer.tables import MUCH, Rows

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

ROWS = 6
"""Rows of a one-sided table: fifth order, over a 1024-fold range of steps."""


@final
@dataclass(frozen=True, eq=False)
class OneSided:
    """value, error, step : (C) a derivative from one side; error is inf if unknown."""

    value: Floats
    error: Floats
    step: Floats


def one_sided_rows(ladder: Ladder, finite: Bools) -> Ints:
    """(ROWS, L) consecutive rows to use on the side where f has values.

    finite : (R, L) whether f has a value at that row on that side. The first row is the
    coarsest of those tried first that has one, so that narrow domains are respected.
    """
    rows = np.arange(ladder.rows)[:, None]
    usable = finite & (rows >= ladder.start[0])
    first = np.where(usable.any(axis=0), usable.argmax(axis=0), ladder.start[0])
    first = np.minimum(first, ladder.rows - ROWS)
    return first + np.arange(ROWS)[:, None]


def one_sided(
    change: Floats, offset: Floats, rounding: Floats, derivative: int
) -> OneSided:
    """Derivative of order 1 or 2 from values on one side.

    change : (R, C) f(x + offset) - f(x), NaN where not evaluated.
    offset : (R, C) all of one sign, four times smaller from row to row.
    rounding : (C) rounding error of one value of f.

    Quotients are extrapolated in powers of h (Neville); the bar is the larger
    difference to both parents plus ten times the noise in the entry.
    """
    quotient, reach = change / offset, np.abs(offset)
    gain = 2.1 * np.ones_like(offset)
    if derivative == 2:
        quotient = 2 * (quotient[:-1] - quotient[1:]) / (offset[:-1] - offset[1:])
        reach = reach[1:]
        gain = 2.1 / reach
    value = np.full(change.shape[1], np.nan)
    error, step = np.full_like(value, np.inf), np.full_like(value, np.nan)
    table, base = quotient, 1.0
    noise = rounding
    for m in range(1, ROWS):
        base *= RATIO
        last, table = table, table[1:] + (table[1:] - table[:-1]) / (base - 1)
        apart = np.maximum(np.abs(table - last[1:]), np.abs(table - last[:-1]))
        if m == ROWS - 2 - (derivative == 2):  # the last residual there is bounds noise
            noise = np.fmax(noise, np.abs(table[-1] - table[-2]) * (reach / gain)[-1] / 2)
        bars = apart + 10 * noise * gain[m:][: len(apart)] / reach[m:]
        bars = np.where(np.isfinite(bars), bars, np.inf)
        best, c = bars.argmin(axis=0), np.arange(len(value))
        better = bars[best, c] < error
        value = np.where(better, table[best, c], value)
        step = np.where(better, reach[best + m, c], step)
        error = np.where(better, bars[best, c], error)
    return OneSided(value, error, step)


@final
@dataclass(frozen=True, eq=False)
class Kink:
    """found : (C) whether left and right slopes differ at x; value, error, step there.

    value is the mean of both slopes and error half their difference, so that the bar
    holds every subgradient.
    """

    found: Bools
    value: Floats
    error: Floats
    step: Floats


def kink_of(rows: Rows, derivative: int) -> Kink:
    """Whether E falls like h, not like h**2, on the three finest rows that resolve it."""
    clear = np.abs(rows.even) > MUCH * rows.floor
    order = np.argsort(~clear[::-1], axis=0, kind="stable")[:3]
    three = len(clear) - 1 - order
    c = np.arange(clear.shape[1])
    even, step = rows.even[three, c], rows.step[three, c]
    power = np.log2(np.abs(even[1:] / even[:-1])) / np.log2(step[1:] / step[:-1])
    found = clear[three, c].all(axis=0) & (np.abs(power - 1) < 0.2).all(axis=0)
    found &= (np.sign(even) == np.sign(even[0])).all(axis=0)
    gap = np.abs(even[0]) / step[0]
    value = rows.odd[three[0], c]
    error = gap + np.abs(value - rows.odd[three[1], c])
    error += MUCH * rows.floor[three[0], c] / step[0]
    if derivative == 2:
        value, error = np.full_like(value, np.nan), np.full_like(error, np.inf)
    return Kink(found, value, error, step[0])
