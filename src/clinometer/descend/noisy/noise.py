"""How noisy f is: from a table of differences, and how the noise follows f.

Source: Moré & Wild 2011, Estimating computational noise, SIAM J. Sci. Comput. 33,
1292-1314: the estimate of each order is theirs, the choice among them in that spirit.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.values import Values

__all__ = ["LEAST", "Law", "NoiseLevel", "noise_in_a_row", "row_of_points"]

Floats: TypeAlias = NDArray[np.float64]

POINTS = 7
"""Values in a row from which the noise is measured: differences up to order 6."""

AGREE = 4.0
"""Ratio up to which estimates of neighbouring orders count as equal (Moré & Wild)."""

SPACING = 1e-6
"""Distance of the points from each other, relative to the size of each entry: far
above rounding, and so small that f itself is gone from the third differences on."""

IRREGULAR = (0.5, 1.0)
"""Bounds of a random factor on it: an f that rounds to a grid of decimals would step in
time with a round number."""

FINER = 1e-3
"""Factor on the spacing where f itself still shows in all orders."""

WIDER, WIDENINGS = 10.0, 6
"""Factor on the spacing where f does not move at all, and rows tried by it."""

ROUNDING = 2.0**-53
"""Least noise of a value, relative to it: its own rounding in float64."""

LEAST = 1e-300
"""A size of f that stands for zero, in units of f."""

AGAIN = 4.0
"""Factor of |f| after which the noise is measured anew ..."""

SELDOM = 1e3
"""... and once it was foretold within the factor `FORETOLD`."""

FORETOLD = 3.0
"""Ratio of measured to expected noise that passes for right: six differences scatter
by some 30 %."""

MOVED = 1.5
"""Factor of |f| from which a new measurement may say something new."""


class Noise(NamedTuple):
    """Noise of values in a row.

    sigma : (M) standard deviation, in units of the values.
    settled : whether neighbouring orders agree on it, everywhere.
    """

    sigma: Floats
    settled: bool


def row_of_points(
    x: Floats, scale: Floats, random: np.random.Generator, *, spacing: float = SPACING
) -> Floats:
    """(7, n) points in a row from x, along a random diagonal of entries' sizes."""
    direction = random.choice([-1.0, 1.0], x.size) * scale
    spacing *= random.uniform(*IRREGULAR)
    return x + spacing * np.arange(1, POINTS + 1)[:, None] * direction


def noise_in_a_row(values: Floats) -> Noise:
    """Noise of values (P, M) at points in a row.

    The k-th differences of pure noise have the variance sigma**2 (2k)! / (k!)**2, those
    of smooth f vanish as k grows. The estimate is that of the lowest order with which
    the next two agree; where there is none, the least of all orders, an upper bound.
    """
    differences, found = values, list[Floats]()
    for k in range(1, len(values)):
        differences = np.diff(differences, axis=0)
        found.append(np.sqrt((differences**2).mean(axis=0) / math.comb(2 * k, k)))
    sigma = np.stack(found)
    three = np.stack([sigma[:-2], sigma[1:-1], sigma[2:]])
    settled = three.max(axis=0) <= AGREE * three.min(axis=0)
    first = sigma[settled.argmax(axis=0), np.arange(values.shape[1])]
    chosen = np.where(settled.any(axis=0), first, sigma.min(axis=0))
    return Noise(chosen, bool(settled.any(axis=0).all()))


@final
class Law:
    """How noise follows the size of what it is in.

    Between measurements sigma is taken for proportional to size ** power, where the
    power, between 0 and 1, is that which the measurements so far suggest.
    """

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._power = 0.0
        self._trusted = False

    def at(self, size: float) -> float:
        """Noise expected at a size, in its units; 0 before it was ever measured."""
        if self._last is None:
            return 0.0
        then, sigma = self._last
        return sigma * (max(size, LEAST) / then) ** self._power

    def due(self, size: float) -> bool:
        """Whether the size has changed so much that noise should be measured again."""
        return self.left(size, SELDOM if self._trusted else AGAIN)

    def left(self, size: float, factor: float = MOVED) -> bool:
        """Whether the size has changed by more than a factor since noise was."""
        if self._last is None:
            return True
        return not 1 / factor <= max(size, LEAST) / self._last[0] <= factor

    def add(self, size: float, sigma: float) -> None:
        """Learn from a measurement: noise sigma at that size."""
        size, sigma = max(size, LEAST), max(sigma, LEAST)
        if self._last is not None:
            ratio = sigma / self.at(size)
            self._trusted = 1 / FORETOLD <= ratio <= FORETOLD
            change = math.log(size / self._last[0])
            if not self._trusted and abs(change) > math.log(MOVED):
                slope = math.log(sigma / self._last[1]) / change
                self._power = min(max(slope, 0.0), 1.0)
        self._last = size, sigma


@final
class NoiseLevel:
    """Standard deviation of one value of f, as it changes with f along the way."""

    def __init__(
        self, f: Values, scale: Floats, *, given: float | None, seed: int
    ) -> None:
        """Noise of f at points whose entries have the sizes scale (n).

        given : the standard deviation, in units of f, if known; else it is measured.
        """
        self._f, self._scale, self._given = f, scale, given
        self._random = np.random.default_rng(seed)
        self._law = Law()

    def at(self, value: float) -> float:
        """Standard deviation expected where f has that value, in units of f; > 0."""
        size = max(abs(value), LEAST)
        sigma = self._law.at(size) if self._given is None else self._given
        return max(sigma, ROUNDING * size)

    def due(self, value: float) -> bool:
        """Whether f has changed so much that the noise should be measured again."""
        return self._given is None and self._law.due(abs(value))

    def moved(self, value: float) -> bool:
        """Whether f has left the value at which the noise was measured last."""
        return self._given is None and self._law.left(abs(value))

    def measure(self, x: Floats, value: float) -> None:
        """Measure the noise at x (n), where f has that value; 7 evaluations or more."""
        if self._given is not None:
            return
        size = max(abs(value), LEAST)
        values = self._row(x, SPACING)
        sigma = self._wider(x) if _is_flat(values) else self._finer(x, values)
        self._law.add(size, min(max(sigma, ROUNDING * size), size))

    def _finer(self, x: Floats, values: Floats) -> float:
        """Noise in that row, or in finer ones where f itself shows in all orders."""
        sigma = math.inf
        for spacing in (SPACING * FINER, SPACING * FINER**2, None):
            if np.isfinite(values).all():
                found = noise_in_a_row(values[:, None])
                sigma = min(sigma, float(found.sigma[0]))
                if found.settled:
                    break
            if spacing is not None:
                values = self._row(x, spacing)
        return sigma

    def _wider(self, x: Floats) -> float:
        """Noise in a row wide enough for an f that rounds to a grid to leave its step.

        0 if it stays on it.
        """
        for spacing in SPACING * WIDER ** np.arange(1, WIDENINGS):
            values = self._row(x, float(spacing))
            if not _is_flat(values):
                found = noise_in_a_row(values[:, None])
                return float(found.sigma[0]) if np.isfinite(values).all() else 0.0
        return 0.0

    def _row(self, x: Floats, spacing: float) -> Floats:
        """(7) values at points in a row."""
        row = row_of_points(x, self._scale, self._random, spacing=spacing)
        return self._f.many(row)


def _is_flat(values: Floats) -> bool:
    """Whether most neighbours (P), or their differences, are equal.

    Noise would part them; on a grid that is wider than the row they are.
    """
    steps = np.diff(values)
    return bool(max((steps == 0).mean(), (np.diff(steps) == 0).mean()) > 0.5)
