"""From the tables of a ladder to the best answer, its error bar, and what to try next.

Every array is (rows, C): rows from coarse to fine, C components. Sources: Ridders 1982
(the bar as a difference in the table; ours takes both parents), More & Wild 2011
(noise from differences).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.ladder import Ladder
from clinometer.tables import MUCH, Residuals, Rows, residuals

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@final
@dataclass(frozen=True, eq=False)
class Candidates:
    """Every entry of the table of the derivative asked for, as a possible answer.

    value, truncation, rounding : (4 R, C), level by level; missing ones are inf. Their
        bar is truncation + rounding.
    """

    value: Floats
    truncation: Floats
    rounding: Floats


def candidates(
    rows: Rows, found: Residuals, noise: Floats, derivative: int
) -> Candidates:
    """The answers a table offers; noise (R, C) is K * sigma of one value at each row.

    Truncation is the larger difference to *both* parents in the table: Ridders' single
    parent agrees by accident too often under noise.
    """
    table = found.odd if derivative == 1 else [2 * level for level in found.even]
    R, C = rows.step.shape
    value, truncation, rounding = np.full((3, len(table), R, C), np.inf)
    # central stencils extrapolated to any level amplify noise by at most these factors
    if derivative == 1:
        amplified = 0.8 * noise / rows.step
    else:
        amplified = 2.7 * noise / np.square(rows.step)
    for m, level in enumerate(table):
        kept = R - m
        value[m, :kept] = level
        rounding[m, :kept] = amplified[m:]
        if m:
            last = table[m - 1]
            truncation[m, :kept] = np.maximum(
                np.abs(level - last[1:]), np.abs(level - last[:-1])
            )
    flat = (len(table) * R, C)
    return Candidates(value.reshape(flat), truncation.reshape(flat), rounding.reshape(flat))


DOUBT = 2.0
"""Factor on truncation where f is not smooth: differences may be small by accident."""

WIDTH = 2.0**10
"""Typical size of x over the finest step tried first."""

VANISHING = 1e-3
"""Share of its typical change over one |x| below which a derivative counts as zero."""


def tolerance(
    rtol: float, value: Floats, rows: Rows, last: int, derivative: int
) -> Floats:
    """(C) bar at which a component is left alone.

    rtol * |value|; where the value vanishes, rtol of the change that the neighbouring
    derivative makes over the width of the ladder. It is read off row `last`, the finest
    tried first: coarser rows may lie in another regime altogether.
    """
    width = rows.step[last] * WIDTH
    if derivative == 1:
        change = 2 * np.abs(rows.even[last]) / np.square(rows.step[last]) * width
    else:
        change = np.abs(rows.odd[last]) / width
    return rtol * np.fmax(np.abs(value), VANISHING * change)


@final
@dataclass(frozen=True, eq=False)
class Judgement:
    """The best answer for each component, and what limits it.

    value, error : (C); error is inf where nothing can be said.
    truncation, rounding : (C) the two parts of the error.
    level, row : (C) its place in the table: level m uses rows row ... row + m.
    step : (C) finest step it uses, in units of t.
    noisy : (C) the residuals are noise: as large at tiny steps as at large ones.
    dark : (C) no window is smooth; the bar comes from the two sides alone, if at all.
    rough : (C) the finest full window is not coherent, or there is none.
    limit : (C) residuals stand above the rounding floor.
    finest : (C) first row of the finest full window.
    spread : (C) noise of one value that the finest full window would explain.
    """

    value: Floats
    error: Floats
    truncation: Floats
    rounding: Floats
    level: Ints
    row: Ints
    step: Floats
    noisy: Bools
    dark: Bools
    rough: Bools
    limit: Bools
    finest: Ints
    spread: Floats


def settle(rows: Rows, derivative: int) -> Judgement:
    """Judgement from one window, the rows tried first (R = 4)."""
    found = residuals(rows, 3)
    floor, sigma = rows.floor[3], found.sigma[0]
    limit = ~(sigma <= MUCH * floor)
    rough = ~found.coherent[0]
    noise = np.where(limit, 8.0, 6.0) * np.fmax(sigma, rows.floor)
    options = candidates(rows, found, noise, derivative)
    bar = options.truncation + options.rounding
    bar[:, rough & limit] = np.inf
    zero = np.zeros(rows.odd.shape[1], np.intp)
    return _best(rows, options, bar, noisy=zero > 0, rough=rough, limit=limit,
                 dark=rough & limit, finest=zero, spread=sigma)


def _best(rows: Rows, options: Candidates, bar: Floats, **about: NDArray) -> Judgement:
    bar = np.where(np.isfinite(bar), bar, np.inf)
    j = bar.argmin(axis=0)
    c = np.arange(len(j))
    level, row = np.divmod(j, len(rows.step))
    error = bar[j, c]
    value = np.where(np.isfinite(error), options.value[j, c], np.nan)
    step = rows.step[np.minimum(row + level, len(rows.step) - 1), c]
    return Judgement(value, error, options.truncation[j, c], options.rounding[j, c],
                     level, row, step, **about)


def weigh(rows: Rows, history: History, derivative: int) -> Judgement:
    """Judgement from all rows seen so far; missing rows are NaN."""
    found = residuals(rows, 3)
    R, C = rows.step.shape
    c = np.arange(C)
    full = ~np.isnan(found.sigma)
    some = full.any(axis=0)
    finest = np.where(some, len(full) - 1 - np.argmax(full[::-1], axis=0), 0)
    spread = np.where(some, found.sigma[finest, c], np.inf)
    coherent = some & found.coherent[finest, c]
    noise = _noise(rows, found, history)
    floor = np.where(np.isfinite(noise.floor), noise.floor, 0.0)
    # noise is taken for relative: it grows with f on the rows where f is larger
    grown = np.fmax(rows.floor / noise.floor, 1.0)
    sigma = np.fmax(rows.floor, noise.sigma * np.where(np.isfinite(grown), grown, 1.0))
    rounding = MUCH * rows.floor[3:]
    smooth = np.where(
        history.probed,
        found.sigma <= 100 * np.fmax(noise.least, rows.floor[3:]),
        found.coherent | (found.sigma <= rounding),
    )
    good = full & np.where(noise.real, found.sigma <= 4 * sigma[3:], smooth)
    options = candidates(rows, found, noise.factor * sigma, derivative)
    _compare_with_finer(rows, options, derivative)
    doubt = np.where(history.probed, DOUBT, 1.0)
    bar = doubt * options.truncation + options.rounding
    spoiled = bar.copy()
    spoiled[_spoiled(full, good)] = np.inf
    dark = ~np.isfinite(spoiled).any(axis=0)
    bar = np.where(dark, _by_sides(rows, bar, derivative), spoiled)
    return _best(rows, options, bar, noisy=noise.real, rough=~coherent,
                 limit=spread > MUCH * floor, dark=dark, finest=finest,
                 spread=spread)


@final
@dataclass(frozen=True, eq=False)
class History:
    """What happened to the components before their rows are weighed; it is updated.

    ladder : the rows there are.
    probed : (C) whether the tiny steps were tried.
    before : (C) the spread that made us try them.
    """

    ladder: Ladder
    probed: Bools
    before: Floats

    @classmethod
    def of(cls, ladder: Ladder, count: int) -> History:
        """The history of components that nothing has happened to."""
        return cls(ladder, np.zeros(count, np.bool_), np.zeros(count))

    def of_some(self, part: Ints) -> History:
        """A copy, of some of the components."""
        return History(self.ladder, self.probed[part], self.before[part])

    def next_rows(self, part: Ints, judged: Judgement) -> Ints:
        """(3, C') rows to try next on some components, -1 for none.

        Truncation asks for finer rows, noise for coarser ones, and what is incoherent
        for tiny steps, once; who is sent there is remembered.
        """
        k, m, dark = judged.row, judged.level, judged.dark
        alone = m == 0
        finer = ~judged.noisy & judged.limit & (judged.finest + 3 <= k + m)
        finer = ~alone & (finer | (judged.truncation > judged.rounding))
        rows = np.stack(
            [
                np.where(finer, k + m + 1, k - 1),
                np.where(finer, k + m + 2, k - 2),
                np.where(alone, k + 1, -1),
            ]
        )
        rows[:, dark] = -1
        if self.ladder.probe:
            probe = ~self.probed[part] & (dark | (judged.limit & judged.rough))
            rows = np.where(probe, np.array(self.ladder.probe)[:, None], rows)
            self.before[part] = np.where(probe, judged.spread, self.before[part])
            self.probed[part] |= probe
        return rows


@final
@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of one value of f, in units of f.

    sigma : (C) its standard deviation; the least residual where it was not measured.
    factor : (C) multiples of sigma in the bar.
    least : (C) least noise that any window or the tiny steps would explain.
    floor : (C) rounding floor at the finest of the rows tried first.
    real : (C) whether it is noise: no smaller at tiny steps than on the ladder.
    """

    sigma: Floats
    factor: Floats
    least: Floats
    floor: Floats
    real: Bools


def _noise(rows: Rows, found: Residuals, history: History) -> Noise:
    """Noise measured at tiny steps, where f itself no longer moves, and from residuals."""
    floor = rows.floor[history.ladder.start[-1]]
    tiny = np.isfinite(rows.even) & ~rows.flat
    tiny[: history.ladder.tiny] = False
    from_finest = np.cumsum(tiny[::-1], axis=0)[::-1]
    # E has variance 1.5 sigma**2: the two finest tell sigma**2 as their sum over three
    pairs = np.where(tiny & (from_finest <= 2), np.square(rows.even), 0.0)
    at_tiny = np.sqrt(pairs.sum(axis=0) / 3)
    enough = tiny.sum(axis=0) >= 2
    seen = np.where(history.probed & enough, at_tiny, np.inf)
    windows = np.where(np.isnan(found.sigma), np.inf, found.sigma).min(axis=0)
    least = np.minimum(windows, seen)
    real = history.probed & (least > MUCH * floor)
    real &= (seen > history.before / 100) | ~enough
    pooled = _pool(rows, tiny, at_tiny)
    known = np.where(np.isfinite(least), least, 0.0)
    sigma = np.where(real & np.isfinite(pooled), pooled, known)
    factor = np.where(real, 10.0, np.where(sigma > MUCH * floor, 8.0, 6.0))
    return Noise(sigma, factor, least, floor, real)


def _pool(rows: Rows, tiny: Bools, at_tiny: Floats) -> Floats:
    """(C) sigma from odd and even parts of all tiny pairs that agree with the finest."""
    half = rows.odd * rows.step
    odd, even = 2 * np.square(half), np.square(rows.even) / 1.5
    use_even = tiny & (even <= 25 * np.square(at_tiny))
    use_odd = tiny & (odd <= 9 * np.square(at_tiny))
    count = use_even.sum(axis=0) + use_odd.sum(axis=0)
    total = np.where(use_even, even, 0.0) + np.where(use_odd, odd, 0.0)
    pooled = np.sqrt(total.sum(axis=0) / np.maximum(count, 1))
    return np.where(count >= 2, pooled, np.nan)


def _compare_with_finer(rows: Rows, options: Candidates, derivative: int) -> None:
    """Give the entries of level 0 the difference to the next finer one as truncation."""
    R = len(rows.step)
    first = options.value[:R]
    finer = np.full_like(first, np.nan)
    last = np.full(first.shape[1], np.nan)
    for row in range(R - 1, -1, -1):
        finer[row] = last
        last = np.where(np.isfinite(first[row]), first[row], last)
    options.truncation[:R] = np.abs(first - finer)


def _by_sides(rows: Rows, bar: Floats, derivative: int) -> Floats:
    """Bars where nothing extrapolates: level 0, with half the gap of both sides' slopes.

    The derivative of a function that is not smooth on the scale of h still lies within
    |E| / h of D, if it exists and the slopes of the two sides are monotone.
    """
    R = len(rows.step)
    sides = np.full_like(bar, np.inf)
    if derivative == 1:
        sides[:R] = bar[:R] + np.abs(rows.even) / rows.step
    return sides


def _spoiled(full: Bools, good: Bools) -> Bools:
    """(4 R, C) entries whose rows lie in full windows, but in no good one."""
    W, C = full.shape
    R = W + 3
    spoiled = np.zeros((4, R, C), np.bool_)
    for m in range(4):
        inside, sound = np.zeros((2, R - m, C), np.bool_)
        for shift in range(m - 3, 1):
            low, high = max(0, -shift), min(R - m, W - shift)
            inside[low:high] |= full[low + shift : high + shift]
            sound[low:high] |= good[low + shift : high + shift]
        spoiled[m, : R - m] = inside & ~sound
    return spoiled.reshape(4 * R, C)
