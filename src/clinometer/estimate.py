"""A derivative with its error bar, and how it came out."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from clinometer.evaluate import flatten_input


@final
class Status(enum.Enum):
    """How an estimate came out, and what limits its bar."""

    CONVERGED = "converged"
    NOISE_LIMITED = "noise-limited"
    TRUNCATION_LIMITED = "truncation-limited"
    ONE_SIDED = "one-sided"
    KINK = "kink"
    AMBIGUOUS = "ambiguous"
    FAILED = "failed"


OUTCOMES = np.array(list(Status), dtype=object)
"""Every status, from the best to the worst; inside, a status is its place here."""

(
    CONVERGED,
    NOISE_LIMITED,
    TRUNCATION_LIMITED,
    ONE_SIDED,
    KINK,
    AMBIGUOUS,
    FAILED,
) = range(len(OUTCOMES))


@final
@dataclass(frozen=True, eq=False)
class Estimate:
    """A derivative with its error bar.

    value : float64 array, or a tree of them; what was asked for.
    error : the same structure; half width of the bar around value, inf if unknown.
    step : the same structure; finest step used, in units of the entry that moved.
    evaluations : points at which f was evaluated.
    status : the same structure of `Status`.
    """

    value: Any
    error: Any
    step: Any
    evaluations: int
    status: Any

    def __str__(self) -> str:
        """Value and bar where they are single numbers, else one line an array."""
        whole = self.value, self.error, self.status
        parts = [flatten_input(part)[0] for part in whole]
        paths = flatten_input(self.value, "value")[1]
        lines = [
            f"{path} = {_with_bar(value, error)}  {_summary(status)}"
            for path, value, error, status in zip(paths, *parts, strict=True)
        ]
        return "\n".join([*lines, f"{self.evaluations} evaluations"])


def _with_bar(value: Any, error: Any) -> str:
    if np.ndim(value) == 0:
        return f"{float(value):.15g} ± {float(error):.1e}"
    bar = np.max(error, initial=0.0)
    return f"{np.array2string(np.asarray(value), threshold=8)} ± {bar:.1e}"


def _summary(status: Any) -> str:
    counts = Counter(s.value for s in np.ravel(np.asarray(status, dtype=object)))
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
