"""The visual hull: what every outline allows, as points of a lattice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.scenes.outlook import project, seen
from clinometer.surface.scenes.scene import Camera, Floats

__all__ = ["Outline", "hull_points"]

Outline = tuple[Camera, NDArray[np.bool_]]
"""A camera in world units, and where in its image (height, width) the object may be."""

CELLS = 32
"""Lattice points per axis. A second lattice is laid tightly round what the first keeps,
so that an object a fifth as wide as the first still spans 24 of its cells."""

LARGER = (1.5, 3.0)
"""Half-widths of the lattice tried, in multiples of what the cameras have in view."""


def hull_points(
    outlines: Sequence[Outline], middle: Floats, reach: float, *, share: float = 1.0
) -> Floats | None:
    """(N, 3) lattice points in the visual hull, moved outward by half a cell.

    middle : (3) where to look for it. reach : how far round it the cameras see.
    share : of the cameras with a point in view, those whose outline must allow it.
    Returns None where there is no hull, or where it has no end: where it is open, for
    cameras look from one side, or outlines show more than the object.
    """
    for larger in LARGER:
        low, high = middle - larger * reach, middle + larger * reach
        kept, bounded = _carved(outlines, (low, high), share)
        if len(kept) == 0:
            return None
        if bounded:
            cell = (high - low) / (CELLS - 1)
            low, high = kept.min(axis=0) - cell, kept.max(axis=0) + cell
            finer, _ = _carved(outlines, (low, high), share)
            kept = finer if len(finer) else kept
            half = (high - low) / (CELLS - 1) / 2
            return kept + half * np.sign(kept - (low + high) / 2)
    return None


def _carved(
    outlines: Sequence[Outline], corners: tuple[Floats, Floats], share: float
) -> tuple[Floats, bool]:
    """Points of a lattice that are not ruled out, and whether none lies on its border.

    A point counts that at least half of the cameras have in view.
    """
    steps: Floats = np.linspace(0.0, 1.0, CELLS)
    x, y, z = np.meshgrid(steps, steps, steps, indexing="ij")
    unit: Floats = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=-1)
    lattice = corners[0] + unit * (corners[1] - corners[0])
    views: Floats = np.zeros(len(lattice))
    votes: Floats = np.zeros(len(lattice))
    for camera, outline in outlines:
        visible = seen(camera, lattice)
        views += visible
        votes += visible & _allowed(camera, outline, lattice)
    kept = (2 * views >= len(outlines)) & (votes >= share * views)
    solid = kept.reshape(CELLS, CELLS, CELLS)
    inner = np.count_nonzero(solid[1:-1, 1:-1, 1:-1])
    return lattice[kept], bool(inner == np.count_nonzero(kept))


def _allowed(
    camera: Camera, outline: NDArray[np.bool_], points: Floats
) -> NDArray[np.bool_]:
    columns, rows, _ = project(camera, points)
    height, width = outline.shape
    i = np.clip(np.floor(columns), 0, width - 1).astype(np.int64)
    j = np.clip(np.floor(rows), 0, height - 1).astype(np.int64)
    return outline[j, i]
