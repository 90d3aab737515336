"""When a descent ends, and why it did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import final

from clinometer.errors import InputError

__all__ = ["Ending", "Stop", "require_rate"]


@final
class Ending(Enum):
    """What ended a descent."""

    ITERATIONS = "iterations"
    GRADIENT = "gradient-small"
    WITHIN_ERROR = "gradient-within-its-bar"
    LOSS = "loss-reached"
    PATIENCE = "no-lower-loss"
    EVALUATIONS = "evaluations"
    SECONDS = "seconds"
    RULE = "rule-ended"
    DIVERGED = "not-finite"
    INTERRUPTED = "interrupted"


@final
@dataclass(frozen=True, kw_only=True)
class Stop:
    """When to stop: at the first of these that holds after an iteration.

    iterations : so many are done.
    gradient : the norm of the gradient over that at x0 has come down to this; 0: only a
        gradient of zeros counts.
    within_error : the norm of the gradient is no larger than that of its error bar, so
        that it cannot be told from zero. Only slopes with bars have one.
    loss : f(x) has come down to this, in units of f.
    patience : for so many iterations f has not been lower than before.
    evaluations : so many points have been evaluated.
    seconds : so much time has passed.

    Raises InputError for a number out of its range.
    """

    iterations: int = 100
    gradient: float = 0.0
    within_error: bool = True
    loss: float | None = None
    patience: int | None = None
    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Raises InputError for a number out of its range."""
        whole = {"iterations": self.iterations, "patience": self.patience}
        for name, count in (whole | {"evaluations": self.evaluations}).items():
            if count is None:
                continue
            if type(count) is not int or count < (0 if name == "iterations" else 1):
                raise InputError(
                    f"stop: {name} must be a whole number of at least "
                    f"{0 if name == 'iterations' else 1}, got {count!r}"
                )
        if not 0 <= self.gradient < 1:
            raise InputError(
                "stop: gradient is relative to the gradient at x0 and must lie in "
                f"[0, 1), got {self.gradient!r}; 1e-6 is a usual one"
            )
        if self.loss is not None and math.isnan(self.loss):
            raise InputError("stop: loss must be a number, got NaN; omit it for never")
        if self.seconds is not None and not self.seconds > 0:
            raise InputError(f"stop: seconds must be positive, got {self.seconds!r}")


def require_rate(name: str, value: float, *, below: float = math.inf) -> None:
    """Raise InputError unless 0 < value < below (0 too where below is 1)."""
    low = value > 0 or (value == 0 and below == 1)
    if not (low and value < below):
        rule = "lie in [0, 1)" if below == 1 else "be positive and finite"
        raise InputError(f"{name} must {rule}, got {value!r}")
