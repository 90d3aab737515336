"""What every way to a gradient costs, as data and in print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from textwrap import wrap
from typing import final

from clinometer.costs.accuracy import Accuracy
from clinometer.costs.words import (
    duration,
    multiple,
    operations_as_dict,
    ratio,
    short,
)
from clinometer.operations import Operations
from clinometer.table import Json, aligned, plain

__all__ = ["CostReport", "CostRow", "Missing", "Way"]

UNKNOWN = "–"
WIDTH, GAP = 96, "  "
"""Characters in a line of text, and what lines that go on begin with."""

MODEL = "~"
"""In front of times that follow from the time of f."""


@final
class Way(Enum):
    """A way to the gradient of a function."""

    BACKPROP = "backprop"
    FORWARD_MODE = "forward mode"
    FORWARD = "forward differences"
    CENTRAL = "central differences"
    EXTRAPOLATED = "extrapolated, with bars"
    COMPLEX = "complex step"
    RANDOM = "one random direction"
    COLOURED = "coloured differences"
    PER_NODE = "memoized per node"
    SPARSE = "memoized, sparse deltas"
    NODES = "node perturbation"


@final
@dataclass(frozen=True)
class CostRow:
    """What one way costs, for the whole gradient.

    formula, evaluations : how often f, or a derivative of it, is evaluated.
    operations : multiplications, additions, ...; None where they cannot be counted.
    memory : largest size of the arrays alive at once, bytes; None likewise.
    seconds : on one processor; None where it was neither measured nor follows.
    timed : whether seconds was measured as a whole, not as evaluations times f's time.
    shared : seconds with several workers, by the model of `CostReport`.
    accuracy : the error to be expected, relative; None where it was not asked for.
    note : what else has to be known, or "".
    """

    way: Way
    formula: str
    evaluations: int
    operations: Operations | None = None
    memory: int | None = None
    seconds: float | None = None
    timed: bool = False
    shared: float | None = None
    accuracy: Accuracy | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Json]:
        """The row in types that JSON knows."""
        return {
            "way": self.way.value,
            "formula": self.formula,
            "evaluations": self.evaluations,
            "operations": operations_as_dict(self.operations),
            "memory": self.memory,
            "seconds": self.seconds,
            "timed": self.timed,
            "shared": self.shared,
            "accuracy": None if self.accuracy is None else self.accuracy.as_dict(),
            "note": self.note,
        }


@final
@dataclass(frozen=True)
class Missing:
    """A way that is not open to this function, and why."""

    way: Way
    reason: str


@final
@dataclass(frozen=True)
class CostReport:
    """What each way to the gradient of one function costs; `str(report)` is a table.

    n : entries of x.
    library : "numpy", "torch" or "jax".
    operations, memory, seconds : of one evaluation of f: counted, bytes, measured.
    workers : processors of the column `shared`: evaluations that do not wait for each
        other are dealt out evenly, each worker is handed its share once, at the price
        `handing` in seconds; what is one evaluation stays on one processor.
    rows : the ways that are open, cheapest family first.
    missing : the ways that are not, and why.
    recommendation : which way to take, and the numbers that say so.
    notes : remarks on the whole.
    evaluations : of f, made for the errors in this report.
    seed : of the entries looked at.
    timing, spent : seconds that went into timing, and seconds in all.
    """

    n: int
    library: str
    operations: Operations | None
    memory: int | None
    seconds: float | None
    workers: int
    handing: float
    rows: tuple[CostRow, ...]
    missing: tuple[Missing, ...]
    recommendation: str
    notes: tuple[str, ...]
    evaluations: int
    seed: int
    timing: float
    spent: float

    def row(self, way: Way) -> CostRow | None:
        """The row of a way, or None where it is not open."""
        return next((row for row in self.rows if row.way is way), None)

    def times_f(self, row: CostRow) -> float | None:
        """Multiplications of a way in units of those of one evaluation of f."""
        return ratio(row.operations, self.operations)

    def as_dict(self) -> dict[str, Json]:
        """The report in types that JSON knows, under the names of its attributes."""
        return {
            "n": self.n,
            "library": self.library,
            "operations": operations_as_dict(self.operations),
            "memory": self.memory,
            "seconds": self.seconds,
            "workers": self.workers,
            "handing": self.handing,
            "rows": [dict(row.as_dict()) for row in self.rows],
            "missing": [
                {"way": each.way.value, "reason": each.reason} for each in self.missing
            ],
            "recommendation": self.recommendation,
            "notes": list(self.notes),
            "evaluations": self.evaluations,
            "seed": self.seed,
            "timing": plain(self.timing),
            "spent": plain(self.spent),
        }

    def __str__(self) -> str:
        remarks = [f"{row.way.value}: {row.note}" for row in self.rows if row.note]
        closed = [f"{each.way.value}: {each.reason}" for each in self.missing]
        said = [*remarks, *closed, *self.notes]
        blocks = [
            wrap(self.recommendation, WIDTH),
            _table(self),
            [
                line
                for each in said
                for line in wrap(each, WIDTH, subsequent_indent=GAP)
            ],
            [
                f"errors from {self.evaluations:,} evaluations of f, seed {self.seed}; "
                f"{self.spent:.2g} s, of which {self.timing:.2g} s for timing"
            ],
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block)


def _table(report: CostReport) -> list[str]:
    """The rows, under one for f itself."""
    head = [
        f"way, n = {report.n:,}",
        "evaluations",
        "",
        "× F",
        "mult.",
        "add.",
        "transc.",
        "memory",
        "time",
        f"{report.workers} workers",
        "error, relative",
    ]
    known = report.operations, report.memory, report.seconds
    rows = [["f itself", "1", UNKNOWN, UNKNOWN, *_figures(*known), UNKNOWN, UNKNOWN]]
    rows += [_cells(report, row) for row in report.rows]
    kept = [k for k in range(len(head)) if any(row[k] != UNKNOWN for row in rows)]
    lines = aligned([head[k] for k in kept], [[r[k] for k in kept] for r in rows])
    by_model = any(row.seconds is not None and not row.timed for row in report.rows)
    foot = (
        [f"{MODEL} by model: the time of one run, times their number"]
        if by_model
        else []
    )
    return [*lines, *foot]


def _cells(report: CostReport, row: CostRow) -> list[str]:
    """One row of the table."""
    times = report.times_f(row)
    *counted, spent = _figures(row.operations, row.memory, row.seconds)
    return [
        row.way.value,
        row.formula,
        UNKNOWN if row.formula == f"{row.evaluations}" else f"{row.evaluations:,}",
        UNKNOWN if times is None else multiple(times),
        *counted,
        spent if row.timed or row.seconds is None else MODEL + spent,
        UNKNOWN if row.shared is None else MODEL + duration(row.shared),
        UNKNOWN if row.accuracy is None else str(row.accuracy),
    ]


def _figures(
    operations: Operations | None, memory: int | None, seconds: float | None
) -> list[str]:
    """Multiplications, additions, transcendental functions, bytes and time."""
    counts = (
        [UNKNOWN] * 3
        if operations is None
        else [
            short(operations.multiplications),
            short(operations.additions),
            short(operations.transcendentals),
        ]
    )
    return [
        *counts,
        UNKNOWN if memory is None else short(memory) + "B",
        UNKNOWN if seconds is None else duration(seconds),
    ]
