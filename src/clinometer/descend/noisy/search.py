"""A step along a direction: relaxed Armijo and Wolfe conditions.

Both conditions allow for the noise of the values and of the slopes they compare. Where
the noise hides whether a step has gone far enough, while the slope at the start is
certain, the step is lengthened until the values show it.

Source: Xie, Byrd & Nocedal 2020, SIAM J. Optim. 30, 182-209, section 4; Shi, Xie, Byrd
& Nocedal 2022, SIAM J. Optim. 32, 29-55, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

__all__ = ["Along", "Conditions", "Start", "Step", "search"]

Along: TypeAlias = Callable[[float], float]

SHORTER = (0.1, 0.5)
"""Bounds of the factor on a step at which f is too high."""

GROWTH = 4.0
"""Factor at most on a step that is too short."""

VISIBLE = 0.5
"""Decrease foretold, in sigma, below which shorter steps prove nothing."""

CERTAIN = 3.0
"""Slope at the start, in units of its error, that justifies a step into the noise."""


@final
@dataclass(frozen=True)
class Conditions:
    """When a step is accepted.

    decrease : c1, share of the decrease foretold by the slope that is demanded.
    curvature : c2, share of the slope that may be left.
    relaxed : multiples of sigma by which f may miss the demanded decrease.
    trials : values of f for one search at most.
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    relaxed: float = 2.0
    trials: int = 25


@final
@dataclass(frozen=True)
class Start:
    """The line at its beginning: f, its slope, and what is known of their errors.

    value : f there.
    slope : of f along the direction per unit of the step, < 0.
    error : size of the error of the slope.
    sigma : standard deviation of the noise of one value.
    """

    value: float
    slope: float
    error: float
    sigma: float


@final
@dataclass(frozen=True)
class Step:
    """A step that meets the conditions: its length and f there."""

    length: float
    value: float


def search(
    along: Along, start: Start, rules: Conditions, *, slope: Along | None = None
) -> Step | None:
    """A step that meets the conditions, tried from length 1; None if none was found.

    along : f at a step.
    slope : its slope at a step; without it, that of the parabola through the slope at
        the start and both values, which costs no evaluation.
    """
    length, best = 1.0, None
    for _ in range(rules.trials):
        value = along(length)
        if not _is_low(Step(length, value), start, rules):
            if best is not None:
                return best
            length *= _shorter(length, value, start)
            if -length * start.slope < VISIBLE * start.sigma:
                return None
            continue
        if best is not None and value >= best.value:
            return best
        best = Step(length, value)
        end = None if slope is None else slope(length)
        factor = _longer(best, start, rules, end=end)
        if factor is None:
            return best
        length *= factor
    return best


def _is_low(step: Step, start: Start, rules: Conditions) -> bool:
    """The relaxed Armijo condition."""
    demanded = start.value + rules.decrease * step.length * start.slope
    return bool(step.value <= demanded + rules.relaxed * start.sigma)


def _shorter(length: float, value: float, start: Start) -> float:
    """Factor on a step that is too long: to the least point of the parabola."""
    if not np.isfinite(value):
        return SHORTER[0]
    bend = value - start.value - length * start.slope
    ratio = -length * start.slope / (2 * bend) if bend > 0 else SHORTER[1]
    return min(max(ratio, SHORTER[0]), SHORTER[1])


def _longer(
    step: Step, start: Start, rules: Conditions, *, end: float | None
) -> float | None:
    """Factor on a step after which f still falls steeply; None if it does not.

    end : the slope there, or None for that of the parabola, on which noise weighs more.
    """
    error = start.error
    if end is None:
        end = 2 * (step.value - start.value) / step.length - start.slope
        error += 2 * np.sqrt(2) * start.sigma / step.length
    if error > -start.slope > CERTAIN * start.error:
        return GROWTH
    if end >= rules.curvature * start.slope - error:
        return None
    change = end - start.slope
    factor = -start.slope / change if change > 0 else GROWTH
    return min(max(factor, 2.0), GROWTH)
