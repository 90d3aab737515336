"""From the tables of a ladder to the best answer, its error bar, and what to try next.

Every entry of the extrapolation table is a possible answer. Its bar is the larger
difference to *both* parents in the table (Ridders 1982 took one, which agrees by
accident too often under noise), plus the noise in it. The narrowest bar wins, among the
entries that lie in a window of rows where f looked smooth.

Every array is (R, C) or (C), C components; missing values are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.judge.gaps import unclosed_gap, unresolved_gap
from clinometer.judge.noise import AT_RESIDUALS, AT_ROUNDING, History, noise_of
from clinometer.judge.rows import LEVELS, MUCH, Rows, residuals

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

GAIN = {1: 0.8, 2: 2.7}
"""Noise of an extrapolated quotient over sigma / h**derivative, at most: that of the
finest row, sqrt(1/2) or sqrt(6), times the extrapolation's 16/15 * 64/63 * ..."""

DOUBT = 2.0
"""Factor on truncation where f is not smooth: differences may be small by accident."""

REST = 1.12
"""Truncation of a plain quotient over its difference to the next, some three to five
times finer: 1 / (1 - 3**-2) at most."""

CLEAR = 4.0
"""Multiples of the noise beyond which two answers contradict each other."""

WIDTH = 2.0**10
"""Typical size of x over the finest step tried first."""

VANISHING = 1e-3
"""Share of its change over the width of a ladder below which a derivative is zero."""


@final
@dataclass(frozen=True, eq=False)
class Judgement:
    """The best answer for each component, and what limits it; all (C).

    value, error : the answer and its bar; error is inf where nothing can be said.
    truncation, rounding : the two parts of the bar.
    level, row : its place in the table; level m rests on rows row ... row + m.
    step : finest step it rests on, in units of t.
    noisy : the residuals are noise: as large at tiny steps as at large ones.
    dark : no window is smooth; the bar comes from the two sides alone, if at all.
    rough : the finest full window is not coherent, or there is none.
    limit : its residuals stand above the rounding floor.
    finest : first row of the finest full window; where none is full, of the one that
        could be completed with finer rows, or -1 if no row has values.
    spread : noise of one value that the finest full window would explain, inf if none.
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

    def of_some(self, components: Ints, first: int) -> Judgement:
        """Some of the components, with rows counted from `first` rows earlier."""
        some = Judgement(
            **{name: part[components] for name, part in vars(self).items()}
        )
        return replace(some, row=some.row + first, finest=some.finest + first)


@final
@dataclass(frozen=True, eq=False)
class _Options:
    """Value and both parts of the bar of all entries: (levels * R, C), by level."""

    value: Floats
    truncation: Floats
    rounding: Floats


@final
@dataclass(frozen=True, eq=False)
class _Best:
    """The option with the narrowest bar: value, error, both parts, and its place."""

    value: Floats
    error: Floats
    truncation: Floats
    rounding: Floats
    level: Ints
    row: Ints
    step: Floats


def settle(rows: Rows, derivative: int) -> Judgement:
    """Judgement from one window, the rows tried first (R = 4)."""
    found = residuals(rows)
    sigma = found.sigma[0]
    limit = ~(sigma <= MUCH * rows.floor[3])
    rough = ~found.coherent[0]
    dark = rough & limit
    factor = np.where(limit, AT_RESIDUALS, AT_ROUNDING)
    options = _options(rows, found.of(derivative), derivative)
    noise = options.rounding * _by_level(factor * np.fmax(sigma, rows.floor))
    bar = options.truncation + noise
    bar[:, dark] = np.inf
    best = _best(rows, options, noise, bar=bar)
    spread, finest = sigma, np.zeros(len(limit), np.intp)
    missing = np.isnan(sigma)
    if missing.any():
        spread = np.where(missing, np.inf, sigma)
        finest = np.where(missing, _incomplete(rows), 0)
    return Judgement(
        **vars(best),
        noisy=np.zeros(len(limit), np.bool_),
        dark=dark,
        rough=rough,
        limit=limit,
        finest=finest,
        spread=spread,
    )


def weigh(rows: Rows, history: History, derivative: int) -> Judgement:
    """Judgement from all rows seen so far."""
    found = residuals(rows)
    c: Ints = np.arange(rows.step.shape[1], dtype=np.intp)
    full = ~np.isnan(found.sigma)
    some = full.any(axis=0)
    finest = np.where(some, len(full) - 1 - np.argmax(full[::-1], axis=0), 0)
    spread = np.where(some, found.sigma[finest, c], np.inf)
    rough = ~(some & found.coherent[finest, c])
    noise = noise_of(rows, found, history)
    floor = rows.floor[3:]
    smooth = np.where(
        history.probed,
        found.sigma <= 100 * np.fmax(noise.least, floor),
        found.coherent | (found.sigma <= MUCH * floor),
    )
    smooth = np.where(noise.real, found.sigma <= 4 * noise.sigma[3:], smooth)
    options = _options(rows, found.of(derivative), derivative)
    _compare_with_finer(options, _by_level(CLEAR * noise.sigma) * options.rounding)
    if derivative == 1:
        _compare_sides(options, rows, CLEAR * GAIN[2] * noise.sigma)
    rounding = options.rounding * _by_level(noise.factor * noise.sigma)
    bar = np.where(history.probed, DOUBT, 1.0) * options.truncation + rounding
    sound = np.where(_spoiled(full, full & smooth), np.inf, bar)
    dark = ~np.logical_or.reduce(np.isfinite(sound), axis=0)
    best = _best(
        rows,
        options,
        rounding,
        bar=np.where(dark, _by_sides(rows, bar, derivative), sound),
    )
    return Judgement(
        **vars(best),
        noisy=noise.real,
        dark=dark,
        rough=rough,
        limit=spread > MUCH * noise.floor,
        finest=np.where(some, finest, _incomplete(rows)),
        spread=spread,
    )


def _incomplete(rows: Rows) -> Ints:
    """(C) first of the finest rows in sequence that have values; -1 if none has."""
    finite = np.isfinite(rows.odd)
    last = len(finite) - 1 - np.argmax(finite[::-1], axis=0)
    row = np.arange(len(finite))[:, None]
    gap = np.where(finite | (row > last), -1, row).max(axis=0)
    return np.where(finite.any(axis=0), gap + 1, -1)


def _options(rows: Rows, table: list[Floats], derivative: int) -> _Options:
    """All entries of a table; rounding is that of unit noise."""
    R, C = rows.step.shape
    value, truncation, rounding = np.full((3, LEVELS + 1, R, C), np.inf)
    unit = GAIN[derivative] / rows.step**derivative
    for m, level in enumerate(table):
        kept = R - m
        value[m, :kept] = level
        rounding[m, :kept] = unit[m:]
        if m:
            last = table[m - 1]
            apart = np.abs(level - last[1:]), np.abs(level - last[:-1])
            np.maximum(*apart, out=truncation[m, :kept])
    shape = ((LEVELS + 1) * R, C)
    return _Options(
        value.reshape(shape), truncation.reshape(shape), rounding.reshape(shape)
    )


def _by_level(noise: Floats) -> Floats:
    """(levels * R, C) noise of the finest row of every table entry, from (R, C)."""
    R = len(noise)
    row = np.minimum(np.arange(LEVELS + 1)[:, None] + np.arange(R), R - 1)
    return noise[row.ravel()]


def _best(rows: Rows, options: _Options, rounding: Floats, *, bar: Floats) -> _Best:
    """The entry with the narrowest bar, of each component."""
    bar = np.where(np.isfinite(bar), bar, np.inf)
    best: Ints = bar.argmin(axis=0)
    c: Ints = np.arange(bar.shape[1], dtype=np.intp)
    error = bar[best, c]
    level, row = np.divmod(best, len(rows.step))
    return _Best(
        np.where(np.isfinite(error), options.value[best, c], np.nan),
        error,
        options.truncation[best, c],
        rounding[best, c],
        level,
        row,
        rows.step[np.minimum(row + level, len(rows.step) - 1), c],
    )


def _compare_with_finer(options: _Options, noise: Floats) -> None:
    """Add to truncation what finer rows contradict; noise (levels * R, C) is theirs.

    Truncation falls with h. So an answer from coarse rows that lies outside the noise
    of a finer one has at least that much truncation, however well it looks converged:
    f may have structure between the two. Level 0 has no parents; there the difference
    to the next finer row stands for truncation as well, and what that row has still to
    fall: REST of it where truncation falls like h**2.
    """
    shape = (LEVELS + 1, -1, options.value.shape[1])
    value, truncation = options.value.reshape(shape), options.truncation.reshape(shape)
    missing = ~np.isfinite(value)
    low = np.where(missing, -np.inf, value - noise.reshape(shape))
    high = np.where(missing, np.inf, value + noise.reshape(shape))
    least = np.maximum.accumulate(low[:, ::-1], axis=1)[:, ::-1]
    most = np.minimum.accumulate(high[:, ::-1], axis=1)[:, ::-1]
    beyond = np.maximum(least - value, value - most)  # at least -noise: of itself
    R = value.shape[1]
    known = np.where(missing[0], R, np.arange(R)[:, None])
    finer = np.minimum.accumulate(known[:0:-1], axis=0)[::-1]  # next row with a value
    first = np.take_along_axis(value[0], np.minimum(finer, R - 1), axis=0)
    apart = np.abs(value[0, :-1] - first) * REST
    truncation[0, :-1] = np.where(finer < R, apart, np.inf)
    np.maximum(truncation, beyond, out=truncation, where=~missing)


def _compare_sides(options: _Options, rows: Rows, noise: Floats) -> None:
    """Add to truncation the gaps between both sides that do not close as h falls.

    noise : (R, C) of f+ - 2 f(x) + f-, in units of f.
    Kinks leave two plain quotients alike by accident. The second quotients are not
    alike then; and a kink too close to x to be resolved concerns every answer.
    """
    plain = options.truncation[: len(rows.step)]
    np.maximum(plain, unclosed_gap(rows) / 2, out=plain)  # NaN where a row is missing
    gap = unresolved_gap(rows, noise) / 2
    np.maximum(options.truncation, gap, out=options.truncation)


def _by_sides(rows: Rows, bar: Floats, derivative: int) -> Floats:
    """Bars where nothing extrapolates: level 0, with half the gap of the two slopes.

    The derivative of a function that is not smooth on the scale of h still lies within
    bend / h of the central quotient, if it exists and each side's slopes are monotone.
    """
    R = len(rows.step)
    sides = np.full_like(bar, np.inf)
    if derivative == 1:
        moved = np.where(rows.flat, np.inf, np.abs(rows.bend) / rows.step)
        sides[:R] = bar[:R] + moved
    return sides


def _spoiled(full: Bools, smooth: Bools) -> Bools:
    """(levels * R, C) entries whose rows lie in full windows, but in no smooth one.

    Level m of row k rests on rows k ... k + m, which lie in windows k + m - 3 ... k.
    """
    W, C = full.shape
    spoiled = np.zeros((LEVELS + 1, W + LEVELS, C), np.bool_)
    inside, sound = np.zeros((2, W + LEVELS, C), np.bool_)
    inside[:W], sound[:W] = full, smooth
    for m in range(LEVELS, -1, -1):
        spoiled[m] = inside & ~sound
        inside[1:] |= inside[:-1].copy()
        sound[1:] |= sound[:-1].copy()
    return spoiled.reshape(-1, C)


def tolerance(rows: Rows, value: Floats, derivative: int, *, last: int) -> Floats:
    """(C) size against which a bar is measured, in units of the derivative.

    |value|; where that vanishes, a share of the change that the neighbouring derivative
    makes over the width of the ladder. It is read off row `last`, the finest tried
    first: coarser rows may lie in another regime altogether.
    """
    width = rows.step[last] * WIDTH
    if derivative == 1:
        change = np.abs(rows.even[last]) * width
    else:
        change = np.abs(rows.odd[last]) / width
    return np.fmax(np.abs(value), VANISHING * change)


def next_rows(judged: Judgement, history: History, part: Ints) -> Ints:
    """(3, C) rows to try next on some components, -1 for none.

    Truncation asks for finer rows, noise for coarser ones, and what is incoherent for
    tiny steps, once; the history remembers who was sent there. Near an edge of the
    domain, where f has values at the finest steps alone, their window is completed.
    """
    k, m, dark = judged.row, judged.level, judged.dark
    alone = m == 0
    finer = ~judged.noisy & judged.limit & (judged.finest + LEVELS <= k + m)
    finer = ~alone & (finer | (judged.truncation > judged.rounding))
    rows = np.stack(
        [
            np.where(finer, k + m + 1, k - 1),
            np.where(finer, k + m + 2, k - 2),
            np.where(alone, k + 1, -1),
        ]
    )
    edge = np.isinf(judged.spread) & (judged.finest >= 0)
    completing = judged.finest + np.arange(1, LEVELS + 1)[:, None]
    rows = np.where(edge, completing, np.where(dark, -1, rows))
    if history.ladder.probe:
        probe = ~history.probed[part] & ~edge & (dark | (judged.limit & judged.rough))
        rows = np.where(probe, np.array(history.ladder.probe)[:, None], rows)
        history.before[part] = np.where(probe, judged.spread, history.before[part])
        history.probed[part] |= probe
    return rows
