"""A gradient that the caller computes, with the noise measured in it."""

from __future__ import annotations

from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.gradient import Gradient
from clinometer.descend.noisy.noise import (
    LEAST,
    Law,
    noise_in_a_row,
    row_of_points,
)
from clinometer.descend.noisy.search import Along
from clinometer.descend.noisy.values import Values

__all__ = ["Given"]

Floats: TypeAlias = NDArray[np.float64]

ROUNDING = 2.0**-52
"""Least error of an entry, relative to it: a few roundings in float64."""


@final
class Given:
    """Values of the caller's gradient function with their error.

    bend : (n) the same for all entries: what moves one by its own size at first.
    """

    def __init__(
        self, jac: Values, scale: Floats, *, error: Floats | None, seed: int
    ) -> None:
        """The gradient function at points whose entries have the sizes scale (n).

        error : (n) of each entry, in units of f / x, if it is known. Else it is
            measured as noise, and again as the gradient shrinks; a bias stays unseen.
        """
        self._jac, self._scale, self._error = jac, scale, error
        self._random = np.random.default_rng(seed)
        self._law, self._share = Law(), np.zeros_like(scale)
        self._last: tuple[Floats, Floats] | None = None
        self.bend = np.ones_like(scale)

    def begin(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x (n), and how noisy it is: 8 gradients."""
        self._measure(x, self._at(x))
        found = self.central(x, value, sigma)
        steepest = float(np.abs(found.value / self._scale).max())
        self.bend = np.full_like(x, steepest if steepest > 0 else 1.0)
        return found

    def forward(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x: there is one way only."""
        return self.central(x, value, sigma)

    def central(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient at x; with 7 more where its noise has to be measured again."""
        del value, sigma
        found = self._at(x)
        size = _norm(found)
        if self._error is None and self._law.due(size):
            self._measure(x, found)
        error = self._share * self._law.at(size) if self._error is None else self._error
        return Gradient.of(found, np.fmax(error, ROUNDING * np.abs(found)), sharp=True)

    def _measure(self, x: Floats, found: Floats) -> None:
        """Measure the noise of the gradient near x, where it is found (n)."""
        size = _norm(found)
        if self._error is not None or not np.isfinite(size):
            return
        row = self._jac.rows(row_of_points(x, self._scale, self._random))
        if np.isfinite(row).all():
            sigma = noise_in_a_row(row).sigma
            self._law.add(size, _norm(sigma))
            self._share = sigma / max(_norm(sigma), LEAST)

    def line(self, x: Floats, p: Floats) -> Along | None:
        """t -> slope of f(x + t p), from the gradient there."""
        return lambda t: float(self._at(x + t * p) @ p)

    def _at(self, x: Floats) -> Floats:
        """(n) the gradient, which is asked for once where the line and the step end."""
        if self._last is None or not np.array_equal(self._last[0], x):
            self._last = x, self._jac.rows(x[None])[0]
        return self._last[1]


def _norm(vector: Floats) -> float:
    return float(np.linalg.norm(vector))
