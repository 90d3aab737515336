"""Triangles in the cells that the surface passes through."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.mesh.blocks import Blocks, Crossed
from clinometer.surface.mesh.cases import CORNERS, EDGES, cases

__all__ = ["march"]

Floats: TypeAlias = NDArray[np.float64]
Faces: TypeAlias = NDArray[np.int64]

CHUNK = 2**17
"""Cells at a time: their twelve edges take 12 MiB."""

OFF_END = 1e-4
"""A crossing is kept this far off the ends of its edge, in cells. A distance of zero at
a lattice vertex would put the crossings of all its edges in one place, and triangles
without area have no normal. The surface moves by 1e-4 of a cell at most."""


def march(blocks: Blocks, resolution: int) -> tuple[Floats, Faces]:
    """Vertices (V, 3) in scene units, and triangles (F, 3) of the surface.

    A vertex stands on every edge of the lattice that the surface crosses, where a line
    between the two distances is zero, and is shared by all cells round it. Normals
    point where distances grow. Vertices may be left over that no triangle needs.
    """
    found = blocks.crossed()
    axis = found.edges % 3
    vertices = blocks.vertices(found.edges // 3).astype(np.float64)
    share = np.clip(found.share, OFF_END, 1 - OFF_END)
    vertices[np.arange(len(axis)), axis] += share
    vertices *= 2.0 / resolution
    vertices -= 1.0
    parts = [
        _faces(blocks, found, slice(start, start + CHUNK))
        for start in range(0, len(found.cells), CHUNK)
    ]
    return vertices, np.concatenate([np.empty((0, 3), np.int64), *parts])


def _faces(blocks: Blocks, found: Crossed, some: slice) -> Faces:
    """(F, 3) triangles of some of the cells, by the numbers of crossed edges."""
    table = cases()
    case = found.case[some]
    cell = blocks.vertices(found.cells[some])
    corner = blocks.keys(cell[:, None] + np.array(CORNERS, dtype=np.int32))
    begin, axis = np.array(EDGES).T
    edge = 3 * corner[:, begin] + axis
    which = table.edges[case][table.used[case]]
    of_cell = np.repeat(np.arange(len(case)), table.counts[case])
    wanted: NDArray[np.int64] = edge[of_cell[:, None], which]
    return np.searchsorted(found.edges, wanted)
