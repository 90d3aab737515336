"""The command `surface demo`: a scene, trained, meshed, measured and shown."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clinometer.cli.answer import Answer, AsJson, Trace
from clinometer.cli.surface.options import Threads, ended
from clinometer.cli.surface.training import trained
from clinometer.table import Json, aligned

__all__ = ["demo_command"]

RESOLUTION = 256
"""Cells per axis of the mesh, and of the one that is judged."""


def demo_command(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The folder to put it in.")] = Path(
        "out/surface-demo"
    ),
    scene: Annotated[
        str, typer.Option(help="A synthetic scene, as `surface synth` names them.")
    ] = "creature",
    iterations: Annotated[int, typer.Option(help="Steps of the optimiser.")] = 1500,
    threads: Threads = None,
    as_json: AsJson = False,
    trace: Trace = False,
) -> None:
    """Train a synthetic scene, take its mesh, measure it, and draw it.

    Where the folder holds a demo that was stopped, it goes on.
    """

    def answer() -> Answer:
        from clinometer.surface.evaluate import evaluate, mesh_of
        from clinometer.surface.mesh.file import save
        from clinometer.surface.settings import Settings
        from clinometer.surface.source import SceneSource
        from clinometer.surface.stills import direction, sheet

        begun = time.perf_counter()
        settings = Settings(iterations=iterations, threads=threads)
        again = (out / "checkpoint.safetensors").exists()
        source = SceneSource(f"synth:{scene}")
        training = trained(source, settings, out, resume=again)
        surface = training.trained()
        mesh = mesh_of(surface, RESOLUTION)
        quality = evaluate(surface, training.scene, resolution=RESOLUTION)
        files = {
            "mesh": save(mesh.in_world(surface.frame), out / "mesh.ply"),
            "picture": out / "sides.png",
            "run": out,
        }
        sheet(surface, files["picture"], up=direction("y"))
        seconds = time.perf_counter() - begun
        rows = [[name, str(path)] for name, path in files.items()]
        said = [
            f"{scene}: {training.iteration:,} iterations on "
            f"{len(training.scene.views)} views; all in {seconds:.0f} s",
            *("", str(quality), ""),
            *aligned(["what", "where"], rows),
            f"next: clinometer surface view {out}",
        ]
        data: dict[str, Json] = {
            "seconds": seconds,
            "iterations": training.iteration,
            "quality": quality.as_dict(),
            "files": {name: str(path) for name, path in files.items()},
        }
        return Answer(0, Text("\n".join(said)), data)

    stopped = "stopped; the same command goes on from the last whole step"
    ended(context, answer, stopped=stopped, as_json=as_json, trace=trace)
