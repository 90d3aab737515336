"""The commands `surface study` and `ablate`: the numerical gradient itself."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace
from clinometer.cli.surface.options import Out, Threads, ended
from clinometer.table import Json

__all__ = ["ablate_command", "study_command"]


def study_command(
    context: typer.Context,
    out: Out,
    seed: Annotated[int, typer.Option(help="Of the random numbers in a grid.")] = 0,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Measure and draw what the step does to the gradient of a hash grid."""

    def answer() -> Answer:
        from clinometer.show.surface import draw_panel, draw_study
        from clinometer.surface.study import study

        found = study(seed)
        files = [draw_study(found, out / "surface-gradient.png")]
        files += [
            draw_panel(found, name, out / f"{name}.png") for name in found.as_dict()
        ]
        names = [str(path) for path in files]
        data: dict[str, Json] = {"figures": found.as_dict(), "files": [*names]}
        return Answer(0, Text("\n".join([str(found), "", *names])), data)

    ended(context, answer, stopped="stopped", as_json=as_json, trace=trace)


def ablate_command(
    context: typer.Context,
    out: Out,
    seeds: Annotated[int, typer.Option(help="Trainings of each kind.")] = 5,
    iterations: Annotated[int, typer.Option(help="Steps of each training.")] = 1000,
    small: Annotated[
        bool, typer.Option(help="Less than an hour of one processor.")
    ] = False,
    way: Annotated[
        list[str] | None, typer.Option(help="One to compare; repeat for more.")
    ] = None,
    scene: Annotated[
        list[str] | None, typer.Option(help="A synthetic one; repeat for more.")
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Trainings at a time, of one thread each.")
    ] = 1,
    threads: Threads = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Compare ways to the field's gradient; goes on where it was stopped."""

    def answer() -> Answer:
        from clinometer.surface.ablation import METRICS, SCENES, SMALL, ablate, table
        from clinometer.surface.settings import Settings

        settings = Settings(iterations=iterations, threads=threads)
        if small:
            settings = dataclasses.replace(SMALL, threads=threads)
        console = Console(stderr=True)
        lines = ablate(
            out,
            scenes=scene or SCENES,
            seeds=seeds,
            ways=way,
            settings=settings,
            processes=processes,
            watch=lambda done, total, line: console.print(
                f"{done}/{total} {line.case.way}, {line.case.scene}, seed "
                f"{line.case.seed}: Chamfer {line.chamfer * 1e3:.2f}e-3, normals "
                f"{line.normal_error:.2f} degrees, {line.psnr:.1f} dB",
                highlight=False,
            ),
        )
        tables = "\n\n".join(table(lines, metric) for metric in METRICS)
        data: dict[str, Json] = {"lines": [dataclasses.asdict(line) for line in lines]}
        return Answer(0, Text(tables), data)

    stopped = f"stopped; {out} keeps every whole training, the same command goes on"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)
