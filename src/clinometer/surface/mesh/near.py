"""Which cells may hold a piece of the surface: from coarse to fine, by the distance."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.mesh.sampler import Ints, Sampler

__all__ = ["near"]

COARSEST = 64
"""Cells per axis to begin with, at most, where the resolution can be halved so far:
64³ = 262,144 distances, a few hundredths of a second."""

CHILDREN = np.array(list(itertools.product((0, 1), repeat=3)), dtype=np.int32)


def near(sampler: Sampler, resolution: int, *, steepest: float) -> Ints:
    """(P, 3) cells of a lattice that may hold a piece of the surface.

    resolution : cells per axis of that lattice.
    steepest : the largest slope of the field. A cell stays where the distance at its
        middle is at most steepest times the way to its corners: no other can hold a
        zero. So that a field which is steeper in places loses little, a family of
        cells stays, too, where the sign differs between its middles; what is still
        lost, `blocks` finds by following the surface.
    """
    coarse = resolution
    while coarse > COARSEST and coarse % 2 == 0:
        coarse //= 2
    cells = _start(sampler, coarse, steepest=steepest)
    while coarse < resolution:
        coarse *= 2
        children = 2 * cells[:, None] + CHILDREN
        values = _middles(sampler, children.reshape(-1, 3), coarse).reshape(-1, 8)
        mixed = np.any(values < 0, axis=1) & np.any(values >= 0, axis=1)
        close = np.abs(values) <= steepest * _reach(coarse)
        cells = children[close | mixed[:, None]]
    return cells


def _start(sampler: Sampler, coarse: int, *, steepest: float) -> Ints:
    """The cells of the first lattice, all of which are looked at."""
    axis = np.arange(coarse, dtype=np.int32)
    cells = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    values = _middles(sampler, cells.reshape(-1, 3), coarse).reshape(cells.shape[:3])
    keep = np.zeros(values.shape, dtype=bool)
    np.less_equal(np.abs(values), steepest * _reach(coarse), out=keep)
    for k in range(3):
        # Signs of two that touch: both stay. Views of `keep`, written through.
        a, b = np.moveaxis(values, k, 0)[:-1], np.moveaxis(values, k, 0)[1:]
        changed = ((a < 0) & (b >= 0)) | ((a >= 0) & (b < 0))
        moved = np.moveaxis(keep, k, 0)
        moved[:-1] |= changed
        moved[1:] |= changed
    return cells[keep]


def _reach(resolution: int) -> float:
    """From the middle of a cell to its corners, in scene units."""
    return math.sqrt(3) / resolution


def _middles(sampler: Sampler, cells: Ints, resolution: int) -> NDArray[np.float32]:
    """(C) distances at the middles of cells; NaN where a cell lies out of the ball."""
    middle = (cells + 0.5) * (2.0 / resolution) - 1.0
    within = np.linalg.norm(middle, axis=1) <= 1 + _reach(resolution)
    values = np.full(len(cells), np.nan, dtype=np.float32)
    values[within] = sampler.at(cells[within], resolution, shift=0.5)
    return values
