"""The command `cost`: what each way to a problem's gradient costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Place, Trace, finish
from clinometer.cli.load import load
from clinometer.costs import cost
from clinometer.show.cost import draw_cost

__all__ = ["cost_command"]


def cost_command(
    context: typer.Context,
    place: Place,
    workers: Annotated[
        int, typer.Option(help="Processors in the model of parallel evaluation.")
    ] = 8,
    entries: Annotated[
        int, typer.Option(help="Measure the errors of so many derivatives.")
    ] = 5,
    timing: Annotated[float, typer.Option(help="Seconds for each timing.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Seed of the entries looked at.")] = 0,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw the report, too."),
    ] = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Compare what backprop and all kinds of differences cost on a problem's f."""

    def answer() -> Answer:
        problem = load(place)
        report = cost(
            problem.f,
            problem.x,
            workers=workers,
            entries=entries,
            timing=timing,
            scale=problem.scale,
            batched=problem.batched,
            seed=seed,
        )
        if picture is not None:
            draw_cost(report, picture, title=place)
        return Answer(0, Text(str(report)), report.as_dict())

    finish(context, answer, as_json=as_json, trace=trace)
