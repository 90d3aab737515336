"""A gradient with its error, and what the way down asks of whoever supplies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.search import Along

__all__ = ["Gradient", "Gradients"]

Floats: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Gradient:
    """A gradient with its error.

    value : (n) in units of f / x; 0 where it could not be found.
    error : (n) size of the error to expect, in the same units; inf where unknown.
    sharp : whether no better one is to be had here.
    """

    value: Floats
    error: Floats
    sharp: bool

    @staticmethod
    def of(value: Floats, error: Floats, *, sharp: bool) -> Gradient:
        """The same, with infinite values and NaN taken for unknown entries."""
        lost = ~np.isfinite(value)
        return Gradient(
            np.where(lost, 0.0, value), np.where(lost, np.inf, error), sharp
        )

    @property
    def is_error(self) -> bool:
        """Whether error alone could be as large: its mean square, up to a factor 2."""
        ratio = self.value / np.maximum(self.error, np.finfo(np.float64).tiny)
        return bool((ratio**2).mean() <= 2)

    def error_along(self, s: Floats) -> float:
        """Size of the error of value @ s: errors of entries are independent."""
        moved = s != 0
        return float(np.sqrt(((self.error[moved] * s[moved]) ** 2).sum()))


class Gradients(Protocol):
    """Gradients of f at x (n), where f has a value with noise sigma."""

    @property
    def bend(self) -> Floats:
        """(n) sizes of the second derivatives along the entries, > 0."""
        ...

    def begin(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient, with all that the next ones rest on measured anew."""
        ...

    def forward(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient, the cheap way."""
        ...

    def central(self, x: Floats, value: float, sigma: float) -> Gradient:
        """The gradient, the more exact way."""
        ...

    def line(self, x: Floats, p: Floats) -> Along | None:
        """t -> slope of f(x + t p), if that costs less than a gradient by values."""
        ...
