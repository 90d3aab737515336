"""Scenes of meshes and of solids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.scenes.scene import Floats, Frame, Scene, Truth
from clinometer.surface.synth.albedo import Pattern, Plain
from clinometer.surface.synth.casting import Caster
from clinometer.surface.synth.load import loaded
from clinometer.surface.synth.model import Model, corner_normals
from clinometer.surface.synth.pictures import photograph, seen
from clinometer.surface.synth.solids import Solid, slopes
from clinometer.surface.synth.studio import Studio, cameras
from clinometer.surface.synth.truth import mesh_of

__all__ = ["mesh_scene", "photographed", "solid_scene"]


def mesh_scene(
    mesh: str | Path | tuple[Floats, NDArray[np.int64]],
    studio: Studio | None = None,
    *,
    texture: str | Path | None = None,
    name: str | None = None,
) -> Scene:
    """Pictures of a mesh, moved and scaled so that it fills the ball of radius 0.8.

    mesh : a file that trimesh reads (OBJ, PLY, STL, GLB ...), or vertices (V, 3) in any
        unit and faces (F, 3), anticlockwise from outside.
    studio : how the pictures are taken.
    texture : an image for a file with texture coordinates that names none.
    name : of the scene; the file's if not given.
    Returns a scene whose frame leads back to the mesh's own units and whose truth is
    the mesh, with the faces that the views see.
    Raises InputError if the file cannot be read or holds no triangles, and where
    vertices are not finite or faces name vertices that do not exist.
    """
    studio = studio or Studio()
    model, frame, called = loaded(mesh, texture)
    if studio.albedo == "plain":
        model = replace(model, albedo=Plain())
    return photographed(model, studio, name=name or called, frame=frame)


def solid_scene(
    solid: Solid,
    studio: Studio | None = None,
    *,
    name: str = "solid",
    cells: int = 192,
) -> Scene:
    """Pictures of a solid, which must lie in the ball of radius 1.

    studio : how the pictures are taken. cells : as of `mesh_of`, whose mesh is what is
    photographed and the truth, with the faces that the views see.
    Raises InputError as `mesh_of` does.
    """
    studio = studio or Studio()
    truth = mesh_of(solid, cells=cells)
    g = slopes(solid, truth.vertices)
    smooth = g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-3)
    normals = corner_normals(truth.vertices, truth.faces, smooth)
    albedo = Plain() if studio.albedo == "plain" else Pattern()
    return photographed(
        Model(truth.vertices, truth.faces, normals, albedo), studio, name=name
    )


def photographed(
    model: Model, studio: Studio, *, name: str, frame: Frame | None = None
) -> Scene:
    """All pictures of a model, as a scene with its truth."""
    caster = Caster(model.vertices, model.faces)
    training, held_out = cameras(studio)
    views = [
        tuple(
            photograph(
                model, caster, camera, studio=studio, name=f"{name}/{kind}_{i:03}"
            )
            for i, camera in enumerate(group)
        )
        for kind, group in (("train", training), ("test", held_out))
    ]
    truth = Truth(model.vertices, model.faces)
    truth = replace(truth, seen=seen(caster, truth, training))
    return Scene(name, views[0], views[1], frame or Frame(), studio.background, truth)
