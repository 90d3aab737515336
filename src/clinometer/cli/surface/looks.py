"""The commands `surface mesh`, `eval` and `view`: what a run has come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace
from clinometer.cli.surface.options import Folder, Resolution, ended, of
from clinometer.errors import InputError
from clinometer.table import Json

if TYPE_CHECKING:
    from clinometer.surface.trained import Trained

__all__ = ["eval_command", "mesh_command", "view_command"]


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
        from clinometer.surface.mesh.file import SUFFIXES, save

        path = out or run / "mesh.ply"
        if path.suffix.lower() not in SUFFIXES:  # before the work, not after it
            raise InputError(f"a mesh file ends in {', '.join(SUFFIXES)}, got {path}")
        trained = of(run)
        mesh = mesh_of(
            trained, resolution, everything=everything, colours=colours, faces=faces
        )
        path = save(mesh.in_world(trained.frame), path)
        closed = "closed" if mesh.is_watertight else "not closed"
        counts = f"{len(mesh.vertices):,} vertices, {len(mesh.faces):,} triangles"
        data: dict[str, Json] = {
            "path": str(path),
            "vertices": len(mesh.vertices),
            "faces": len(mesh.faces),
            "watertight": mesh.is_watertight,
        }
        return Answer(0, Text(f"{path}: {counts}, {closed}"), data)

    stopped = "stopped; no mesh is written"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)


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

        trained, scene = of(run), RunFolder(run).source().scene()
        quality = evaluate(trained, scene, resolution=resolution)
        return Answer(0, Text(str(quality)), quality.as_dict())

    stopped = "stopped before it was judged"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)


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

        way = direction(up)
        trained = of(run)
        if picture is not None:
            sheet(trained, picture, size=size, up=way)
        if film is not None:
            turntable(trained, film, size=size, up=way)
        written = [str(path) for path in (picture, film) if path is not None]
        if not written:
            _serve(run, trained, port)
        return Answer(0, Text("\n".join(written)), {"written": [*written]})

    ended(context, answer, stopped="stopped", as_json=as_json, trace=trace)


def _serve(run: Path, trained: Trained, port: int) -> None:
    """Show a trained surface until Ctrl-C."""
    from clinometer.surface.folder import RunFolder
    from clinometer.surface.view import Viewer

    levels = trained.settings.grid.levels
    views = RunFolder(run).source().scene().views
    viewer = Viewer(views, levels=levels, port=port)
    try:
        viewer.say(str(run))
        viewer.show(trained)
        typer.echo(f"{viewer.address} (Ctrl-C ends it)", err=True)
        while True:
            viewer.wait(1.0)
    except KeyboardInterrupt:
        return
    finally:
        viewer.stop()
