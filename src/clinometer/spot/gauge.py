"""How well two forward passes know a slope: found once, by more of them.

The first check measures the slope along a direction on a ladder of steps, in float64
where the code allows it. Single pairs of passes are then held against it: how far each
is off says which step, and which precision, the later checks take, and their bar.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from clinometer.check import Verdict
from clinometer.check.verdict import GROSS, GUARD
from clinometer.derivative import slope
from clinometer.errors import FunctionError
from clinometer.estimate import Estimate, Status
from clinometer.spot.finding import Measured, Terms, judged

__all__ = [
    "Gauge",
    "Repeats",
    "by_rounding",
    "calibrated",
    "measured",
    "same_in_double",
]

Pair: TypeAlias = tuple[float, float]

OWN = tuple(4.0**-k for k in range(1, 7))
"""Steps tried in the training's own dtype, coarsest first, as shares of the entries'
sizes: from a quarter to 2e-4, around the best of a float32 loss, (3 eps)**(1/3)."""

DOUBLE = tuple(16.0**-k for k in range(2, 7))
"""Steps tried in float64, from 4e-3 to 6e-8: truncation, and kinks on the way, shrink
with the step's square; rounding costs 1e-16 / 6e-8 of the loss at the finest."""

ROUNDED = 16.0
"""Unit roundoffs that a loss is off at least: sums of many terms, see ROUNDING."""

NEAR = 2.0**-30
"""Step that tells the slope at x from that beside a kink: of 300,000 relus one has its
kink within 4e-6 of x. Rounding leaves three digits, 16 eps / 1e-9."""

SAFETY = 3.0
"""Factor on how far a pair was off where it was tried; along other directions, at later
steps, it is so by other amounts. What it does not cover is measured again."""

SAME = 1e-5
"""Relative difference up to which a loss in float64 is the same loss in float32; 300
unit roundoffs. Another mask of a dropout would change it far more."""

COARSE = 2.0**-20
"""Unit roundoffs above it are those of float16 and bfloat16."""


class Repeats(Protocol):
    """A forward pass that can be made again with the parameters moved."""

    @property
    def claimed(self) -> float:
        """Slope along the direction that the gradient claims."""
        ...

    @property
    def magnitude(self) -> float:
        """Root-sum-square of the terms of that slope."""
        ...

    @property
    def coarsest(self) -> float:
        """Largest unit roundoff on the way."""
        ...

    @property
    def device_draws(self) -> bool:
        """Whether random numbers are drawn that depend on the dtype."""
        ...

    def at(self, t: float) -> Pair:
        """Loss with the parameters moved by t, and the claimed change of it."""
        ...

    def again(self) -> float:
        """Slope along the direction by autograd, in a pass made again, unmoved."""
        ...

    def double(self) -> AbstractContextManager[None]:
        """Context in which passes are made in float64."""
        ...


@final
@dataclass(frozen=True)
class Gauge:
    """How later checks are made.

    step : of the two passes, in shares of the entries' sizes.
    double : whether they are made in float64.
    bar : of the difference of two losses at + and - step, in units of the loss.
    """

    step: float
    double: bool
    bar: float

    def pair(self, repeat: Repeats) -> tuple[float, Measured]:
        """Claimed and measured slope along the direction, by two passes."""
        with repeat.double() if self.double else nullcontext():
            (high, up), (low, down) = repeat.at(self.step), repeat.at(-self.step)
        width = 2 * self.step
        found = Measured((high - low) / width, self.bar / width)
        return (up - down) / width, found


def same_in_double(repeat: Repeats, loss: float) -> bool:
    """Whether the loss in float64 is that of the training, but for rounding.

    A coarse loss cannot tell another mask of a dropout from rounding.
    """
    coarse = repeat.coarsest > COARSE
    if coarse and repeat.device_draws:
        return False
    try:
        with repeat.double():
            found = repeat.at(0.0)[0]
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return False  # code that cannot be run in another dtype
    share = 4 * repeat.coarsest if coarse else SAME
    return abs(found - loss) <= share * abs(loss)


def measured(repeat: Repeats, *, double: bool) -> Measured:
    """Slope of the loss along the direction, by a whole ladder of steps."""
    near = None
    if double:
        with repeat.double():
            found = _slope(repeat, np.dtype(np.float64))
            near = _near(repeat)
    else:
        found = _slope(repeat, np.dtype(np.float32 if _coarse(repeat) else np.float64))
    if found is None:
        return Measured(math.nan, math.inf)
    doubtful = found.status in {Status.AMBIGUOUS, Status.KINK}
    width = GROSS if doubtful else GUARD
    known = Measured(float(found.value), width * float(found.error))
    if near is not None and not _covers(known, repeat.claimed):
        terms = Terms(repeat.magnitude, repeat.coarsest)
        if judged(repeat.claimed, near, terms) is Verdict.AGREES:
            return near  # a kink lies nearer to x than any row of the ladder
    return known


def _covers(known: Measured, value: float) -> bool:
    return abs(known.value - value) <= known.bar


def _near(repeat: Repeats) -> Measured:
    """Slope by two passes as near to x as float64 lets one look; bar: rounding's."""
    (high, _), (low, _) = repeat.at(NEAR), repeat.at(-NEAR)
    rounding = ROUNDED * np.finfo(np.float64).eps * max(abs(high), abs(low))
    return Measured((high - low) / (2 * NEAR), float(rounding) / (2 * NEAR))


def _coarse(repeat: Repeats) -> bool:
    return repeat.coarsest > np.finfo(np.float64).eps


def _slope(repeat: Repeats, dtype: np.dtype[Any]) -> Estimate | None:
    """The slope as `clinometer.slope` finds it; None if the loss has none."""

    def f(t: Any) -> Any:
        loss, change = repeat.at(float(t))
        # moved parameters are rounded: take off what that does to first order
        return dtype.type(loss - (change - float(t) * repeat.claimed))

    one = np.ones((), dtype)
    try:
        return slope(f, np.zeros((), dtype), one, scale=one, rtol=RTOL)
    except FunctionError:
        return None


RTOL = 1e-8
"""Relative bar at which the ladder is left. Finer than is needed to judge by: where a
loss has kinks everywhere (relus), coarse steps may agree with each other by chance."""


def by_rounding(repeat: Repeats, found: Measured) -> bool:
    """Whether a gradient differs from a slope in float64 by its own rounding alone.

    So it does if the gradient is what autograd computes in the training's own dtype,
    and autograd is right in float64. In bfloat16 relus may open or shut otherwise.
    """
    terms = Terms(repeat.magnitude, float(np.finfo(np.float32).eps) / 2)
    own = Measured(repeat.again(), 0.0)
    if judged(repeat.claimed, own, terms) is not Verdict.AGREES:
        return False  # scaled, clipped or otherwise changed since
    with repeat.double():
        return judged(repeat.again(), found, terms) is Verdict.AGREES


def calibrated(
    repeat: Repeats, known: Measured, *, double: bool, terms: Terms
) -> Gauge:
    """Step, precision and bar for pairs of passes, by trying some along a known slope.

    double : whether passes can be made in float64; they are if the training's own
        dtype gives too wide a bar.
    """
    step, off = best([(t, _off(repeat, known, t)) for t in OWN])
    own = Gauge(step, double=False, bar=SAFETY * off)
    size = max(abs(known.value), terms.magnitude)
    if not double or own.bar <= terms.resolution * size * 2 * step / SAFETY:
        return own
    with repeat.double():
        step, off = best([(t, _off(repeat, known, t)) for t in DOUBLE])
    return Gauge(step, double=True, bar=SAFETY * off)


def _off(repeat: Repeats, known: Measured, t: float) -> float:
    """How far two losses may be from what the known slope says; in units of the loss.

    At least what the bar of the known slope, and rounding, allow.
    """
    (high, up), (low, down) = repeat.at(t), repeat.at(-t)
    # along the distance really moved: what rounding adds to it, the gradient says
    expected = 2 * t * (known.value - repeat.claimed) + up - down
    eps = np.finfo(np.float64).eps
    least = 2 * t * known.bar + ROUNDED * eps * max(abs(high), abs(low))
    off = abs(high - low - expected) + least
    return float(off) if math.isfinite(off) else math.inf


def best(tried: Sequence[Pair]) -> Pair:
    """Step with the least relative error among those tried, and its error.

    tried : steps, coarsest first, and how far each was off. One pair may be right by
    luck: noise is as large at a step as at any finer one; truncation and kinks shrink
    with the step's square at most as fast as that.
    """
    bounds = [
        (
            t,
            max(
                off * (t / other) ** 2 if other > t else off
                for other, off in tried
                if math.isfinite(off) or other <= t
            ),
        )
        for t, _ in tried
    ]
    return min(bounds, key=lambda pair: pair[1] / pair[0])
