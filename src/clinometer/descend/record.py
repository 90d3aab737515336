"""The iterations of a running descent: kept, saved, and judged whether they suffice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.objective import Counts, Memory, Seen
from clinometer.descend.price import Price
from clinometer.descend.stop import Ending, Stop
from clinometer.descend.trace import COLUMNS, Iteration, State, Trace, column, tree_at
from clinometer.trees import Layout

__all__ = ["Names", "Record", "Stopped"]

Floats: TypeAlias = NDArray[np.float64]

PAUSE = 5.0
"""Seconds between two writes of the trace file at least."""


class Stopped(Exception):  # noqa: N818 (no error: the way out of a rule)
    """A stop rule holds."""


@final
@dataclass(frozen=True)
class Names:
    """Rule and slope in words."""

    rule: str
    slope: str


@final
class Record:
    """The iterations so far; `tell` adds one, and raises Stopped where they suffice."""

    def __init__(
        self,
        layout: Layout,
        names: Names,
        stop: Stop,
        *,
        price: Price,
        progress: Callable[[Iteration], None] | None,
        file: Path | None,
        after: Trace | None,
    ) -> None:
        """Begin, or go on after a trace."""
        self.layout, self.names, self.stop = layout, names, stop
        self._price, self._progress = price, progress
        self._file = file
        self.rows = [] if after is None else [after[k] for k in range(len(after.loss))]
        self.state = None if after is None else after.state
        spent = self.rows[-1].seconds if self.rows else 0.0
        self._began = time.perf_counter() - spent
        self._saved = time.perf_counter()
        self.ending = Ending.INTERRUPTED
        self.message = Ending.INTERRUPTED.value

    def tell(self, x: Floats, seen: Seen, counts: Counts, *, memory: Memory) -> None:
        """Add an iteration. Raises Stopped where a stop rule holds after it."""
        before = self.state.point if self.state else x
        start = self.state.start if self.state else x
        asked = time.perf_counter()
        operations = self._price.of(counts)
        self._began += time.perf_counter() - asked  # no part of the descent
        row = Iteration(
            number=len(self.rows),
            loss=seen.loss,
            gradient=float(np.linalg.norm(seen.gradient)),
            error=seen.error,
            step=float(np.linalg.norm(x - before)),
            evaluations=counts.evaluations,
            gradients=counts.gradients,
            hessians=counts.hessians,
            operations=operations,
            seconds=time.perf_counter() - self._began,
        )
        self.rows.append(row)
        self.state = State(start, x, memory, counts.looks, counts.other)
        if self._progress is not None:
            self._progress(row)
        self.stop_if_done()
        if self._file is not None and time.perf_counter() - self._saved > PAUSE:
            self.trace().save(self._file)
            self._saved = time.perf_counter()

    def stop_if_done(self) -> None:
        """Raise Stopped if a stop rule holds."""
        ending = ended(self.stop, self.rows)
        if ending is not None:
            self.ending, self.message = ending, ending.value.replace("-", " ")
            raise Stopped

    def ended_by_rule(self, message: str) -> None:
        """The rule itself has ended the descent."""
        self.ending, self.message = Ending.RULE, message

    def trace(self) -> Trace:
        """The trace so far, whose arrays are read-only."""
        state = self.state
        assert state is not None, "a trace begins once x0 has been seen"
        columns = {name: column(name, self.rows) for name in COLUMNS}
        memory = {name: np.array(value) for name, value in state.memory.items()}
        arrays = [*columns.values(), *memory.values()]
        start, point = state.start.copy(), state.point.copy()
        for array in [*arrays, start, point]:
            array.flags.writeable = False
        return Trace(
            rule=self.names.rule,
            slope=self.names.slope,
            x=tree_at(self.layout, state.point),
            ending=self.ending,
            message=self.message,
            state=State(start, point, memory, state.looks, state.other),
            **columns,
        )


def ended(stop: Stop, rows: list[Iteration]) -> Ending | None:
    """The first stop rule that holds after the last of these iterations."""
    if not rows:
        return None
    row, first = rows[-1], rows[0]
    finite = np.isfinite(row.loss) and np.isfinite(row.gradient)
    held = {
        Ending.DIVERGED: not finite,
        Ending.GRADIENT: row.gradient <= stop.gradient * first.gradient,
        Ending.WITHIN_ERROR: stop.within_error
        and np.isfinite(row.error)
        and row.gradient <= row.error,
        Ending.LOSS: stop.loss is not None and row.loss <= stop.loss,
        Ending.PATIENCE: stop.patience is not None and _stalled(rows, stop.patience),
        Ending.EVALUATIONS: stop.evaluations is not None
        and row.evaluations >= stop.evaluations,
        Ending.SECONDS: stop.seconds is not None and row.seconds >= stop.seconds,
        Ending.ITERATIONS: row.number >= stop.iterations,
    }
    return next((ending for ending, holds in held.items() if holds), None)


def _stalled(rows: list[Iteration], patience: int) -> bool:
    """Whether the last so many iterations brought no lower loss."""
    if len(rows) <= patience:
        return False
    best = min(row.loss for row in rows[:-patience])
    return min(row.loss for row in rows[-patience:]) >= best
