"""Gradients by differences whose intervals follow from the noise of f, with bars.

An interval is that of least error, noise and truncation together: for forward
differences from the second derivative along the entry, for central ones from the third.
Both are measured where they are first needed, and followed along the way.

Source: Shi, Xie, Xuan & Nocedal 2022, Adaptive finite-difference interval estimation
for noisy derivative-free optimization, SIAM J. Sci. Comput. 44, A2302-A2321.
"""

from __future__ import annotations

from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.gradient import Gradient
from clinometer.descend.noisy.intervals import AIM, SEEN, Intervals
from clinometer.descend.noisy.search import Along
from clinometer.descend.noisy.values import Values

__all__ = ["Differences"]

Floats: TypeAlias = NDArray[np.float64]

REFRESH = 10
"""Forward gradients after which the second derivatives are measured again."""

FIRST = 0.1
"""First interval tried at most, relative to the size of the entry."""

RESOLVED = 2.0**-44
"""Shortest interval, relative to the entry: 256 spacings of float64."""

EVEN, ODD = 3.0, 5.0
"""Noise of a second and of a third difference, rounded up from 2.4 and 4.5 sigma: what
is taken for a derivative that does not show."""


@final
class Differences:
    """Gradients of f from its values, entry by entry.

    bend : (n) sizes of the second derivatives along the entries, > 0.
    """

    def __init__(self, f: Values, scale: Floats) -> None:
        """Of f at points whose entries have the sizes scale (n)."""
        self._f, self._scale = f, scale
        self._every = np.arange(scale.size)
        self.bend = np.ones_like(scale)
        self._third: Floats | None = None
        self._age = 0

    def begin(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x (n), and the second derivatives measured anew."""
        self._third, self._age = None, 0
        first = np.minimum(10 * np.sqrt(sigma / max(abs(value), sigma)), FIRST)
        trial = Intervals(
            first * self._scale, least=self._least(x), limit=self._scale, order=2
        )
        odd = np.zeros_like(x)
        while trial.open.size and trial.left:
            which = trial.open
            up, down = self._f.both(x, trial.h, which)
            with np.errstate(invalid="ignore", over="ignore"):
                odd[which] = (up - down) / 2
                trial.judge(np.abs(up + down - 2 * value) / sigma)
        h = trial.tried
        self.bend = np.maximum(trial.seen, EVEN) * sigma / h**2
        error = sigma / (np.sqrt(2) * h) + self.bend * h / 6
        return Gradient.of(odd / h, error, sharp=False)

    def forward(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x from n more values, or now and then from 2 n."""
        self._age += 1
        if self._age > REFRESH:
            return self._refreshed(x, value, sigma)
        h = self._resolved(x, 8**0.25 * np.sqrt(sigma / self.bend))
        slope = (self._f.moved(x, h, self._every) - value) / h
        error = np.hypot(np.sqrt(2) * sigma / h, self.bend * h / 2)
        return Gradient.of(slope, error, sharp=False)

    def central(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x from 2 n more values; 4 n a trial the first time."""
        if self._third is None:
            return self._first_central(x, value, sigma)
        h = (3 * sigma / (np.sqrt(2) * self._third)) ** (1 / 3)
        h = self._resolved(x, h)
        sides = self._f.both(x, h, self._every)
        return self._between(h, sides, value=value, sigma=sigma)

    def line(self, x: Floats, p: Floats) -> Along | None:
        """Nothing: a slope by differences is no cheaper than values farther on."""
        del x, p
        return None

    def _refreshed(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient from intervals on which the second derivatives show."""
        self._age = 0
        h = self._resolved(x, np.sqrt(AIM * sigma / self.bend))
        up, down = self._f.both(x, h, self._every)
        with np.errstate(invalid="ignore", over="ignore"):
            even, odd = np.abs(up + down - 2 * value), (up - down) / 2
        even = np.where(np.isfinite(even), even, AIM * sigma)
        self._rebend(np.maximum(even, EVEN * sigma) / h**2)
        error = sigma / (np.sqrt(2) * h) + self.bend * h / 6
        return Gradient.of(odd / h, error, sharp=False)

    def _first_central(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient, and the third derivatives from differences three times wide."""
        limit = self._scale / 3
        h = self._resolved(x, np.sqrt(AIM * sigma / self.bend))
        trial = Intervals(
            np.minimum(h, limit), least=self._least(x), limit=limit, order=3
        )
        near = np.full((2, x.size), np.inf)
        while trial.open.size and trial.left:
            which = trial.open
            up, down = near[:, which] = self._f.both(x, trial.h, which)
            far_up, far_down = self._f.both(x, 3 * trial.h, which)
            with np.errstate(invalid="ignore", over="ignore"):
                trial.judge(np.abs(far_up - far_down - 3 * (up - down)) / sigma)
        self._third = np.maximum(trial.seen, ODD) * sigma / (8 * trial.tried**3)
        return self._between(trial.tried, near, value=value, sigma=sigma)

    def _between(
        self, h: Floats, sides: Floats, *, value: float, sigma: float
    ) -> Gradient:
        """The gradient from values (2, n) to either side, and the bends they show."""
        assert self._third is not None
        self._age = 0
        up, down = sides
        with np.errstate(invalid="ignore", over="ignore"):
            slope, even = (up - down) / (2 * h), np.abs(up + down - 2 * value)
        error = sigma / (np.sqrt(2) * h) + self._third * h**2 / 6
        seen = np.isfinite(even) & (even > SEEN * sigma)
        self._rebend(np.where(seen, even / h**2, self.bend))
        return Gradient.of(slope, error, sharp=True)

    def _resolved(self, x: Floats, h: Floats) -> Floats:
        """Intervals no longer than x is large, and long enough for x + h to be told."""
        return np.clip(h, self._least(x), self._scale)

    def _least(self, x: Floats) -> Floats:
        """(n) the shortest intervals at x (n) whose ends can be told."""
        return RESOLVED * np.maximum(np.abs(x), self._scale)

    def _rebend(self, bend: Floats) -> None:
        """New second derivatives; the third are taken to have changed in proportion."""
        if self._third is not None:
            self._third = self._third * (bend / self.bend)
        self.bend = bend
