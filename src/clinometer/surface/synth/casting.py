"""Rays against triangles, through Embree: where a ray first meets a mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from embreex import mesh_construction, rtcore_scene
from numpy.typing import NDArray

from clinometer.surface.scenes.scene import Floats

__all__ = ["Caster", "Hits"]

_SCENES: Any = rtcore_scene
_MESHES: Any = mesh_construction
"""Embree, compiled and without types."""


@final
@dataclass(frozen=True, eq=False)
class Hits:
    """The rays that meet a mesh, H of those asked, each at the first face it meets.

    rays : (H) which of the rays, rising. faces : (H) which faces.
    weights : (H, 3) barycentric: the place is their sum over the face's vertices.
    depths : (H) lengths along the rays, places : (H, 3) where; scene units.
    """

    rays: NDArray[np.int64]
    faces: NDArray[np.int64]
    weights: Floats
    depths: Floats
    places: Floats


@final
class Caster:
    """A mesh made ready for rays.

    vertices : (V, 3). faces : (F, 3). Embree computes in float32: depths are good to
    about 1e-6 of the lengths at hand.
    """

    def __init__(self, vertices: Floats, faces: NDArray[np.int64]) -> None:
        self._scene: Any = _SCENES.EmbreeScene()
        _MESHES.TriangleMesh(
            self._scene, vertices.astype(np.float32), faces.astype(np.int32)
        )

    def first(self, origins: Floats, directions: Floats) -> Hits:
        """Where rays (N, 3) of directions (N, 3), of length 1, first meet the mesh."""
        found: Any = self._scene.run(
            np.ascontiguousarray(origins, dtype=np.float32),
            np.ascontiguousarray(directions, dtype=np.float32),
            output=True,
        )
        rays = np.flatnonzero(found["primID"] >= 0)
        u = found["u"][rays].astype(np.float64)
        v = found["v"][rays].astype(np.float64)
        depths = found["tfar"][rays].astype(np.float64)
        return Hits(
            rays=rays,
            faces=found["primID"][rays].astype(np.int64),
            weights=np.stack([1.0 - u - v, u, v], axis=-1),
            depths=depths,
            places=origins[rays] + depths[:, None] * directions[rays],
        )
