"""Distances at the vertices of a fine lattice, held only where they are needed.

The lattice is laid out in blocks of 8³ vertices; a block has memory once one of its
vertices is asked for. Each vertex belongs to one block and is evaluated once: the same
point in another batch may come back a rounding apart, and a sign that two blocks see
differently would tear the surface between them.
"""

from __future__ import annotations

import itertools
import math
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.mesh.cases import CORNERS
from clinometer.surface.mesh.sampler import Ints, Sampler

__all__ = ["EDGE", "Blocks", "Crossed"]

BITS = 3
EDGE = 2**BITS
"""Vertices per axis of a block."""

VOLUME = EDGE**3

CHUNK = 2048
"""Blocks looked at together: 6 MiB of distances."""

ASKED = 2**20
"""Vertices evaluated together: their numbers take 20 MiB."""

Keys: TypeAlias = NDArray[np.int64]


@final
class Blocks:
    """Distances at lattice vertices 0 ... resolution per axis."""

    def __init__(self, sampler: Sampler, resolution: int) -> None:
        self._sampler = sampler
        self._resolution = resolution
        side = resolution // EDGE + 1
        # One more block on each side, never filled: neighbours of the last.
        self._slots = np.full((side + 1,) * 3, -1, dtype=np.int32)
        self._places = np.empty((0, 3), dtype=np.int32)
        self._values = np.full((1, *[EDGE] * 3), np.nan, dtype=np.float32)

    @property
    def count(self) -> int:
        """Blocks that have memory."""
        return len(self._places)

    def require(self, first: Ints, *, reach: int) -> None:
        """Evaluate what is not known of first + {0 ... reach}³; first : (P, 3)."""
        self._open(first, reach=reach)
        wanted = np.zeros(self.count * VOLUME, dtype=bool)
        for offset in itertools.product(range(reach + 1), repeat=3):
            wanted[self.keys(first + np.array(offset, dtype=np.int32))] = True
        known = self._values[:-1].reshape(-1)
        wanted &= np.isnan(known)
        new = np.flatnonzero(wanted)
        for start in range(0, len(new), ASKED):
            part = new[start : start + ASKED]
            known[part] = self._sampler.at(self.vertices(part), self._resolution)

    def keys(self, vertex: Ints) -> Keys:
        """(...) the numbers under which vertices (..., 3) of open blocks are held."""
        x, y, z = vertex[..., 0], vertex[..., 1], vertex[..., 2]
        slot = self._slots[x >> BITS, y >> BITS, z >> BITS]
        last = EDGE - 1
        within = (x & last) << 2 * BITS | (y & last) << BITS | z & last
        return slot.astype(np.int64) << 3 * BITS | within

    def vertices(self, key: Keys) -> Ints:
        """(..., 3) the vertices held under numbers (...)."""
        vertex = self._places[key >> 3 * BITS] << BITS
        for axis in range(3):
            vertex[..., axis] |= key >> (2 - axis) * BITS & EDGE - 1
        return vertex

    def crossed(self) -> Crossed:
        """Where the surface crosses the lattice, once it is followed to its ends."""
        while True:
            parts = [
                self._look(start, min(start + CHUNK, self.count))
                for start in range(0, self.count, CHUNK)
            ]
            torn = np.concatenate([part.torn for part in parts])
            if not len(torn):
                return Crossed.join(parts)
            self.require(self.vertices(torn), reach=1)

    def _open(self, first: Ints, *, reach: int) -> None:
        """Give memory to the blocks of first + {-1 ... reach}³.

        One below, too: a cell belongs to the block of its first vertex, and one that
        only its last corners are known of must be seen to be torn.
        """
        asked = np.zeros(self._slots.shape, dtype=bool)
        for offset in itertools.product((-1, reach), repeat=3):
            block = np.maximum(first + np.array(offset, dtype=np.int32), 0) >> BITS
            asked[block[:, 0], block[:, 1], block[:, 2]] = True
        asked &= self._slots < 0
        new = np.argwhere(asked).astype(np.int32)
        self._slots[asked] = np.arange(self.count, self.count + len(new))
        self._places = np.concatenate([self._places, new])
        empty = np.full((len(new), *[EDGE] * 3), np.nan, dtype=np.float32)
        self._values = np.concatenate([self._values[:-1], empty, self._values[-1:]])

    def _with_neighbours(self, start: int, stop: int) -> NDArray[np.float32]:
        """(B, 9, 9, 9) distances of blocks and of the next vertex on each axis."""
        around = np.empty((stop - start, *[EDGE + 1] * 3), dtype=np.float32)
        for offset in CORNERS:
            block = self._places[start:stop] + np.array(offset, dtype=np.int32)
            slot = self._slots[block[:, 0], block[:, 1], block[:, 2]]
            here = tuple(slice(EDGE, None) if o else slice(EDGE) for o in offset)
            there = tuple(slice(1) if o else slice(None) for o in offset)
            # Slot -1 is the last row, which is unknown throughout.
            around[:, *here] = self._values[:, *there][slot]
        return around

    def _look(self, start: int, stop: int) -> Crossed:
        """Cells and edges with a change of sign, of blocks start ... stop."""
        around = self._with_neighbours(start, stop)
        inside, outside = around < 0, around >= 0
        case = np.zeros((stop - start, *[EDGE] * 3), dtype=np.uint8)
        some, every = np.zeros(case.shape, bool), np.ones(case.shape, bool)
        for bit, corner in enumerate(CORNERS):
            at = (slice(None), *(slice(o, o + EDGE) for o in corner))
            case |= inside[at].astype(np.uint8) << bit
            some |= outside[at]
            every &= inside[at] | outside[at]
        mixed = np.flatnonzero((case != 0) & some)
        whole = every.reshape(-1)[mixed]
        torn = mixed[~whole] + start * VOLUME
        edges, share = _edges(around)
        return Crossed(
            cells=mixed[whole] + start * VOLUME,
            case=case.reshape(-1)[mixed[whole]],
            edges=edges + 3 * start * VOLUME,
            share=share,
            torn=torn[self._counts(self.vertices(torn))],
        )

    def _counts(self, cell: Ints) -> NDArray[np.bool_]:
        """Whether cells (C, 3) lie in the lattice and touch the ball."""
        middle = (cell + 0.5) * (2.0 / self._resolution) - 1.0
        reach = math.sqrt(3) / self._resolution
        within = np.linalg.norm(middle, axis=1) <= 1 + reach
        return within & (cell < self._resolution).all(axis=1)


@final
class Crossed:
    """Where the surface crosses the lattice.

    cells : (C) keys of the first vertex of each cell that it passes through.
    case : (C) uint8, which of their corners are inside.
    edges : (E) keys of crossed edges, ascending: 3 * key of the first vertex + axis.
    share : (E) float64, how far along the edge, 0 ... 1.
    torn : (T) keys of cells with a change of sign and corners that are not known.
    """

    def __init__(
        self,
        *,
        cells: Keys,
        case: NDArray[np.uint8],
        edges: Keys,
        share: NDArray[np.float64],
        torn: Keys,
    ) -> None:
        self.cells, self.case = cells, case
        self.edges, self.share = edges, share
        self.torn = torn

    @classmethod
    def join(cls, parts: list[Crossed]) -> Crossed:
        """Those of all blocks, in the order of the blocks."""
        return cls(
            cells=np.concatenate([part.cells for part in parts]),
            case=np.concatenate([part.case for part in parts]),
            edges=np.concatenate([part.edges for part in parts]),
            share=np.concatenate([part.share for part in parts]),
            torn=np.concatenate([part.torn for part in parts]),
        )


def _edges(around: NDArray[np.float32]) -> tuple[Keys, NDArray[np.float64]]:
    """Keys of the crossed edges of blocks (B, 9, 9, 9), and how far along they are."""
    first = around[:, :EDGE, :EDGE, :EDGE]
    second = np.stack(
        [
            around[:, 1:, :EDGE, :EDGE],
            around[:, :EDGE, 1:, :EDGE],
            around[:, :EDGE, :EDGE, 1:],
        ],
        axis=-1,
    )
    change = ((first < 0)[..., None] & (second >= 0)) | (
        (first >= 0)[..., None] & (second < 0)
    )
    keys = np.flatnonzero(change)
    a = first.reshape(-1)[keys // 3].astype(np.float64)
    b = second.reshape(-1)[keys].astype(np.float64)
    return keys, a / (a - b)
