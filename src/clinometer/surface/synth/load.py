"""Meshes from files or arrays, with their colours, as models of radius 0.8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats, Frame
from clinometer.surface.synth.albedo import Albedo, CornerColours, Pattern, Texture
from clinometer.surface.synth.model import Model, corner_normals, vertex_normals

__all__ = ["RADIUS", "loaded"]

RADIUS = 0.8
"""Of a model in the scene's box, whose radius is 1: room for what grows too large
while it is trained, and for the background to begin."""


def loaded(
    mesh: str | Path | tuple[Floats, NDArray[np.int64]], texture: str | Path | None
) -> tuple[Model, Frame, str]:
    """The model, the frame that leads back to its own units, and its name."""
    if isinstance(mesh, tuple):
        vertices, faces = _checked(*mesh, source="the mesh")
        if texture is not None:
            raise InputError(
                "a texture needs a mesh file with texture coordinates, got arrays"
            )
        albedo, name = Pattern(), "mesh"
    else:
        path = Path(mesh)
        read = _read(path)
        vertices, faces = _checked(read.vertices, read.faces, source=str(path))
        albedo, name = _albedo(read, faces, texture), path.stem
    vertices, faces = _merged(vertices, faces)
    lowest, highest = vertices.min(axis=0), vertices.max(axis=0)
    centre = 0.5 * (lowest + highest)
    reach = float(np.max(np.linalg.norm(vertices - centre, axis=1)))
    if not reach > 0:
        raise InputError(f"{name}: all vertices of the mesh are one point, {centre}")
    frame = Frame(centre, reach / RADIUS)
    vertices = frame.to_scene(vertices)
    normals = corner_normals(vertices, faces, vertex_normals(vertices, faces))
    return Model(vertices, faces, normals, albedo), frame, name


def _read(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path}: no such mesh file")
    files: Any = trimesh
    try:
        read = files.load(path, force="mesh", process=False)
    except Exception as error:
        raise InputError(f"{path}: no mesh that trimesh can read: {error}") from error
    if not isinstance(read, trimesh.Trimesh) or not len(read.faces):
        raise InputError(f"{path}: holds no triangles; a surface is needed, not points")
    return read


def _checked(
    vertices: Any, faces: Any, *, source: str
) -> tuple[Floats, NDArray[np.int64]]:
    v, f = np.asarray(vertices, dtype=np.float64), np.asarray(faces)
    if v.ndim != 2 or v.shape[1] != 3 or not np.all(np.isfinite(v)):
        raise InputError(
            f"{source}: vertices must be (V, 3) finite numbers, got shape {v.shape}"
        )
    if f.ndim != 2 or f.shape[1] != 3 or not len(f) or f.dtype.kind not in "iu":
        raise InputError(
            f"{source}: faces must be (F, 3) whole numbers and at least one, got "
            f"shape {f.shape} of {f.dtype}"
        )
    if f.min() < 0 or f.max() >= len(v):
        raise InputError(
            f"{source}: faces must name vertices 0 ... {len(v) - 1}, got "
            f"{f.min()} ... {f.max()}"
        )
    return v, f.astype(np.int64)


def _merged(
    vertices: Floats, faces: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64]]:
    """The same mesh with every place once: files repeat vertices at a texture's seams,
    which would show as edges. Vertices that no face names are left out.
    """
    corners = vertices[faces.ravel()] + 0.0  # -0 becomes 0: they are one place
    used, index = np.unique(corners, axis=0, return_inverse=True)
    return used, index.reshape(faces.shape).astype(np.int64)


def _albedo(read: Any, faces: NDArray[np.int64], texture: str | Path | None) -> Albedo:
    uv = getattr(read.visual, "uv", None)
    if texture is not None:
        if uv is None:
            raise InputError("a texture needs texture coordinates, the mesh has none")
        return Texture(_image(Path(texture)), np.asarray(uv, dtype=np.float64)[faces])
    material = getattr(read.visual, "material", None)
    image = getattr(material, "image", None) or getattr(
        material, "baseColorTexture", None
    )
    if uv is not None and image is not None:
        return Texture(_floats(image), np.asarray(uv, dtype=np.float64)[faces])
    if read.visual.kind == "vertex":
        colours = np.asarray(read.visual.vertex_colors, dtype=np.float64)[:, :3] / 255
        return CornerColours(colours[faces])
    if read.visual.kind == "face":
        colours = np.asarray(read.visual.face_colors, dtype=np.float64)[:, :3] / 255
        return CornerColours(np.repeat(colours[:, None], 3, axis=1))
    return Pattern()


def _image(path: Path) -> NDArray[np.float32]:
    try:
        with Image.open(path) as image:
            return _floats(image)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path}: no image that can be read: {error}") from error


def _floats(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)
