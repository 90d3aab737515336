"""How good a trained surface is: against its scene's truth and its held-out views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from clinometer.surface.mesh.extract import extract
from clinometer.surface.mesh.finish import coloured, decimated, largest
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.metrics import Measures, measure, psnr
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.trained import Trained

__all__ = ["Quality", "evaluate", "mesh_of"]


@final
@dataclass(frozen=True)
class Quality:
    """What was found.

    measures : of the mesh against the truth; None where that is not known.
    psnr : decibels, mean over the held-out views; None where there are none.
    watertight : whether the largest part of the mesh is closed. area : that of the
    whole mesh over that of its largest part: more than 1 where something floats about.
    """

    measures: Measures | None
    psnr: float | None
    watertight: bool
    area: float

    def __str__(self) -> str:
        lines = [] if self.measures is None else [str(self.measures), ""]
        if self.psnr is not None:
            lines.append(f"held-out views: {self.psnr:.2f} dB")
        closed = "closed" if self.watertight else "not closed"
        lines.append(f"largest part: {closed}; all parts have {self.area:.3f} its area")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """It as numbers."""
        return {
            "measures": None if self.measures is None else self.measures.as_dict(),
            "psnr": self.psnr,
            "watertight": self.watertight,
            "area": self.area,
        }


def mesh_of(
    trained: Trained,
    resolution: int = 256,
    *,
    everything: bool = False,
    colours: bool = True,
    faces: int | None = None,
) -> Mesh:
    """The mesh of a trained surface, in scene units.

    resolution : cells per axis, a multiple of 32. everything : all parts, not only the
    largest. colours : whether vertices have one. faces : at most so many, by
    decimation.
    Raises InputError as `extract` does.
    """
    mesh = extract(trained.distances, resolution)
    if not everything:
        mesh = largest(mesh)
    if faces is not None and faces < len(mesh.faces):
        mesh = decimated(mesh, faces)
    mesh = mesh.with_normals()
    if colours:
        mesh = coloured(mesh, trained.colours)
    return mesh


def evaluate(
    trained: Trained, scene: Scene, *, resolution: int = 256, seed: int = 0
) -> Quality:
    """How close the largest part of the mesh, and pictures of held-out views, come."""
    whole = extract(trained.distances, resolution)
    mesh = largest(whole)
    seen = [
        psnr(trained.picture(view.camera).colour, view.image) for view in scene.held_out
    ]
    truth = scene.truth
    return Quality(
        measures=None if truth is None else measure(mesh, truth, seed=seed),
        psnr=float(np.mean(seen)) if seen else None,
        watertight=mesh.is_watertight,
        area=whole.area / mesh.area,
    )
