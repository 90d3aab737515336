"""A model: a mesh with normals and colours, ready to be photographed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.scenes.scene import Floats
from clinometer.surface.synth.albedo import Albedo

__all__ = ["CREASE", "Model", "corner_normals", "face_normals", "vertex_normals"]

CREASE = math.cos(math.radians(40.0))
"""Cosine of the angle between a face and the mean normal at a corner beyond which the
surface has an edge there: 40 degrees are more than any smooth mesh bends at a vertex
and less than the 45 of the edge of a box."""


@final
@dataclass(frozen=True, eq=False)
class Model:
    """A mesh with what its pictures depend on, in scene units.

    vertices : (V, 3). faces : (F, 3), anticlockwise from outside.
    normals : (F, 3, 3) of length 1, at the faces' corners.
    albedo : its colour.
    """

    vertices: Floats
    faces: NDArray[np.int64]
    normals: Floats
    albedo: Albedo

    @cached_property
    def flat(self) -> Floats:
        """(F, 3) normals of the faces themselves."""
        return face_normals(self.vertices, self.faces)

    @cached_property
    def reach(self) -> float:
        """Distance of its farthest vertex from the origin, scene units."""
        return float(np.max(np.linalg.norm(self.vertices, axis=1)))


def face_normals(vertices: Floats, faces: NDArray[np.int64]) -> Floats:
    """(F, 3) of length 1; 0 for a face without area."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return _unit(_cross(b - a, c - a))


def vertex_normals(vertices: Floats, faces: NDArray[np.int64]) -> Floats:
    """(V, 3) means of the normals of the faces round a vertex, weighted by their angle.

    By area, how a flat side is cut into triangles would matter. Source: Thürmer and
    Wüthrich 1998, Computing vertex normals from polygonal facets.
    """
    own = face_normals(vertices, faces)
    total = np.zeros_like(vertices)
    for corner in range(3):
        here = vertices[faces[:, corner]]
        a = vertices[faces[:, (corner + 1) % 3]] - here
        b = vertices[faces[:, (corner + 2) % 3]] - here
        across = np.linalg.norm(_cross(a, b), axis=1)
        angle = np.arctan2(across, np.einsum("fk,fk->f", a, b))
        np.add.at(total, faces[:, corner], angle[:, None] * own)
    return _unit(total)


def corner_normals(
    vertices: Floats, faces: NDArray[np.int64], smooth: Floats
) -> Floats:
    """(F, 3, 3) normals to shade with: smooth ones, but the face's own at an edge.

    smooth : (V, 3) normals of length 1 at the vertices.
    """
    own = face_normals(vertices, faces)
    normals = smooth[faces]
    edge = np.einsum("fck,fk->fc", normals, own) < CREASE
    return np.where(edge[..., None], own[:, None], normals)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.cross(a, b), dtype=np.float64)


def _unit(x: Floats) -> Floats:
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
