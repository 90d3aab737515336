"""The commands `surface synth` and `poses`: scenes to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace
from clinometer.cli.surface.options import Out, ended, heard
from clinometer.table import Json

__all__ = ["poses_command", "synth_command"]


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
        known: dict[str, Any] = {
            key: value for key, value in given.items() if value is not None
        }
        studio = Studio(**known)
        is_file = Path(name).suffix != ""
        scene = mesh_scene(name, studio) if is_file else scene_named(name, studio)
        path = save_scene(scene, out)
        count = f"{len(scene.views)} views and {len(scene.held_out)} held-out ones"
        said = f"{path}: {count}\nnext: clinometer surface train {out} --out RUN"
        data: dict[str, Json] = {
            "path": str(path),
            "views": len(scene.views),
            "held_out": len(scene.held_out),
        }
        return Answer(0, Text(said), data)

    stopped = f"stopped; {out} may hold a part of the scene"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)


def poses_command(
    context: typer.Context,
    photographs: Annotated[
        Path, typer.Argument(metavar="PHOTOS", help="A folder of photographs.")
    ],
    out: Out,
    max_size: Annotated[
        int, typer.Option(help="Most pixels of a photograph's longer side.")
    ] = 1600,
    threads: Annotated[int, typer.Option(help="With 1, the same twice.")] = 1,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Find where photographs were taken from, by COLMAP."""

    def answer() -> Answer:
        from clinometer.surface.scenes.poses import find_poses

        with heard(Console(stderr=True, highlight=False)):
            path = find_poses(photographs, out, max_size=max_size, threads=threads)
        said = f"{path}\nnext: clinometer surface train {path} --out RUN"
        return Answer(0, Text(said), {"path": str(path)})

    stopped = f"stopped; remove {out} before another try"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)
