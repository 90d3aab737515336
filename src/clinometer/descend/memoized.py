"""Memoized differences as a slope."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.objective import Objective, Seen
from clinometer.memo import Difference, Method, memoized

__all__ = ["Memoized"]

Floats: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Memoized:
    """`clinometer.memoized`: differences in which nothing is computed twice.

    method, difference, step : as for `clinometer.memoized`. f must be of JAX or torch;
    its operations are counted one by one, and f is evaluated as a whole once a point.
    """

    method: Method = "deltas"
    difference: Difference = "central"
    step: float | None = None

    def look(self, at: Objective, x: Floats) -> Seen:
        """f and its gradient by memoized differences.

        Raises InputError for a bad option, or an f of NumPy.
        """
        loss = at.loss(x)
        if not np.isfinite(loss):
            return Seen(loss, np.full(len(x), np.nan), math.inf)
        found = memoized(
            at.at_one_point(),
            at.tree(x),
            method=self.method,
            difference=self.difference,
            step=self.step,
            scale=at.layout.tree(at.sizes(x)),
        )
        work = found.work
        spent = work.multiplications + work.additions + work.transcendentals
        at.count(other=float(spent))
        return Seen(loss, at.vector(found.value, "gradient"), math.inf)

    def __str__(self) -> str:
        step = "" if self.step is None else f", step {self.step:g}"
        return f"memoized, {self.method}, {self.difference} differences{step}"
