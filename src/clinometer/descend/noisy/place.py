"""Where the way down stands, where it ends, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.gradient import Gradient
from clinometer.descend.noisy.search import Conditions

__all__ = ["End", "Here", "Rules"]

Floats: TypeAlias = NDArray[np.float64]


@final
class End(enum.Enum):
    """Why the way ended, in words."""

    NOISE = "the decrease still to be had is hidden by noise or rounding"
    GRADIENT = "no entry of the gradient exceeds gtol"
    BUDGET = "maxfev evaluations do not allow another step"
    ITERATIONS = "maxiter iterations are done"
    STUCK = "no step lowers f, with noise and gradient measured anew"
    CALLBACK = "the callback raised StopIteration"

    @property
    def succeeded(self) -> bool:
        """Whether it is an end that was sought."""
        return self in {End.NOISE, End.GRADIENT}


@final
@dataclass(frozen=True)
class Rules:
    """Where the way ends, and what a step is.

    gtol : largest entry of the gradient at which it ends, in units of f / x.
    maxiter : iterations at most, maybe inf.
    search : when a step is accepted.
    """

    gtol: float
    maxiter: float
    search: Conditions = field(default_factory=Conditions)


@final
@dataclass(frozen=True, eq=False)
class Here:
    """A place on the way.

    x : (n) the point.
    value : f there, with its noise.
    gradient : that there; None before it was asked for.
    iterations : steps taken so far.
    """

    x: Floats
    value: float
    gradient: Gradient | None
    iterations: int
