"""How noisy f is: measured where f itself no longer moves.

Source: the idea of measuring noise by differences at tiny steps is that of Hamming's
difference tables and of More & Wild 2011 (ECnoise); ours pools odd and even parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.judge.rows import MUCH, Residuals, Rows
from clinometer.ladder import Ladder

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

AT_ROUNDING = 8.0
"""Multiples of sigma in a bar where sigma is the rounding floor, a bound in itself."""

AT_RESIDUALS = 10.0
"""The same where sigma comes from a residual or two of a smooth function."""

AT_NOISE = 10.0
"""The same where sigma was measured at tiny steps, from six differences or so."""

SAME = 1e-9
"""Relative difference of two changes of f that rounding alone sets apart."""

HIDDEN = 100.0
"""Fall of the residuals at tiny steps that betrays structure instead of noise."""


@final
@dataclass(frozen=True, eq=False)
class History:
    """What happened to C components before their rows are weighed.

    ladder : the rows there are.
    probed : (C) whether the tiny steps were tried; updated as they are.
    before : (C) the noise that would have explained what made us try them.
    """

    ladder: Ladder
    probed: Bools
    before: Floats

    @classmethod
    def of(cls, ladder: Ladder, count: int) -> History:
        """The history of components that nothing has happened to."""
        return cls(ladder, np.zeros(count, np.bool_), np.zeros(count))

    def of_some(self, part: NDArray[np.intp]) -> History:
        """A copy, of some of the components."""
        return History(self.ladder, self.probed[part], self.before[part])


@final
@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of one value of f, in units of f.

    sigma : (R, C) its standard deviation on each row, at least the rounding floor; the
        least residual stands for it where it was not measured.
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


def noise_of(rows: Rows, found: Residuals, history: History) -> Noise:
    """Noise from the tiny steps where they were tried, and from the residuals."""
    floor = rows.floor[history.ladder.start[-1]]
    floor = np.where(np.isfinite(floor), floor, 0.0)
    tiny = np.isfinite(rows.even) & ~rows.flat
    tiny[: history.ladder.tiny] = False
    at_tiny = _at_tiny(rows, tiny)
    dead = _dead(rows, history.ladder)
    enough = (tiny.sum(axis=0) >= 2) | dead
    seen = np.where(history.probed & enough, np.where(dead, 0.0, at_tiny), np.inf)
    windows = np.where(np.isnan(found.sigma), np.inf, found.sigma).min(axis=0)
    least = np.minimum(windows, seen)
    real = history.probed & (least > MUCH * floor)
    real &= (seen > history.before / HIDDEN) | ~enough
    pooled = _pooled(rows, tiny, at_tiny)
    known = np.where(np.isfinite(least), least, 0.0)
    sigma = np.where(real & np.isfinite(pooled), pooled, known)
    factor = np.where(sigma > MUCH * floor, AT_RESIDUALS, AT_ROUNDING)
    # noise is taken for relative: it grows with f on the rows where f is larger
    grown = np.fmax(rows.floor / floor, 1.0)
    by_row = np.fmax(rows.floor, sigma * np.where(np.isfinite(grown), grown, 1.0))
    return Noise(by_row, np.where(real, AT_NOISE, factor), least, floor, real)


def _dead(rows: Rows, ladder: Ladder) -> Bools:
    """(C) whether f is constant around x, and bends away from there farther out.

    Values that do not move at tiny steps say either that f is constant there, as ReLU
    is beside its kink, or that f rounds to a grid, which is noise. Noise moves both
    sides at random. A kink moves one side alone, or both in proportion to the step.
    """
    start, tiny = np.array(ladder.start), np.array(ladder.probe, dtype=np.intp)
    still = rows.flat[tiny].sum(axis=0) >= 2
    bend, pull, step = (
        rows.bend[start],
        rows.odd[start] * rows.step[start],
        rows.step[start],
    )
    moved = ~rows.flat[start]
    one = moved & (np.abs(np.abs(bend) - np.abs(pull)) <= SAME * np.abs(pull))
    side = np.sign(bend * pull)
    alone = (
        (one == moved).all(axis=0)
        & moved.any(axis=0)
        & (np.abs(side.sum(axis=0, where=moved)) == moved.sum(axis=0))
    )
    power = np.log(bend[1:3] / bend[:2]) / np.log(step[1:3] / step[:2])
    straight = ((power > 0.8) & (power < 1.4)).all(axis=0)
    return still & (alone | straight)


def _at_tiny(rows: Rows, tiny: Bools) -> Floats:
    """(C) sigma from the two finest tiny rows.

    The bend of a row has the variance 1.5 sigma**2: one value at x, and half of two.
    """
    from_finest = np.cumsum(tiny[::-1], axis=0)[::-1]
    squares = np.where(tiny & (from_finest <= 2), np.square(rows.bend), 0.0)
    return np.sqrt(squares.sum(axis=0) / 3)


def _pooled(rows: Rows, tiny: Bools, at_tiny: Floats) -> Floats:
    """(C) sigma from both parts of all tiny rows that agree with the finest; or NaN."""
    odd = 2 * np.square(rows.odd * rows.step)
    even = np.square(rows.bend) / 1.5
    use_even = tiny & (even <= 25 * np.square(at_tiny))
    use_odd = tiny & (odd <= 9 * np.square(at_tiny))
    count = use_even.sum(axis=0) + use_odd.sum(axis=0)
    total = np.where(use_even, even, 0.0) + np.where(use_odd, odd, 0.0)
    pooled = np.sqrt(total.sum(axis=0) / np.maximum(count, 1))
    return np.where(count >= 2, pooled, np.nan)
