"""What one spot check found, and the rule by which it is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from clinometer.check.verdict import (
    ROUNDING,
    Verdict,
    default_rtol,
    needed_resolution,
)

__all__ = ["Measured", "Spot", "Terms", "judged"]


@final
@dataclass(frozen=True)
class Measured:
    """Slope of the loss along a direction, in units of the loss.

    bar : within which the value is believed, a guard included; inf where unknown.
    """

    value: float
    bar: float


@final
@dataclass(frozen=True)
class Terms:
    """What a comparison takes for small.

    magnitude : root-sum-square of the claimed slope's terms: it does not cancel.
    coarsest : largest unit roundoff of what is computed on the way, dimensionless.
    """

    magnitude: float
    coarsest: float

    @property
    def resolution(self) -> float:
        """Widest bar with which a gradient can agree, relative to its size."""
        return needed_resolution(self.coarsest, default_rtol(self.coarsest))

    def allowed(self, size: float) -> float:
        """Difference from a slope of that size that rounding explains, or is slight."""
        share = max(default_rtol(self.coarsest), ROUNDING * self.coarsest)
        return share * max(size, self.magnitude)


def judged(claimed: float, found: Measured, terms: Terms) -> Verdict:
    """Verdict on a claimed slope, in units of the loss.

    The gradient differs if it is off by more than the bar and by more than is allowed;
    it agrees if it is not, and the bar is narrow enough to have shown it.
    """
    measured, bar = found.value, found.bar
    if not (math.isfinite(measured) and math.isfinite(claimed)):
        return Verdict.CANNOT_TELL
    size = max(abs(claimed), abs(measured))
    off = abs(claimed - measured)
    if off > bar and off > terms.allowed(size):
        return Verdict.DIFFERS
    if bar <= terms.resolution * max(size, terms.magnitude):
        return Verdict.AGREES
    return Verdict.CANNOT_TELL


@final
@dataclass(frozen=True)
class Spot:
    """One check of a training gradient along one random direction.

    step : number of the forward pass, from 1.
    verdict : whether the gradient agrees, differs, or cannot be told.
    claimed : slope of the loss along the direction by the gradient, in units of the
        loss; along it parameters move by about their own size.
    measured, bar : the same by differences of the loss, and how far it may be off.
    loss : of that pass.
    forwards : forward passes that the check took beside the training's own.
    double : whether the loss was measured in float64.
    seconds : that the check took, of the wall clock.
    parameters : names of those whose gradient differs, where that was looked for.
    note : what else there is to say; often empty.
    """

    step: int
    verdict: Verdict
    claimed: float
    measured: float
    bar: float
    loss: float
    forwards: int
    double: bool
    seconds: float
    parameters: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        """One line, as it is logged; a second one with the names of parameters."""
        said = {
            Verdict.AGREES: "agrees",
            Verdict.DIFFERS: "DIFFERS",
            Verdict.CANNOT_TELL: "cannot be told",
        }[self.verdict]
        line = (
            f"step {self.step}: gradient {said}: {self.claimed:.6g} along a random "
            f"direction, measured {self.measured:.6g} ± {self.bar:.1g} "
            f"({self.forwards} forward passes{' in float64' if self.double else ''})"
        )
        line += f"; {self.note}" if self.note else ""
        if self.parameters:
            line += f"\n  differs in {', '.join(self.parameters)}"
        return line
