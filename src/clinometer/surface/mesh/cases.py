"""Which triangles stand in a cell, for each of the 256 ways its corners can be inside.

The table is derived here, not copied. On every face of the cell the surface leaves
segments that cut the inside corners off, one segment for each run of them round the
face. A face of four crossings therefore always keeps its inside corners apart, seen
from either of its cells: segments of neighbours meet, and the surface has no holes,
whatever the values. The segments of six faces join to loops, and each loop is cut into
triangles by diagonals that do not lie in a face of the cell: one that did could be an
edge of the neighbour's triangles, too, and four triangles would share it.

Source of the method: Lorensen, Cline 1987, SIGGRAPH Comput. Graph. 21(4). Its table
leaves holes at faces of four crossings; this one is consistent by construction.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CORNERS", "EDGES", "Cases", "cases"]

CORNERS = tuple((k & 1, k >> 1 & 1, k >> 2 & 1) for k in range(8))
"""(x, y, z) of a cell's corners; bit k of a case says whether corner k is inside."""

EDGES = tuple(
    (corner, axis) for axis in range(3) for corner in range(8) if not corner >> axis & 1
)
"""The 12 edges of a cell: the corner where each begins, and the axis it runs along."""

Loop: TypeAlias = tuple[int, ...]
Triangle: TypeAlias = tuple[int, int, int]


@final
class Cases:
    """The table.

    counts : (256) int64, triangles of each case.
    edges : (256, most, 3) int64, the edges of the cell whose crossings are the corners
        of each triangle; counter-clockwise seen from outside the surface, so that
        normals point where values grow. used : (256, most) bool, which rows hold one.
    """

    def __init__(self) -> None:
        rows = [_triangles(case) for case in range(256)]
        most = max(map(len, rows))
        self.counts: NDArray[np.int64] = np.array([len(row) for row in rows])
        self.edges: NDArray[np.int64] = np.zeros((256, most, 3), dtype=np.int64)
        self.used: NDArray[np.bool_] = np.zeros((256, most), dtype=np.bool_)
        for case, row in enumerate(rows):
            if row:
                self.edges[case, : len(row)] = row
                self.used[case, : len(row)] = True


@cache
def cases() -> Cases:
    """The table, made once."""
    return Cases()


def _faces() -> Iterator[tuple[int, int, int, int]]:
    """The corners of each face, counter-clockwise seen from outside the cell."""
    for axis in range(3):
        u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        low, high = 0, 1 << axis
        yield low, low + v, low + u + v, low + u
        yield high, high + u, high + u + v, high + v


FACES = tuple(_faces())


def _edge(a: int, b: int) -> int:
    """The number of the edge between two corners."""
    return EDGES.index((a & b, (a ^ b).bit_length() - 1))


SIDES = tuple(
    frozenset(
        number
        for number, (corner, axis) in enumerate(EDGES)
        if corner in face and corner | 1 << axis in face
    )
    for face in FACES
)
"""The edges of each face."""


def _segments(case: int) -> dict[int, int]:
    """Where the segment that begins at an edge ends: one entry for each crossed edge.

    Walking round a face, seen from outside the cell, a segment runs from where a run of
    inside corners begins to where it ends.
    """
    ends: dict[int, int] = {}
    for face in FACES:
        inside = [bool(case >> corner & 1) for corner in face]
        for first in range(4):
            if not inside[first] or inside[first - 1]:
                continue
            last = first
            while inside[(last + 1) % 4]:
                last += 1
            entered = _edge(face[first - 1], face[first])
            left = _edge(face[last % 4], face[(last + 1) % 4])
            ends[entered] = left
    return ends


def _loops(case: int) -> list[Loop]:
    """The loops that segments join to."""
    ends = _segments(case)
    loops: list[Loop] = []
    while ends:
        at = next(iter(ends))
        loop: list[int] = []
        while at in ends:
            loop.append(at)
            at = ends.pop(at)
        loops.append(tuple(loop))
    return loops


def _flat(a: int, b: int) -> bool:
    """Whether a line between two crossings lies in a face of the cell."""
    return any(a in side and b in side for side in SIDES)


def _cut(loop: Loop) -> list[Triangle] | None:
    """Triangles that fill a loop with no diagonal in a face, or None."""
    if len(loop) == 3:
        return [(loop[0], loop[1], loop[2])]
    for k in range(2, len(loop)):
        # The triangle on the loop's edge 0-1 has its third corner at k.
        diagonals = [(1, k)] * (k > 2) + [(0, k)] * (k < len(loop) - 1)
        if any(_flat(loop[a], loop[b]) for a, b in diagonals):
            continue
        one = [] if k == 2 else _cut(loop[1 : k + 1])
        other = [] if k == len(loop) - 1 else _cut((loop[0], *loop[k:]))
        if one is not None and other is not None:
            return [(loop[0], loop[1], loop[k]), *one, *other]
    return None


def _triangles(case: int) -> list[Triangle]:
    """The triangles of a case."""
    filled = [_cut(loop) for loop in _loops(case)]
    assert None not in filled, "every loop can be cut"
    return list(itertools.chain.from_iterable(filter(None, filled)))
