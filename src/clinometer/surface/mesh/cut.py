"""A mesh cut along the zero line of a function given at its vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cut", "cut"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@final
@dataclass(frozen=True, eq=False)
class Cut:
    """What is left of a mesh.

    faces : (F, 3) int64, by the numbers of the vertices below.
    kept : (K) int64, old vertices that stay; they come first, in their old order.
    ends : (N, 2) int64, old vertices between which each new one lies.
    share : (N) how far along, 0 ... 1.
    """

    faces: Ints
    kept: Ints
    ends: Ints
    share: Floats

    def values(self, old: Floats) -> Floats:
        """(K + N, ...) what was given at the old vertices, at those that are left."""
        share = self.share.reshape(-1, *[1] * (old.ndim - 1))
        a, b = old[self.ends[:, 0]], old[self.ends[:, 1]]
        return np.concatenate([old[self.kept], a + share * (b - a)])


def cut(faces: Ints, level: Floats) -> Cut:
    """The part of a mesh where a level is at most zero.

    faces : (F, 3). level : (V) finite, one a vertex, linear on each triangle. Triangles
    on the line are cut into one or two; their neighbours share the new vertices.
    """
    stays = level <= 0
    within = stays[faces]
    count = within.sum(axis=1)
    whole = faces[count == 3]
    one = _turned(faces[count == 1], within[count == 1])
    two = _turned(faces[count == 2], ~within[count == 2])
    # One corner stays: (a, ab, ac). One corner a goes: (ab, b, c) and (ab, c, ac).
    pairs = np.concatenate(
        [one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]]
    )
    pairs.sort(axis=1)
    ends, number = np.unique(pairs, axis=0, return_inverse=True)
    number = number.reshape(-1) + len(level)
    ab, ac, de, df = np.split(
        number, np.cumsum([len(one), len(one), len(two), len(two)])[:-1]
    )
    left = np.concatenate(
        [
            whole,
            np.stack([one[:, 0], ab, ac], axis=1),
            np.stack([de, two[:, 1], two[:, 2]], axis=1),
            np.stack([de, two[:, 2], df], axis=1),
        ]
    )
    a, b = level[ends[:, 0]], level[ends[:, 1]]
    used = np.zeros(len(level) + len(ends), dtype=bool)
    used[left] = True
    used[len(level) :] = True
    renumber = np.cumsum(used) - 1
    return Cut(renumber[left], np.flatnonzero(used[: len(level)]), ends, a / (a - b))


def _turned(faces: Ints, alone: NDArray[np.bool_]) -> Ints:
    """Triangles turned so that the corner marked alone comes first."""
    first = np.argmax(alone, axis=1)
    order = (first[:, None] + np.arange(3)) % 3
    return np.take_along_axis(faces, order, axis=1)
