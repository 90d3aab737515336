"""What a descent has spent in arithmetic operations, where they can be counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import final

from clinometer.descend.objective import Counts, Objective
from clinometer.graph import Graph
from clinometer.operations import count

__all__ = ["Price"]

UNKNOWN = float("nan")


@final
class Price:
    """Operations of one evaluation of f and of one gradient, counted when needed.

    Multiplications, additions and transcendental functions of single numbers count one
    each. NumPy's functions leave no trace, so that nothing is known of theirs.
    """

    def __init__(self, at: Objective) -> None:
        self._at = at

    def of(self, counts: Counts) -> float:
        """Operations of all that was asked; NaN where a part cannot be counted."""
        if counts.hessians:
            return UNKNOWN
        back = counts.gradients * self._back if counts.gradients else 0.0
        return counts.evaluations * self._evaluation + back + counts.other

    @cached_property
    def _evaluation(self) -> float:
        return self._counted(self._at.engine.graph)

    @cached_property
    def _back(self) -> float:
        """Of the way back alone: the evaluation under it is counted as one."""
        return self._counted(self._at.engine.gradient_graph) - self._evaluation

    def _counted(self, trace: Callable[..., Graph]) -> float:
        at = self._at
        if at.engine.name == "numpy":
            return UNKNOWN
        try:
            found = count(trace(at.listed(), at.leaves(at.start)))
        except Exception:  # noqa: BLE001 - an f that its library cannot trace, or runs
            return (
                UNKNOWN  # otherwise for a tracer, is one whose operations are unknown
            )
        if not found.complete:
            return UNKNOWN
        whole = found.multiplications + found.additions + found.transcendentals
        return float(whole)
