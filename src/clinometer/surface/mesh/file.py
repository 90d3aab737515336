"""Meshes in files: PLY, OBJ and GLB, through trimesh."""

# trimesh's own types are partly unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from clinometer.errors import InputError
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.storage import replacing

__all__ = ["SUFFIXES", "load", "save"]

SUFFIXES = (".ply", ".obj", ".glb")


def save(mesh: Mesh, path: str | Path) -> Path:
    """The file that now holds the mesh, in the format that its suffix names.

    It is written beside its place and then moved there: a full disk or an interruption
    leaves an older file as it was. Missing folders are made.
    Raises InputError for an unknown suffix or an empty mesh, StorageError where the
    disk does not take it.
    """
    path = Path(path)
    suffix = _suffix(path)
    if not len(mesh.faces):
        raise InputError(f"an empty mesh is not written to {path}: it has no faces")
    text: Any = _trimesh(mesh).export(file_type=suffix[1:])
    data: bytes = text.encode() if isinstance(text, str) else text
    with replacing(path) as beside:
        beside.write_bytes(data)
    return path


def load(path: str | Path) -> Mesh:
    """The mesh that a file holds; several parts are taken as one.

    Raises InputError where the file is missing, of another kind, broken, or without
    triangles.
    """
    path = Path(path)
    suffix = _suffix(path)
    if not path.is_file():
        raise InputError(f"there is no mesh file {path}")
    try:
        found: Any = trimesh.load_mesh(path, file_type=suffix[1:], process=False)
    except Exception as error:  # trimesh's readers raise whatever they trip over
        raise InputError(
            f"{path} cannot be read as a {suffix[1:].upper()} mesh: {error}; was it "
            "written to its end?"
        ) from error
    if not isinstance(found, trimesh.Trimesh) or not len(found.faces):
        raise InputError(f"{path} holds no triangles")
    colours = None
    visual: Any = found.visual
    if visual.kind == "vertex":
        shades = visual.vertex_colors[:, :3]
        colours = np.ascontiguousarray(shades, dtype=np.uint8)
    return Mesh(
        np.array(found.vertices, dtype=np.float64),
        np.array(found.faces, dtype=np.int64),
        colours,
    )


def _trimesh(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(
        mesh.vertices,
        mesh.faces,
        vertex_normals=mesh.normals,
        vertex_colors=mesh.colours,
        process=False,
    )


def _suffix(path: Path) -> str:
    """The suffix, in lower case, of a format that we write."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"a mesh file ends in {', '.join(SUFFIXES)}, got {path.name!r}"
        )
    return suffix
