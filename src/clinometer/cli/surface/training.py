"""The command `surface train`, and the training that `surface demo` shares with it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace
from clinometer.cli.surface.options import Out, Threads, chosen, ended, heard
from clinometer.cli.surface.progress import Bar, Ending
from clinometer.errors import InputError
from clinometer.table import Json

if TYPE_CHECKING:
    from clinometer.surface.folder import RunFolder
    from clinometer.surface.settings import Settings
    from clinometer.surface.source import SceneSource
    from clinometer.surface.train import Progress as Told
    from clinometer.surface.train import Training
    from clinometer.surface.view import Viewer

__all__ = ["train_command", "trained"]

SYNTHETIC = "synth:"


Place = Annotated[
    str,
    typer.Argument(
        metavar="SCENE",
        help="A folder of photographs with cameras (transforms.json, COLMAP, "
        "Middlebury, NeuS), or synth:NAME.",
    ),
]
Preset = Annotated[
    str, typer.Option(help="fast, paper, shipped, random or analytical.")
]
HoldOut = Annotated[int, typer.Option(help="Keep every k-th view to judge by.")]
Backdrop = Annotated[str | None, typer.Option(help="white, black, random or learned.")]
Box = Annotated[
    str | None, typer.Option(help='"x y z radius" in the units of the files.')
]
MaxSize = Annotated[
    int | None, typer.Option(help="Most pixels of an image's longer side.")
]
Device = Annotated[str, typer.Option(help="cpu, or cuda for the plain field on a GPU.")]
Exposure = Annotated[bool, typer.Option(help="Photographs differ in their exposure.")]


def train_command(
    context: typer.Context,
    place: Place,
    out: Out,
    preset: Preset = "fast",
    iterations: Annotated[int, typer.Option(help="Steps of the optimiser.")] = 2000,
    rays: Annotated[int, typer.Option(help="Pixels in a step.")] = 512,
    samples: Annotated[int, typer.Option(help="Points on a ray.")] = 16,
    finest: Annotated[int, typer.Option(help="Cells of the finest level.")] = 256,
    seed: Annotated[int, typer.Option(help="Of every random number.")] = 0,
    threads: Threads = None,
    kernel: Annotated[str, typer.Option(help="auto, fused or plain.")] = "auto",
    device: Device = "cpu",
    hold_out: HoldOut = 8,
    background: Backdrop = None,
    box: Box = None,
    max_size: MaxSize = None,
    exposure: Exposure = False,
    resume: Annotated[bool, typer.Option(help="Go on from RUN's checkpoint.")] = False,
    view: Annotated[bool, typer.Option(help="Show it in a browser meanwhile.")] = False,
    port: Annotated[int, typer.Option(help="Of the page that --view shows.")] = 8080,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Train a surface on a scene; Ctrl-C keeps what is reached."""
    of_scene = {
        "hold_out": hold_out,
        "background": background,
        "box": box,
        "max_size": max_size,
    }
    of_settings = {
        "iterations": iterations,
        "rays": rays,
        "samples": samples,
        "finest": finest,
        "preset": preset,
        "exposure": exposure,
        "seed": seed,
        "threads": threads,
        "kernel": kernel,
    }

    def answer() -> Answer:
        from clinometer.surface.folder import RunFolder

        begun = time.perf_counter()
        before = RunFolder(out) if resume else None
        said = {k: of_scene[k] for k in chosen(context, *of_scene)}
        source = _source(place, said, of_scene, before=before)
        told = {k: of_settings[k] for k in chosen(context, *of_settings)}
        settings = _settings(told if resume else of_settings, before=before)
        page = port if view else None
        training = trained(
            source, settings, out, resume=resume, device=device, port=page
        )
        return _done(training, out, time.perf_counter() - begun)

    stopped = "stopped before the training began; nothing is kept"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)


def _done(training: Training, out: Path, seconds: float) -> Answer:
    """What is said of a training that took so many seconds."""
    views = len(training.scene.views)
    data: dict[str, Json] = {
        "out": str(out),
        "iterations": training.iteration,
        "views": views,
        "seconds": seconds,
    }
    said = (
        f"{out}: {training.iteration:,} iterations on {views} views "
        f"in {seconds:.0f} s\nnext: clinometer surface mesh {out}"
    )
    return Answer(0, Text(said), data)


def trained(
    source: SceneSource,
    settings: Settings,
    out: Path,
    *,
    resume: bool,
    device: str = "cpu",
    port: int | None = None,
) -> Training:
    """A training to its end, with a bar where someone looks, and a page on a port.

    Raises KeyboardInterrupt that says what is left, and as `train` does.
    """
    from clinometer.surface.train import train

    console = Console(stderr=True, highlight=False)
    viewer: list[Viewer] = []
    last: list[Told] = []
    with heard(console), Bar(console) as bar, Ending() as ending:

        def watch(training: Training, told: Told) -> None:
            last[:] = [told]
            bar.show(told)
            if port is not None and not viewer:
                viewer.append(_viewer(training, port, console))
            for page in viewer:
                page(training, told)
            ending.between_steps()

        try:
            return train(
                source, settings, out=out, resume=resume, device=device, watch=watch
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_left(source, out, last)) from None
        finally:
            for page in viewer:
                page.stop()


def _left(source: SceneSource, out: Path, last: list[Told]) -> str:
    """What is left of a training that was ended."""
    if last:
        (told,) = last
        return (
            f"stopped after iteration {told.iteration:,} of {told.iterations:,}, which "
            f"{out} keeps; to go on: clinometer surface train {source.place} "
            f"--out {out} --resume"
        )
    return "stopped before the first step; nothing is kept"


def _viewer(training: Training, port: int, console: Console) -> Viewer:
    """A page that shows the scene; where it is, is said."""
    from clinometer.surface.view import Viewer

    levels = training.settings.grid.levels
    viewer = Viewer(training.scene.views, levels=levels, port=port)
    console.print(f"watch it at {viewer.address}")
    return viewer


def _source(
    place: str,
    said: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    before: RunFolder | None,
) -> SceneSource:
    """Where the scene comes from.

    said : options that the command line holds. options : all of them. before : a run to
    go on with; what is not said is then as it was.
    """
    from clinometer.surface.source import SceneSource

    if place.startswith(SYNTHETIC) and said:
        names = ", ".join(sorted(f"--{name.replace('_', '-')}" for name in said))
        raise InputError(
            f"{place} is made, not read from files, and takes no {names}; "
            "`clinometer surface synth` writes it to files, which do"
        )
    if before is not None:
        before.checkpoint()  # what is not there is told of first
        if (before.path / "scene.json").is_file():
            return dataclasses.replace(before.source(), place=place, **_read(said))
    return SceneSource(place, **_read(options))


def _read(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a scene with the box as numbers."""
    read = dict(options)
    if "box" in read:
        read["box"] = _box(read["box"])
    return read


def _settings(options: Mapping[str, Any], *, before: RunFolder | None) -> Settings:
    """How it is trained: by options, and for the rest as before."""
    from clinometer.surface.settings import Settings, preset_named

    base = Settings() if before is None else before.checkpoint().settings
    parts = dict(options)
    if "finest" in parts:
        parts["grid"] = dataclasses.replace(base.grid, finest=parts.pop("finest"))
    if "preset" in parts:
        parts["plan"] = preset_named(parts.pop("preset"))
    return dataclasses.replace(base, **parts)


def _box(given: str | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    try:
        x, y, z, radius = (float(part) for part in given.replace(",", " ").split())
    except ValueError as reason:
        raise InputError(
            f'--box must be four numbers, "x y z radius", got {given!r}'
        ) from reason
    return x, y, z, radius
