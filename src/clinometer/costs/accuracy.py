"""How far off a gradient is, on a few entries whose derivatives are known with bars."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.engines.double import widened
from clinometer.evaluate import Function
from clinometer.ladder import LinePoints, Lines
from clinometer.measure import measure
from clinometer.stencil import Stencil
from clinometer.table import Json, plain

__all__ = ["Accuracy", "Known"]

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Accuracy:
    """The error to be expected of a gradient, relative.

    error : ‖found − known‖₂ / ‖known‖₂ over the entries looked at; NaN where the way
        gave no finite number, or where all of them are zero.
    bar : uncertainty of that error: the bars of what is known, in the same unit.
    """

    error: float
    bar: float

    @property
    def resolved(self) -> bool:
        """Whether the error is larger than what can be told apart from none."""
        return self.error > self.bar

    @property
    def bound(self) -> float:
        """What the error is at most, inf where nothing is known."""
        return self.error + self.bar if math.isfinite(self.error) else math.inf

    def __str__(self) -> str:
        """The error with its bar, or a bound where the error hides in the bar."""
        if not math.isfinite(self.bound):
            return "not known"
        if not self.resolved:
            return f"≤ {self.bound:.0e}"
        return f"{self.error:.1e} ± {self.bar:.0e}"

    def as_dict(self) -> dict[str, Json]:
        """The two numbers; those that JSON lacks as strings."""
        return {"error": plain(self.error), "bar": plain(self.bar)}


@final
class Known:
    """Derivatives along some entries of x, with bars.

    entries : (K) which entries, by their place in the flat vector.
    value, error : (K) derivative and its bar, in units of f / x.
    extrapolated : (K) what `clinometer.gradient` finds in the dtype of x.
    evaluations : of f in that dtype, that these took.
    exact : whether value was found in float64, where x is coarser.
    """

    def __init__(
        self, function: Function, lines: Lines, exact: Function | None
    ) -> None:
        """Measure along lines, one entry of x each.

        exact : f at the same x in float64, where x is coarser and f takes that.
        Raises FunctionError if f fails at x, or on both sides of it.
        """
        before = function.evaluations
        own = measure(function, lines)
        self.evaluations = function.evaluations - before
        self._function, self._lines = function, lines
        self.entries = lines.entries[:, 0]
        self.extrapolated = own.value[:, 0]
        self.exact = exact is not None
        found = own
        if exact is not None:
            with widened():
                found = measure(exact, replace(lines, layout=exact.layout))
        self.value, self.error = found.value[:, 0], found.error[:, 0]

    def accuracy(self, found: Floats) -> Accuracy:
        """How far off the derivatives found (K) along the same entries are."""
        size = float(np.linalg.norm(self.value))
        if not size or not np.isfinite(found).all():
            return Accuracy(math.nan, math.inf)
        off = float(np.linalg.norm(found - self.value))
        return Accuracy(off / size, float(np.linalg.norm(self.error)) / size)

    def by(self, stencil: Stencil) -> Floats:
        """(K) difference quotients by a stencil, at the step that suits its order.

        The step is eps**(1 / (order + 1)) times the size of the entry, where rounding
        and truncation of a function with derivatives of order 1 cost alike.
        Source: Numerical Recipes (3rd ed.), sec. 5.7.
        """
        lines, function = self._lines, self._function
        roundoff = np.maximum(
            lines.layout.roundoff_of(self.entries), function.outcome.roundoff
        )
        eps = 2 * np.broadcast_to(roundoff, lines.scale.shape)
        wished = lines.scale * eps ** (1 / (stencil.order + 1))
        step = lines.representable(wished[None])[0]
        t = stencil.points(np.zeros_like(step), step)
        line = np.broadcast_to(np.arange(lines.count), t.shape)
        points = LinePoints(lines, line.reshape(-1), t.reshape(-1))
        values = function.values(points)[:, 0].reshape(t.shape)
        return stencil.combine(values, step)
