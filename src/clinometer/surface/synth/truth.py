"""The true surface of a solid as a mesh whose vertices lie on it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from skimage import measure

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats, Truth
from clinometer.surface.synth.solids import Solid, slopes

__all__ = ["mesh_of", "projected"]

BLOCK = 8
"""Cells along the edge of a block, which is left out where no surface can be."""

SHIFT = 0.3137
"""Of the lattice against the origin, in cells: planes of symmetry, where a distance
would be exactly 0 at corners, do not fall on its planes."""

CHUNK = 100_000
"""Points whose distances are asked for at a time; bounds memory."""

STEPS = 40
"""Newton steps at most: one or two on a smooth part; at an oblique edge, where the
steps go from face to face, each halves the error or better."""

CLOSE = 1e-9
"""Distance from the surface, scene units, at which a vertex lies on it."""


def mesh_of(solid: Solid, *, cells: int = 192) -> Truth:
    """The surface of a solid: vertices on it to 1e-9, faces anticlockwise from outside.

    cells : of marching cubes along -1 ... 1. Three points of a cell of edge h fit in a
        ball of radius √3 h / 2, so that between them a face is off by at most
        3 h² / 8 over the radius of curvature; sharp edges are cut within a cell.
    Raises InputError if the solid is empty or leaves the ball of radius 1, or if its
    distance is none (Newton's steps do not come to lie on the surface).
    """
    if cells < 2 * BLOCK:
        raise InputError(f"cells must be at least {2 * BLOCK}, got {cells}")
    step = 2.0 / cells
    start = -1.0 - SHIFT * step
    values = _values(solid, start, step)
    if values.min() >= 0:
        raise InputError("the solid is empty, or smaller than a cell, or not at hand")
    untyped: Any = measure
    corners, faces, *_ = untyped.marching_cubes(values, 0.0)
    vertices = projected(solid, start + step * corners.astype(np.float64))
    far = float(np.max(np.linalg.norm(vertices, axis=1)))
    if far >= 1.0:
        raise InputError(
            f"a solid must lie in the ball of radius 1, this one reaches {far:.3g}; "
            "make it smaller or move it"
        )
    return Truth(vertices, faces.astype(np.int64))


def projected(solid: Solid, x: Floats) -> Floats:
    """Points x (N, 3) moved onto the surface by Newton's steps, x - d g / |g|².

    Raises InputError if some do not come within 1e-9 of it.
    """
    x = x.copy()
    left = np.arange(len(x))
    for _ in range(STEPS):
        value = solid.distance(x[left])
        off = np.abs(value) > CLOSE
        left, value = left[off], value[off]
        if not len(left):
            return x
        g = slopes(solid, x[left])
        size = np.maximum(np.einsum("nk,nk->n", g, g), 0.25)  # short only at an edge
        x[left] -= (value / size)[:, None] * g
    raise InputError(
        f"{len(left)} of {len(x)} vertices do not come to lie on the solid's surface: "
        "its distance must fall to 0 there with slope 1"
    )


def _values(solid: Solid, start: float, step: float) -> Floats:
    """Distances on the lattice from start to 1 or beyond, cubed.

    They are exact in blocks that the surface may enter, elsewhere of the right sign.
    """
    blocks = math.ceil((1.0 - start) / (BLOCK * step))
    middle = start + step * BLOCK * (np.arange(blocks, dtype=np.float64) + 0.5)
    centres = np.stack(np.meshgrid(middle, middle, middle, indexing="ij"), axis=-1)
    coarse = _asked(solid, centres.reshape(-1, 3))
    side = blocks * BLOCK + 1
    values = np.ones((side, side, side))
    spread = np.repeat(np.sign(coarse).reshape((blocks,) * 3), BLOCK, axis=0)
    spread = spread.repeat(BLOCK, axis=1).repeat(BLOCK, axis=2)
    values[:-1, :-1, :-1] = spread
    reach = 0.5 * np.sqrt(3.0) * BLOCK * step  # half of a block's diagonal
    near = np.argwhere(np.abs(coarse).reshape((blocks,) * 3) <= reach)
    inner = np.array(list(itertools.product(range(BLOCK + 1), repeat=3)))
    whole = max(1, CHUNK // len(inner))
    for first in range(0, len(near), whole):
        places = BLOCK * near[first : first + whole, None] + inner
        x: Floats = start + step * places.astype(np.float64)
        found = _asked(solid, x.reshape(-1, 3))
        values[tuple(np.moveaxis(places, -1, 0))] = found.reshape(places.shape[:2])
    return values


def _asked(solid: Solid, x: Floats) -> Floats:
    parts = [solid.distance(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]
    return np.concatenate(parts)
