"""The multi-resolution hash grid: which numbers a point is interpolated from.

Source: Müller, Evans, Schied, Keller 2022, ACM Trans. Graph. 41(4), section 3.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from clinometer.errors import InputError

__all__ = ["Grid", "encode"]

PRIMES = (1, 2_654_435_761, 805_459_861)
"""Factors of the hash, one an axis. Source: as above, equation 4."""

CORNERS = tuple(itertools.product((0, 1), repeat=3))
"""(z, y, x) of a cell's corners, x fastest."""


@final
@dataclass(frozen=True)
class Grid:
    """Levels of cubic lattices over -1 ... 1, each with a table of features.

    levels : how many, 1 to 32.
    coarsest, finest : cells per axis of the first and last level, 1 to 8192.
    entries : most entries of one level's table, a power of two. A level whose lattice
        has no more vertices is dense: every vertex has an entry of its own. In others
        vertices share entries by a hash.
    features : numbers in an entry, 1 to 16.

    Resolutions grow by a constant factor, rounded to the nearest integer.
    Raises InputError where a number is out of its range.
    """

    levels: int = 10
    coarsest: int = 16
    finest: int = 256
    entries: int = 2**17
    features: int = 2

    def __post_init__(self) -> None:
        _require("levels", self.levels, low=1, high=32)
        _require("coarsest", self.coarsest, low=1, high=8192)
        _require("finest", self.finest, low=self.coarsest, high=8192)
        _require("entries", self.entries, low=16, high=2**24)
        _require("features", self.features, low=1, high=16)
        if self.entries & (self.entries - 1):
            raise InputError(
                f"entries must be a power of two, got {self.entries}; "
                f"the next is {2 ** self.entries.bit_length()}"
            )
        if self.levels == 1 and self.finest != self.coarsest:
            raise InputError(
                "one level has one resolution: finest must equal coarsest, "
                f"got {self.coarsest} and {self.finest}"
            )

    @cached_property
    def resolutions(self) -> tuple[int, ...]:
        """Cells per axis of each level."""
        growth = math.log(self.finest / self.coarsest) / max(1, self.levels - 1)
        return tuple(
            round(self.coarsest * math.exp(level * growth))
            for level in range(self.levels)
        )

    @cached_property
    def dense(self) -> tuple[bool, ...]:
        """Whether every vertex of a level has an entry of its own."""
        return tuple((r + 1) ** 3 <= self.entries for r in self.resolutions)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Entries of each level; a multiple of 16, so that levels begin aligned."""
        return tuple(
            -(-((r + 1) ** 3) // 16) * 16 if dense else self.entries
            for r, dense in zip(self.resolutions, self.dense, strict=True)
        )

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each level begins in the table, in entries; last, where all end."""
        return tuple(itertools.accumulate(self.sizes, initial=0))

    @property
    def total(self) -> int:
        """Entries of all levels."""
        return self.starts[-1]

    @property
    def width(self) -> int:
        """Numbers that a point is encoded by: levels times features."""
        return self.levels * self.features

    def cell(self, level: int) -> float:
        """Edge of a cell of a level (from 0), in scene units."""
        return 2.0 / self.resolutions[level]


def encode(grid: Grid, table: Tensor, x: Tensor, *, active: int) -> Tensor:
    """Features of points, interpolated between the corners of their cells.

    table : (total, features) floating.
    x : (N, 3) floating; outside of -1 ... 1 the nearest cell is prolonged.
    active : levels that count, from the coarsest; the others give zeros.
    Returns (N, width). Differentiable twice, in x as far as the interpolation is:
    its gradient jumps at the faces of cells.
    """
    corners = torch.tensor(CORNERS, device=x.device).flip(-1)
    found = [
        _interpolate(grid, level, table=table, x=x, corners=corners)
        for level in range(active)
    ]
    closed = (grid.levels - active) * grid.features
    return torch.cat([*found, x.new_zeros(len(x), closed)], dim=1)


def _interpolate(
    grid: Grid, level: int, *, table: Tensor, x: Tensor, corners: Tensor
) -> Tensor:
    """(N, features) of one level, corners (8, 3) in the order x, y, z."""
    resolution = grid.resolutions[level]
    place = (x * 0.5 + 0.5) * resolution
    low = place.detach().floor().clamp(0, resolution - 1)
    within = (place - low)[:, None]
    vertex = low.long()[:, None] + corners
    share = torch.where(corners.bool(), within, 1 - within)
    weight = share[..., 0] * share[..., 1] * share[..., 2]
    entry = table[grid.starts[level] + _entries(grid, level, vertex)]
    return (entry * weight[..., None]).sum(dim=1)


def _entries(grid: Grid, level: int, vertex: Tensor) -> Tensor:
    """(...) entry in the level's table of lattice vertices (..., 3)."""
    x, y, z = vertex.unbind(-1)
    if grid.dense[level]:
        side = grid.resolutions[level] + 1
        return x + side * (y + side * z)
    mixed = (x * PRIMES[0]) ^ (y * PRIMES[1]) ^ (z * PRIMES[2])
    return mixed & (grid.sizes[level] - 1)


def _require(name: str, value: object, *, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise InputError(
            f"{name} must be an integer from {low} to {high}, got {value!r}"
        )
