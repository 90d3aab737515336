"""What L-BFGS remembers of the curvature: steps and changes of the gradient.

Source: Nocedal 1980, Math. Comp. 35, 773-782; Nocedal & Wright 2006, algorithm 7.4.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.gradient import Gradient

__all__ = ["Pairs", "change_of_slope"]

Floats: TypeAlias = NDArray[np.float64]


def change_of_slope(
    s: Floats, before: Gradient, after: Gradient
) -> tuple[float, float]:
    """The change of slope along a step s (n) between two gradients, and its error."""
    change = float(s @ (after.value - before.value))
    return change, float(np.hypot(before.error_along(s), after.error_along(s)))


@final
class Pairs:
    """The inverse Hessian as the last few pairs (s, y) tell it."""

    def __init__(self, count: int) -> None:
        """No pairs yet; at most so many are kept."""
        self._kept: deque[tuple[Floats, Floats]] = deque(maxlen=count)

    def __len__(self) -> int:
        """Pairs held."""
        return len(self._kept)

    def add(self, s: Floats, y: Floats) -> None:
        """Remember that the gradient changes by y (n) along s (n); s @ y > 0."""
        self._kept.append((s, y))

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()

    def least_bend(self, n: int) -> Floats:
        """(n) lower bounds of the second derivatives along the entries; 0 at first.

        Source: y = H s makes y_i**2 <= H_ii (s @ y) (Cauchy & Schwarz).
        """
        bend = np.zeros(n)
        for s, y in self._kept:
            bend = np.maximum(bend, y**2 / float(s @ y))
        return bend

    def times(self, g: Floats, bend: Floats) -> Floats:
        """(n) the inverse Hessian times g (n).

        bend : (n) diagonal of the Hessian to begin with, up to a factor that the last
            pair settles.
        """
        q = g.copy()
        told: list[float] = []
        for s, y in reversed(self._kept):
            told.append(float(s @ q) / float(s @ y))
            q -= told[-1] * y
        q /= bend
        if self._kept:
            s, y = self._kept[-1]
            q *= float(s @ y) / float(y @ (y / bend))
        for (s, y), share in zip(self._kept, reversed(told), strict=True):
            q += (share - float(y @ q) / float(s @ y)) * s
        return q
