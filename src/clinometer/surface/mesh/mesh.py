"""A triangle mesh as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Frame

__all__ = ["Faces", "Floats", "Mesh"]

Floats: TypeAlias = NDArray[np.float64]
Faces: TypeAlias = NDArray[np.int64]


@final
@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with shared vertices.

    vertices : (V, 3) float64, scene units unless said otherwise.
    faces : (F, 3) int64, counter-clockwise seen from outside.
    colours : (V, 3) uint8, sRGB, or None.
    normals : (V, 3) float64 of length 1, or None.
    Raises InputError where shapes do not fit, a vertex is not finite, or a face names a
    vertex that is not there.
    """

    vertices: Floats
    faces: Faces
    colours: NDArray[np.uint8] | None = None
    normals: Floats | None = None

    def __post_init__(self) -> None:
        count = len(self.vertices)
        if self.vertices.shape != (count, 3) or not np.isfinite(self.vertices).all():
            raise InputError(
                "vertices must be V x 3 finite numbers, got an array of shape "
                f"{self.vertices.shape}"
                f"{'' if np.isfinite(self.vertices).all() else ' with others in it'}"
            )
        if self.faces.shape != (len(self.faces), 3):
            raise InputError(
                f"faces must be F x 3: triangles; got an array of {self.faces.shape}"
            )
        if self.faces.size and not 0 <= self.faces.min() <= self.faces.max() < count:
            raise InputError(
                f"faces must name vertices 0 to {count - 1}, got "
                f"{self.faces.min()} to {self.faces.max()}"
            )
        for name, given in (("colours", self.colours), ("normals", self.normals)):
            if given is not None and given.shape != (count, 3):
                raise InputError(
                    f"{name} must be {count} x 3, one for each vertex, got an array "
                    f"of shape {given.shape}"
                )

    @cached_property
    def crossed(self) -> Floats:
        """(F, 3) normals of the faces, as long as twice their areas."""
        a, b, c = (self.vertices[self.faces[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    @cached_property
    def areas(self) -> Floats:
        """(F) areas of the faces."""
        return np.linalg.norm(self.crossed, axis=1) / 2

    @property
    def area(self) -> float:
        """The whole area."""
        return float(self.areas.sum())

    @property
    def volume(self) -> float:
        """The volume inside, where the mesh is closed: negative if inside out."""
        at = self.vertices[self.faces[:, 0]]
        return float(np.einsum("fk,fk->", at, self.crossed) / 6)

    @property
    def face_normals(self) -> Floats:
        """(F, 3) of length 1; zero where a face has no area."""
        length = 2 * self.areas[:, None]
        return np.divide(
            self.crossed, length, out=np.zeros_like(self.crossed), where=length > 0
        )

    @cached_property
    def edges(self) -> tuple[Faces, Faces]:
        """(E, 2) edges, each once, and (3 F) which one each side of each face is.

        Sides are ordered face by face: from corner 0 to 1, 1 to 2, 2 to 0.
        """
        sides = np.stack([self.faces, np.roll(self.faces, -1, axis=1)], axis=-1)
        low, high = sides.min(axis=-1).reshape(-1), sides.max(axis=-1).reshape(-1)
        key = low * len(self.vertices) + high
        found, number = np.unique(key, return_inverse=True)
        return np.stack(np.divmod(found, len(self.vertices)), axis=-1), number

    @property
    def is_watertight(self) -> bool:
        """Whether two faces meet at every edge, one on each side of it."""
        edges, number = self.edges
        if not len(self.faces):
            return False
        forward = (self.faces < np.roll(self.faces, -1, axis=1)).reshape(-1)
        along = np.bincount(number[forward], minlength=len(edges))
        against = np.bincount(number[~forward], minlength=len(edges))
        return bool((along == 1).all() and (against == 1).all())

    @property
    def euler(self) -> int:
        """Vertices in use - edges + faces: 2 (parts - handles) of a closed surface."""
        used = len(np.unique(self.faces))
        return used - len(self.edges[0]) + len(self.faces)

    def with_normals(self) -> Mesh:
        """The same with normals at its vertices: of the faces round it, by area."""
        total = np.zeros_like(self.vertices)
        for k in range(3):
            for axis in range(3):
                total[:, axis] += np.bincount(
                    self.faces[:, k],
                    weights=self.crossed[:, axis],
                    minlength=len(self.vertices),
                )
        length = np.linalg.norm(total, axis=1, keepdims=True)
        normals = np.divide(total, length, out=np.zeros_like(total), where=length > 0)
        return replace(self, normals=normals)

    def in_world(self, frame: Frame) -> Mesh:
        """The same in the units of the files that the scene came from."""
        return replace(self, vertices=frame.to_world(self.vertices))
