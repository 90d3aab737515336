"""The commands `surface …`: from photographs to a mesh."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace, finish
from clinometer.errors import InputError

if TYPE_CHECKING:
    from clinometer.surface.kernel.choice import Kernel
    from clinometer.surface.scenes.scene import Background, Scene
    from clinometer.surface.settings import Settings
    from clinometer.surface.source import SceneSource
    from clinometer.surface.train import Progress as Told
    from clinometer.surface.train import Training
    from clinometer.surface.trained import Trained
    from clinometer.surface.view import Viewer

__all__ = ["surface"]

# Before torch is loaded: threads of OpenMP that wait for each other by spinning stall
# where other programs want the processors, too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

surface = typer.Typer(
    no_args_is_help=True,
    help="Surfaces from photographs, trained through numerical gradients.",
)

Place = Annotated[
    str,
    typer.Argument(
        metavar="SCENE",
        help="A folder of photographs with cameras (transforms.json, COLMAP, "
        "Middlebury, NeuS), or synth:NAME.",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Out = Annotated[Path, typer.Option("--out", help="Where to put it.")]
Resolution = Annotated[
    int, typer.Option(help="Cells per axis of the mesh, a multiple of 32.")
]


@surface.command("train")
def train_command(
    context: typer.Context,
    place: Place,
    out: Out,
    preset: Annotated[
        str, typer.Option(help="fast, paper, shipped, random or analytical.")
    ] = "fast",
    iterations: Annotated[int, typer.Option(help="Steps of the optimiser.")] = 2000,
    rays: Annotated[int, typer.Option(help="Pixels in a step.")] = 512,
    samples: Annotated[int, typer.Option(help="Points on a ray.")] = 16,
    finest: Annotated[int, typer.Option(help="Cells of the finest level.")] = 256,
    seed: Annotated[int, typer.Option(help="Of every random number.")] = 0,
    threads: Annotated[
        int | None, typer.Option(help="Of the kernel; all processors if omitted.")
    ] = None,
    kernel: Annotated[str, typer.Option(help="auto, fused or plain.")] = "auto",
    hold_out: Annotated[
        int, typer.Option(help="Keep every k-th view to judge by.")
    ] = 8,
    background: Annotated[
        str | None, typer.Option(help="white, black, random or learned.")
    ] = None,
    box: Annotated[
        str | None, typer.Option(help='"x y z radius" in the units of the files.')
    ] = None,
    max_size: Annotated[
        int | None, typer.Option(help="Most pixels of an image's longer side.")
    ] = None,
    exposure: Annotated[
        bool, typer.Option(help="Photographs differ in their exposure.")
    ] = False,
    resume: Annotated[bool, typer.Option(help="Go on from RUN's checkpoint.")] = False,
    view: Annotated[bool, typer.Option(help="Show it in a browser meanwhile.")] = False,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Train a surface on a scene; Ctrl-C keeps what is reached."""

    def answer() -> Answer:
        from clinometer.surface.grid import Grid
        from clinometer.surface.settings import Settings, preset_named
        from clinometer.surface.source import SceneSource

        source = SceneSource(
            place,
            hold_out=hold_out,
            background=cast("Background | None", background),
            box=_box(box),
            max_size=max_size,
        )
        settings = Settings(
            iterations=iterations,
            rays=rays,
            samples=samples,
            grid=Grid(finest=finest),
            plan=preset_named(preset),
            exposure=exposure,
            seed=seed,
            threads=threads,
            kernel=cast("Kernel", kernel),
        )
        return _trained(source, None if resume else settings, out, view=view)

    finish(context, answer, as_json=as_json, trace=trace)


@surface.command("mesh")
def mesh_command(
    context: typer.Context,
    run: Folder,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="PLY, OBJ or GLB; RUN/mesh.ply if omitted."),
    ] = None,
    resolution: Resolution = 512,
    everything: Annotated[
        bool, typer.Option("--all", help="All parts, not only the largest.")
    ] = False,
    colours: Annotated[bool, typer.Option(help="Colours of vertices.")] = True,
    faces: Annotated[
        int | None, typer.Option(help="At most so many triangles.")
    ] = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Take the mesh from a run, in the units of its scene's files."""

    def answer() -> Answer:
        from clinometer.surface.evaluate import mesh_of
        from clinometer.surface.mesh.file import save

        trained = _of(run)
        mesh = mesh_of(
            trained, resolution, everything=everything, colours=colours, faces=faces
        )
        path = save(mesh.in_world(trained.frame), out or run / "mesh.ply")
        closed = "closed" if mesh.is_watertight else "not closed"
        counts = f"{len(mesh.vertices):,} vertices, {len(mesh.faces):,} triangles"
        data = {
            "path": str(path),
            "vertices": len(mesh.vertices),
            "faces": len(mesh.faces),
            "watertight": mesh.is_watertight,
        }
        return Answer(0, Text(f"{path}: {counts}, {closed}"), data)

    finish(context, answer, as_json=as_json, trace=trace)


@surface.command("eval")
def eval_command(
    context: typer.Context,
    run: Folder,
    resolution: Resolution = 256,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Judge a run by its held-out views and, where it is known, the true surface."""

    def answer() -> Answer:
        from clinometer.surface.evaluate import evaluate
        from clinometer.surface.folder import RunFolder

        quality = evaluate(
            _of(run), RunFolder(run).source().scene(), resolution=resolution
        )
        return Answer(0, Text(str(quality)), quality.as_dict())

    finish(context, answer, as_json=as_json, trace=trace)


@surface.command("view")
def view_command(
    context: typer.Context,
    run: Folder,
    port: Annotated[int, typer.Option(help="Of the page.")] = 8080,
    picture: Annotated[
        Path | None,
        typer.Option("--still", help="Write a picture of four sides, and no page."),
    ] = None,
    film: Annotated[
        Path | None,
        typer.Option("--turntable", help="Write a GIF that turns, and no page."),
    ] = None,
    size: Annotated[int, typer.Option(help="Pixels along a picture's side.")] = 256,
    up: Annotated[str, typer.Option(help="Which way is up: x, y, z, -x, -y or -z.")] = (
        "y"
    ),
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Show a run: as a page in the browser, a picture or a film."""

    def answer() -> Answer:
        from clinometer.surface.stills import direction, sheet, turntable

        trained = _of(run)
        if picture is not None:
            sheet(trained, picture, size=size, up=direction(up))
        if film is not None:
            turntable(trained, film, size=size, up=direction(up))
        written = [str(path) for path in (picture, film) if path is not None]
        if not written:
            _serve(run, trained, port)
        return Answer(0, Text("\n".join(written)), {"written": written})

    finish(context, answer, as_json=as_json, trace=trace)


@surface.command("synth")
def synth_command(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A named scene, or a mesh file.")
    ],
    out: Out,
    views: Annotated[int | None, typer.Option(help="To train on.")] = None,
    size: Annotated[int | None, typer.Option(help="Pixels along a side.")] = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Make a synthetic scene: photographs of a known surface, in files."""

    def answer() -> Answer:
        from clinometer.surface.synth.named import scene_named
        from clinometer.surface.synth.save import save_scene
        from clinometer.surface.synth.scenes import mesh_scene
        from clinometer.surface.synth.studio import Studio

        given = {"views": views, "size": size}
        studio = Studio(**{key: value for key, value in given.items() if value})
        is_file = Path(name).suffix and Path(name).exists()
        scene = mesh_scene(name, studio) if is_file else scene_named(name, studio)
        path = save_scene(scene, out)
        count = f"{len(scene.views)} views and {len(scene.held_out)} held-out ones"
        return Answer(0, Text(f"{path}: {count}"), {"path": str(path)})

    finish(context, answer, as_json=as_json, trace=trace)


@surface.command("ablate")
def ablate_command(
    context: typer.Context,
    out: Out,
    seeds: Annotated[int, typer.Option(help="Trainings of each kind.")] = 5,
    iterations: Annotated[int, typer.Option(help="Steps of each training.")] = 1000,
    small: Annotated[
        bool, typer.Option(help="Less than an hour of one processor.")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Of the kernel.")] = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Compare ways to the field's gradient; goes on where it was stopped."""

    def answer() -> Answer:
        from clinometer.surface.ablation import METRICS, SMALL, ablate, table
        from clinometer.surface.settings import Settings

        settings = Settings(iterations=iterations, threads=threads)
        if small:
            settings = dataclasses.replace(SMALL, threads=threads)
        console = Console(stderr=True)
        lines = ablate(
            out,
            seeds=seeds,
            settings=settings,
            watch=lambda done, total, line: console.print(
                f"{done}/{total} {line.case.way}, {line.case.scene}, seed "
                f"{line.case.seed}: Chamfer {line.chamfer * 1e3:.2f}e-3, normals "
                f"{line.normal_error:.2f} degrees, {line.psnr:.1f} dB",
                highlight=False,
            ),
        )
        tables = "\n\n".join(table(lines, metric) for metric in METRICS)
        data = {"lines": [dataclasses.asdict(line) for line in lines]}
        return Answer(0, Text(tables), data)

    finish(context, answer, as_json=as_json, trace=trace)


def _trained(
    source: SceneSource, settings: Settings | None, out: Path, *, view: bool
) -> Answer:
    """Train, with a bar where someone looks, and say what came out."""
    from clinometer.surface.train import train

    begun = time.perf_counter()
    console = Console(stderr=True)
    viewer: list[Viewer] = []
    with _Bar(console) as bar:

        def watch(training: Training, told: Told) -> None:
            bar.show(told)
            if view and not viewer:
                viewer.append(_viewer(training.scene, console))
            for page in viewer:
                page(training, told)

        training = train(
            source, settings, out=out, resume=settings is None, watch=watch
        )
    seconds = time.perf_counter() - begun
    data = {"out": str(out), "iterations": training.iteration, "seconds": seconds}
    said = (
        f"{out}: {training.iteration:,} iterations on {len(training.scene.views)} views"
        f" in {seconds:.0f} s\nnext: clinometer surface mesh {out}"
    )
    return Answer(0, Text(said), data)


def _viewer(scene: Scene, console: Console) -> Viewer:
    """A page that shows the scene; where it is, is said."""
    from clinometer.surface.view import Viewer

    viewer = Viewer(scene.views)
    console.print(f"watch it at {viewer.address}", highlight=False)
    return viewer


def _serve(run: Path, trained: Trained, port: int) -> None:
    """Show a trained surface until Ctrl-C."""
    from clinometer.surface.folder import RunFolder
    from clinometer.surface.view import Viewer

    viewer = Viewer(RunFolder(run).source().scene().views, port=port)
    viewer.show(trained)
    typer.echo(f"{viewer.address} (Ctrl-C ends it)")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        viewer.stop()


def _of(run: Path) -> Trained:
    """What the checkpoint in a run's folder holds."""
    from clinometer.surface.folder import RunFolder
    from clinometer.surface.trained import Trained

    return Trained.of(RunFolder(run).checkpoint())


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


@final
class _Bar:
    """How far a training is, on a terminal; nothing anywhere else."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("training"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TextColumn("[dim](Ctrl-C keeps what is reached)"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("training", said="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, told: Told) -> None:
        """Show where a training stands."""
        step = told.step
        self._progress.update(
            self._task,
            completed=told.iteration,
            total=told.iterations,
            said=f"loss {sum(step.losses.values()):.4f}, {step.psnr:.1f} dB, level "
            f"{step.levels}, {told.left:.0f} s left",
        )
