"""Intervals on which a difference of f stands out of the noise, for many entries."""

from __future__ import annotations

from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["AIM", "SEEN", "Intervals"]

Floats: TypeAlias = NDArray[np.float64]

SEEN = 10.0
"""Difference, in sigma, that stands out: 4 standard deviations of a second one."""

AIM = 100.0
"""Difference, in sigma, that is aimed at: 2 to 5 % noise in the derivative."""

MUCH = 1e4
"""Difference, in sigma, from which an interval is too long: truncation prevails."""

FACTORS = (1e-3, 8.0)
"""Bounds of the factor from one interval that is tried to the next."""

TRIALS = 6
"""Intervals tried for an entry."""


@final
class Intervals:
    """A search, for each entry, for an interval that shows a difference above noise.

    open : numbers of the entries that are still without one.
    h : (n) the intervals to be tried next.
    tried : (n) those tried last.
    seen : (n) the difference on those, in sigma; 0 where it was not finite.
    left : trials left.

    Source: after Shi, Xie, Xuan & Nocedal 2022, SIAM J. Sci. Comput. 44, A2302-A2321,
    who bisect on the same ratio; here its known growth foretells the interval.
    """

    def __init__(self, h: Floats, *, least: Floats, limit: Floats, order: int) -> None:
        """Begin with h, from least (n) to limit (n), for a difference ~ h**order."""
        self.h, self.tried, self.seen = h.copy(), h.copy(), np.zeros_like(h)
        self.open, self.left = np.arange(h.size), TRIALS
        self._least, self._limit, self._order = least, limit, order
        self._low, self._high = np.zeros_like(h), np.full_like(h, np.inf)

    def judge(self, seen: Floats) -> None:
        """Take note of the differences (E) of the open entries, in sigma."""
        which, self.left = self.open, self.left - 1
        h, finite = self.h[which], np.isfinite(seen)
        self.tried[which], self.seen[which] = h, np.where(finite, seen, 0.0)
        small, large = seen < SEEN, ~(seen <= MUCH)
        self._low[which] = np.where(small, h, self._low[which])
        self._high[which] = np.where(large, h, self._high[which])
        factor = (AIM / np.maximum(np.where(finite, seen, 1.0), 1.0)) ** (
            1 / self._order
        )
        factor = np.where(finite, np.clip(factor, *FACTORS), FACTORS[0])
        low, high = self._low[which], self._high[which]
        between = (low > 0) & np.isfinite(high)
        middle = np.sqrt(low * np.where(between, high, 1.0))
        least, limit = self._least[which], self._limit[which]
        self.h[which] = np.clip(np.where(between, middle, h * factor), least, limit)
        ended = (small & (h >= limit)) | (large & (h <= least))
        self.open = which[(small | large) & ~ended]
