"""Derivatives where the two sides of x do not agree: edges of the domain, and kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.judge.rows import MUCH, Rows
from clinometer.ladder import Ladder

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

ROWS = 6
"""Rows of a one-sided table: fifth order, over a 1024-fold range of steps."""

GAIN = 2.1
"""Noise of an extrapolated one-sided quotient over sigma / h, at most: sqrt(2) for two
values, times the extrapolation's 4/3 * 16/15 * 64/63 * ..."""

FACTOR = 10.0
"""Multiples of that noise in the bar."""

PLAIN = 0.02
"""Bend of a jump over the difference of both sides, on every row: at least."""

ALIKE = 0.2
"""Spread of the powers of h in differences below which they follow one."""

ENDLESS = 0.08
"""Power of h in differences below which their sum counts as endless."""


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
    first = np.maximum(np.minimum(first, ladder.rows - ROWS), 0)
    return first + np.arange(ROWS)[:, None]


def one_sided(
    change: Floats, offset: Floats, rounding: Floats, *, derivative: int
) -> OneSided:
    """Derivative of order 1 or 2 from values on one side.

    change : (ROWS, C) f(x + offset) - f(x), NaN where f has no value.
    offset : (ROWS, C) all of one sign, about four times smaller from row to row.
    rounding : (C) rounding error of one value of f.

    Quotients are extrapolated in powers of h (Neville); the bar is the larger
    difference to both parents plus noise, which the last residual may raise.
    """
    table, bends = _neville(change / offset, offset)
    unit = GAIN / np.abs(offset)
    if derivative == 2:
        table, unit = bends, unit[1:] / np.abs(offset[1:])
        offset = offset[1:]
    first, second = table[-2]
    noise = FACTOR * np.fmax(rounding, np.abs(first - second) / unit[-1])
    slowness = _slowness(table[0], offset, rounding * unit)
    value = np.full(change.shape[1], np.nan)
    error, step = np.full_like(value, np.inf), np.full_like(value, np.nan)
    c = np.arange(len(value))
    for m in range(1, len(table)):
        now, last = table[m], table[m - 1]
        apart = np.maximum(np.abs(now - last[1:]), np.abs(now - last[:-1]))
        bars = slowness * apart + noise * unit[m:]
        bars = np.where(np.isfinite(bars), bars, np.inf)
        best = bars.argmin(axis=0)
        better = bars[best, c] < error
        value = np.where(better, now[best, c], value)
        step = np.where(better, np.abs(offset)[best + m, c], step)
        error = np.where(better, bars[best, c], error)
    return OneSided(value, error, step)


def _neville(quotient: Floats, offset: Floats) -> tuple[list[Floats], list[Floats]]:
    """Values at zero of polynomials through quotients, and twice their slopes there.

    Level m of the first rests on m + 1 rows, of the second on m + 2. As the quotient is
    f' + f'' h / 2 + ..., they are the first and second derivative of f.
    """
    table, bend = [quotient], np.zeros_like(quotient)
    bends: list[Floats] = []
    for m in range(1, len(quotient)):
        last, far, near = table[-1], offset[:-m], offset[m:]
        fall = (last[:-1] - last[1:]) / (far - near)
        bend = (far * bend[1:] - near * bend[:-1]) / (far - near) + 2 * fall
        bends.append(bend)
        table.append(last[1:] - near * fall)
    return table, bends


def _slowness(quotient: Floats, offset: Floats, noise: Floats) -> Floats:
    """(C) what is still to come after the last difference, over that; at least 1.

    Where f has a root in h, such as h**1.5, quotients approach their limit like h**p
    with p < 1, and no extrapolation helps: what is left of a difference of rows four
    times apart is 1 / (4**p - 1) of it. Infinite where p vanishes or is negative, as
    for sqrt(x) at 0: its slope grows without end. Under noise p differs from row to
    row, and differences within `noise` tell nothing.
    """
    place = np.log(np.abs(offset))
    apart = quotient[1:] - quotient[:-1]
    rise = apart / (place[1:] - place[:-1])
    middle = (place[1:] + place[:-1]) / 2
    power = (np.log(rise[1:] / rise[:-1]) / (middle[1:] - middle[:-1]))[-3:]
    least, most = power.min(axis=0), power.max(axis=0)
    regular = most - least < ALIKE  # not where one is NaN
    regular &= _all(np.abs(apart[-3:]) > MUCH * noise[-3:])
    tail = np.where(least > ENDLESS, 1 / (np.exp2(2 * least) - 1), np.inf)
    return np.where(regular, np.maximum(tail, 1.0), 1.0)


@final
@dataclass(frozen=True, eq=False)
class Kink:
    """What the bend of f at x tells, for each of C components.

    found : left and right slopes differ at x. There value is the mean of both and error
        half their difference, so that the bar holds every subgradient.
    sure : so many rows say so that noise cannot be what they show.
    cusp : the slopes are infinite there; no derivative exists.
    jump : the value at x is not that of its surroundings; no derivative exists.
    """

    found: Bools
    sure: Bools
    cusp: Bools
    jump: Bools
    value: Floats
    error: Floats
    step: Floats


def kink_of(rows: Rows, derivative: int) -> Kink:
    """Whether f changes less smoothly at x than h and h**2, on the finest rows.

    Where left and right slopes differ the bend falls like h: three rows that resolve it
    must say so, five if they might be noise (on coarser ones curvature shows too), and
    no finer one may miss it (then the kink is nearby). At a cusp, the bend or the
    difference of both sides falls like h**p with p < 1, at a jump not at all: the five
    finest rows of all must say so, beside the slope, for noise falls at random, but
    where f rounds to a grid the bend may be half a stair on all of them. A second
    derivative does not exist at a kink: its error is inf.
    """
    clear = np.abs(rows.bend) > MUCH * rows.floor
    finest = _finest(clear, 5)
    c: Ints = np.arange(clear.shape[1], dtype=np.intp)
    bend, step = np.where(clear, rows.bend, np.nan)[finest, c], rows.step[finest, c]
    straight = np.abs(_power(bend, step) - 1) < 0.2
    due = np.abs(bend[0]) * rows.step / step[0] > 2 * MUCH * rows.floor
    straight &= ~(due & ~clear & np.isfinite(rows.bend)).any(axis=0)
    cusp, jump = _broken(rows, rows.bend)
    pull = rows.odd * rows.step
    jump &= ~(np.abs(rows.bend) < PLAIN * np.abs(pull)).any(axis=0)
    cusps, jumps = _broken(rows, pull)
    value = rows.odd[finest[0], c]
    error = np.abs(bend[0]) / step[0] + np.abs(value - rows.odd[finest[1], c])
    error = error + MUCH * rows.floor[finest[0], c] / step[0]
    if derivative == 2:
        value, error = np.full_like(value, np.nan), np.full_like(error, np.inf)
    return Kink(
        found=_all(straight[:2]),
        sure=_all(straight),
        cusp=cusp | cusps,
        jump=jump | jumps,
        value=value,
        error=error,
        step=step[0],
    )


def _finest(usable: Bools, count: int) -> Ints:
    """(count, C) numbers of the finest usable rows, the finest first."""
    order = np.argsort(~usable[::-1], axis=0, kind="stable")[:count]
    return len(usable) - 1 - order


def _power(change: Floats, step: Floats) -> Floats:
    """(R - 1, C) powers of h like which a change falls; NaN where its sign changes."""
    return np.log2(change[1:] / change[:-1]) / np.log2(step[1:] / step[:-1])


def _broken(rows: Rows, change: Floats) -> tuple[Bools, Bools]:
    """(C) whether a change of f falls like that at a cusp, and that at a jump."""
    finest = _finest(np.isfinite(change), 5)
    c: Ints = np.arange(change.shape[1], dtype=np.intp)
    clear = np.abs(change) > MUCH * rows.floor
    power = _power(np.where(clear, change, np.nan)[finest, c], rows.step[finest, c])
    alike = _all(np.abs(power - power[0]) < 0.1)
    return alike & (np.abs(power[0] - 0.5) < 0.3), _all(np.abs(power) < 0.01)


def _all(rows: Bools) -> Bools:
    """(C) whether it holds on all rows."""
    return np.logical_and.reduce(rows, axis=0)
