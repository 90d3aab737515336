"""The results of `benchmarks.scale` as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

__all__ = ["Row", "page", "row_of"]


@final
@dataclass(frozen=True)
class Row:
    """What one case took.

    evaluations : calls of f; of a model all calls of the whole and of its parts.
    forwards : work in units of a forward pass of the model; None where f is no model.
    seconds : of the check alone.
    megabytes : peak of the process; before: what it held before there was a model.
    """

    case: str
    said: str
    evaluations: int
    forwards: float | None
    seconds: float
    megabytes: float
    before: float

    @property
    def line(self) -> str:
        """The row of the table."""
        forwards = "" if self.forwards is None else f"{self.forwards:.0f}"
        return (
            f"| {self.case} | {self.said} | {self.evaluations or ''} | {forwards} | "
            f"{self.seconds:.0f} | {self.megabytes:,.0f} |"
        )


def row_of(case: str, found: dict[str, Any]) -> Row:
    """A row from what a case printed."""
    return Row(
        case=case,
        said=found["said"],
        evaluations=found.get("evaluations", 0),
        forwards=found.get("forwards"),
        seconds=found["seconds"],
        megabytes=found["megabytes"],
        before=found.get("before", 0.0),
    )


def page(rows: Sequence[Row], machine: str) -> str:
    """The page of results."""
    step, *checks = [row for row in rows if row.forwards is not None]
    memory = [
        f"| {row.case} | {row.megabytes / step.megabytes:.2f} | "
        f"{(row.megabytes - row.before) / (step.megabytes - step.before):.2f} |"
        for row in checks
    ]
    return "\n".join(
        [
            "# What large gradients cost",
            "",
            f"Made by `python -m benchmarks.scale --write` ({machine}; seconds on a "
            "machine that had other work as well).",
            "",
            "| case | outcome | evaluations | forwards | s | peak MB |",
            "| --- | --- | --- | --- | --- | --- |",
            *(row.line for row in rows),
            "",
            EXPLAINED,
            "",
            "| check | peak beside a step's | the same above what torch takes |",
            "| --- | --- | --- |",
            *memory,
            "",
        ]
    )


EXPLAINED = """\
**Evaluations** are calls of f. For a model that is taken apart, every call of a part of
it counts as one, however small, and so do the calls of its probes.

**Forwards** are work in units of one forward pass of the model: the multiplications in
all matrix products that ran, forward, backward and in parts alone, over those in a
forward pass. So a backward pass counts as two. Those measured in float64 count like
those in float32, though they take twice the time; what is no matrix product, such as
moving the parameters, is not in it, and shows in the seconds.

**The model** is built in the benchmark: GPT-2's sizes and initial values, tied
embeddings, float32, and in each of the 12 blocks a GELU whose backward pass is written
by hand; in one block it may lack a term.

**Memory.** A training step is forward and backward with the gradients kept, without an
optimiser. Beside the model a check of it holds the gradients, and then one float64 copy
of the parameters, in which they are moved; of a direction it keeps a bit an entry.
`check(f, parameters)` holds the claim, x and what its probes compare in float64, more
than five times a step's memory; give it the model itself. The ratios:"""
