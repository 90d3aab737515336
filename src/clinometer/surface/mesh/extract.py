"""The zero set of a signed distance as a mesh, looked for only where it can be."""

from __future__ import annotations

import numpy as np
import torch

from clinometer.errors import InputError
from clinometer.surface.mesh.blocks import Blocks
from clinometer.surface.mesh.cut import cut
from clinometer.surface.mesh.march import march
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.mesh.near import near
from clinometer.surface.mesh.sampler import Distance, Sampler

__all__ = ["extract"]

FINEST = 2048
"""Cells per axis at most: the numbers of blocks then still take 68 MiB."""

MULTIPLE = 32


def extract(
    distance: Distance,
    resolution: int = 256,
    *,
    steepest: float = 2.0,
    cap: bool = False,
    device: torch.device | str = "cpu",
) -> Mesh:
    """The surface where a signed distance is zero, inside the ball of radius 1.

    distance : (N, 3) float32 points in scene units -> (N), negative inside.
    resolution : cells per axis of -1 ... 1; a multiple of 32, from 32 to 2048.
    steepest : the largest slope that the field is thought to have. Of a true distance
        it is 1; a trained one is steeper in places, and 2 leaves room for it. Cells are
        left out only where no field of at most this slope can be zero. A steeper field
        costs nothing but parts which no found part is connected to.
    cap : whether a surface that leaves the ball is closed by a piece of the ball. If
        not, it is cut there and has a border.
    device : where the points shall be that distance is given.

    The surface is closed wherever it does not meet the ball: faces of neighbouring
    cells share their vertices, and every neighbour that it runs into is marched, too.
    Where diagonal corners of a cell's face are inside, they are kept apart.
    Raises InputError where the field has no zero in the ball or is not finite, or an
    argument is out of its range.
    """
    _require_resolution(resolution)
    if not 1.0 <= steepest < np.inf:
        raise InputError(
            f"steepest must be at least 1, the slope of a distance, got {steepest}"
        )
    sampler = Sampler(distance, closed=cap, device=device)
    # Pairs of cells: what is kept of half the resolution is evaluated at its 27
    # vertices, which costs less than to ask first at the middles of its 8 cells.
    coarse = near(sampler, resolution // 2, steepest=steepest)
    blocks = Blocks(sampler, resolution)
    blocks.require(2 * coarse, reach=2)
    sampler.require_zero()
    vertices, faces = march(blocks, resolution)
    # A wall at radius 1 is met by capped surfaces; others end there.
    beyond = np.linalg.norm(vertices, axis=1) - 1
    part = cut(faces, np.minimum(beyond, 0) if cap else beyond)
    if not len(part.faces):
        sampler.require_zero()
        raise InputError(
            "the field's zero set in the ball of radius 1 is smaller than a cell of "
            f"{2 / resolution:.2g}; take a finer resolution than {resolution}"
        )
    return Mesh(part.values(vertices), part.faces)


def _require_resolution(resolution: int) -> None:
    if type(resolution) is not int or not (
        MULTIPLE <= resolution <= FINEST and resolution % MULTIPLE == 0
    ):
        raise InputError(
            f"resolution must be a multiple of {MULTIPLE} from {MULTIPLE} to {FINEST}, "
            f"got {resolution!r}"
        )
