"""The commands, their options and what they print."""

from __future__ import annotations

import importlib.metadata
import io
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast, final

import numpy as np
import typer
from rich.console import Console
from rich.text import Text

from clinometer.check import Interrupted, Report, Verdict, check
from clinometer.cli import BAD_INPUT
from clinometer.cli.answer import CANNOT_TELL, Answer, AsJson, Place, Trace, finish
from clinometer.cli.cost import cost_command
from clinometer.cli.load import load, point_like
from clinometer.cli.progress import shown
from clinometer.cli.surface import surface
from clinometer.cli.watch import watch_command
from clinometer.derivative import gradient
from clinometer.estimate import Estimate, Status
from clinometer.evaluate import flatten_input
from clinometer.show.html import write
from clinometer.table import Json, aligned, counted, plain, quantity

__all__ = ["run"]

USAGE = 2
"""Exit status that the option parser has for a bad option; here it is 3."""

SHOWN = 40
"""Entries of a gradient printed in the table; --json has them all."""

STATUS = {Verdict.AGREES: 0, Verdict.DIFFERS: 1, Verdict.CANNOT_TELL: CANNOT_TELL}
"""Exit status of each verdict."""

COLOURS = {
    Verdict.AGREES: "bold green",
    Verdict.DIFFERS: "bold red",
    Verdict.CANNOT_TELL: "bold yellow",
}

Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write the report as a page, too."),
]


@final
@dataclass
class Outcome:
    """The exit status so far."""

    status: int = 0


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Numerical derivatives with error bars, and checks of gradients.",
    epilog="Exit status: 0 agrees, 1 differs, 2 cannot tell, 3 bad input.",
)


def run(arguments: Sequence[str]) -> int:
    """Exit status of the command line with these arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # "±" on a terminal without it
    outcome = Outcome()
    try:
        app(args=list(arguments), obj=outcome, prog_name="clinometer")
    except SystemExit as stop:  # the parser's way to end, also after --help
        if stop.code == USAGE:
            return BAD_INPUT
        return stop.code if isinstance(stop.code, int) and stop.code else outcome.status
    return outcome.status


app.command("cost")(cost_command)
app.add_typer(surface, name="surface")
app.command("watch", context_settings={"allow_interspersed_args": False})(watch_command)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.")
    ] = False,
) -> None:
    """Numerical derivatives with error bars, and checks of gradients."""
    if version:
        typer.echo(f"clinometer {importlib.metadata.version('clinometer')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("check")
def check_command(
    context: typer.Context,
    place: Place,
    rtol: Annotated[
        float | None,
        typer.Option(
            help="Relative difference that matters; from the dtype if omitted."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random directions.")] = 0,
    entries: Annotated[
        int | None, typer.Option(help="Compare so many entries one by one.")
    ] = None,
    page: Page = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Check a problem's gradient against numerical derivatives with error bars."""

    def answer() -> Answer:
        problem = load(place)
        try:
            with shown(Console(stderr=True)) as progress:
                report = check(
                    problem.f,
                    problem.x,
                    rtol=rtol,
                    seed=seed,
                    entries=entries,
                    progress=progress,
                    **problem.options,
                )
        except Interrupted as stop:
            report = stop.report
        if page is not None:
            write(report, page, problem, title=place)
        return Answer(STATUS[report.verdict], _coloured(report), report.as_dict())

    finish(context, answer, as_json=as_json, trace=trace)


@app.command("gradient")
def gradient_command(
    context: typer.Context,
    place: Place,
    at: Annotated[
        str | None,
        typer.Option(help='Another point: "1.0, 2.0", or JSON in the structure of x.'),
    ] = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Measure the gradient of a problem's f, every entry with its error bar."""

    def answer() -> Answer:
        problem = load(place)
        if at is not None:
            problem = replace(problem, x=point_like(at, problem.x))
        options = {} if problem.scale is None else {"scale": problem.scale}
        estimate = gradient(
            problem.f,
            problem.x,
            batched=problem.batched,
            vmap=problem.vmap,
            **options,
        )
        rows = _rows(estimate, flatten_input(problem.x)[1])
        failed = any(row.status is Status.FAILED for row in rows)
        return Answer(
            STATUS[Verdict.CANNOT_TELL] if failed else 0,
            Text(_listed(rows, estimate.evaluations)),
            {
                "entries": [row.as_dict() for row in rows],
                "evaluations": estimate.evaluations,
            },
        )

    finish(context, answer, as_json=as_json, trace=trace)


def _coloured(report: Report) -> Text:
    """The report with its verdict in colour, where the terminal has colours."""
    text = Text(str(report))
    word = report.verdict.value.replace("-", " ")
    text.stylize(COLOURS[report.verdict], 0, len(word))
    return text


@final
@dataclass(frozen=True)
class Row:
    """One entry of a measured gradient: place, value, bar, step, outcome."""

    path: str
    index: tuple[int, ...]
    value: float
    error: float
    step: float
    status: Status

    @property
    def cells(self) -> list[str]:
        """The row of the printed table."""
        where = f"{self.path}{list(self.index)}" if self.index else self.path
        known = self.value if math.isfinite(self.value) else None
        return [where, quantity(known, self.error), self.status.value]

    def as_dict(self) -> dict[str, Json]:
        """The row in types that JSON knows; numbers it lacks as in `Report.as_dict`."""
        return {
            "path": self.path,
            "index": list(self.index),
            "value": plain(self.value) if math.isfinite(self.value) else None,
            "error": plain(self.error),
            "step": plain(self.step) if math.isfinite(self.step) else None,
            "status": self.status.value,
        }


def _rows(estimate: Estimate, paths: Sequence[str]) -> list[Row]:
    """Every entry of an estimate that is structured like x."""
    parts = (estimate.value, estimate.error, estimate.step, estimate.status)
    leaves = zip(paths, *(flatten_input(part)[0] for part in parts), strict=True)
    rows: list[Row] = []
    for path, *arrays in leaves:
        value, error, step, status = (np.asarray(array) for array in arrays)
        rows += [
            Row(
                path=path,
                index=index,
                value=float(value[index]),
                error=float(error[index]),
                step=float(step[index]),
                status=cast("Status", status[index]),
            )
            for index in np.ndindex(value.shape)
        ]
    return rows


def _listed(rows: Sequence[Row], evaluations: int) -> str:
    """The first rows as a table, a count of the others, and the cost."""
    lines = aligned(["where", "value ± bar", "status"], [r.cells for r in rows[:SHOWN]])
    if len(rows) > SHOWN:
        lines.append(f"… and {len(rows) - SHOWN:,} more; --json has them all")
    cost = counted(evaluations, "evaluation", "evaluations")
    return "\n".join([*lines, "", f"{cost} of f"])
