"""Descents side by side: what each spent until it was as low as all of them got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from clinometer.descend.trace import Iteration, Trace
from clinometer.errors import InputError
from clinometer.table import Json, aligned, number, plain

__all__ = ["Comparison", "compare"]

HEAD = (
    "rule",
    "slope",
    "iterations",
    "lowest loss",
    "evaluations",
    "gradients",
    "operations",
    "seconds",
    "ended by",
)


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """Traces side by side; prints as a table.

    traces : in the order given.
    level : the lowest loss that all of them reached, in units of f.
    reached : of each trace the first iteration at that level; None only where a loss
        is not finite from the start.
    """

    traces: tuple[Trace, ...]
    level: float
    reached: tuple[Iteration | None, ...]

    def __str__(self) -> str:
        """What each trace spent in all, and until the level."""
        whole = [
            [trace.rule, trace.slope, *_spent(trace[-1], lowest(trace)), trace.message]
            for trace in self.traces
        ]
        until = [
            [trace.rule, trace.slope, *_spent(row, row.loss)]
            for trace, row in zip(self.traces, self.reached, strict=True)
            if row is not None
        ]
        head = f"until the loss was {number(self.level)}, which all of them reached:"
        names = [*HEAD[:3], "loss", *HEAD[4:-1]]
        return "\n".join([*aligned(HEAD, whole), "", head, *aligned(names, until)])

    def as_dict(self) -> dict[str, Json]:
        """The comparison in types that JSON knows."""
        return {
            "level": plain(self.level),
            "reached": [None if r is None else r.number for r in self.reached],
            "traces": [trace.as_dict() for trace in self.traces],
        }


def compare(*traces: Trace) -> Comparison:
    """Descents of one f side by side.

    Raises InputError without a trace, or for traces that began at different losses: a
    loss of one f is no measure for another.
    """
    if not traces:
        raise InputError("compare needs at least one trace, got none")
    starts = [trace[0].loss for trace in traces]
    if not np.allclose(starts, starts[0], rtol=1e-3, atol=0.0):
        raise InputError(
            "compare needs descents of one f from one x0, got losses at x0 of "
            f"{', '.join(f'{loss:.6g}' for loss in starts)}"
        )
    level = max(lowest(trace) for trace in traces)
    return Comparison(traces, level, tuple(_first(trace, level) for trace in traces))


def lowest(trace: Trace) -> float:
    """The lowest finite loss of a trace."""
    return float(np.min(trace.loss[np.isfinite(trace.loss)], initial=np.inf))


def _first(trace: Trace, level: float) -> Iteration | None:
    low = np.flatnonzero(trace.loss <= level)
    return trace[int(low[0])] if low.size else None


def _spent(row: Iteration, loss: float) -> list[str]:
    operations = "–" if np.isnan(row.operations) else f"{row.operations:.3g}"
    return [
        f"{row.number:,}",
        number(loss),
        f"{row.evaluations:,}",
        f"{row.gradients:,}",
        operations,
        f"{row.seconds:.2g}",
    ]
