"""Where something is wrong, in words, and how much those words cost in bits.

A set of entries that a few words describe is no accident: the shorter the description
of a region beside a list of its entries, the more it explains.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.words import Box, along_axis, block, listed

__all__ = ["Kind", "Region", "log2_choose", "regions", "tail_start"]

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

TILES = tuple(2**k for k in range(3, 11))
"""Sizes of blocks that kernels use, in entries."""

LONG = 16
"""Length of an axis from which its last eighth counts as a tail, whatever the tile."""

SQUARE = 3
"""Rows of the smallest matrix whose triangles are named."""

DIAGONAL = 3.5
"""Bits that name a part by the diagonal: less than what x is there, often zero."""

SCATTERED = 6.0
"""Bits by which a list of entries is dearer than any description."""


@final
class Kind(Enum):
    """What singles a region out."""

    ALL = "all"
    SLABS = "slabs"
    TAIL = "tail"
    BOX = "box"
    SPECIAL = "special"
    BRANCH = "branch"
    SCATTERED = "scattered"


@final
@dataclass(frozen=True, eq=False)
class Region:
    """A set of entries in words.

    bits : length of the description.
    axis, chosen : the axis and the indices along it of SLABS and TAIL; else None.
    """

    kind: Kind
    words: str
    bits: float
    axis: int | None = None
    chosen: Ints | None = None


def regions(wrong: Bools, right: Bools, shape: tuple[int, ...]) -> Iterator[Region]:
    """Descriptions by index that hold every wrong entry and no right one.

    wrong, right : (E) entries that must and must not lie in the region.
    shape : of the leaf, E entries.
    """
    if not right.any():
        yield Region(Kind.ALL, "everywhere", 0.0)
        return
    bad, good = wrong.reshape(shape), right.reshape(shape)
    for axis in range(len(shape)):
        yield from _slabs(bad, good, axis)
    if len(shape) > 1:
        yield from _flat_tail(wrong, right)
        yield from _box(bad, good)
        yield from _triangles(bad, good)
    yield scattered(wrong, shape)


def scattered(wrong: Bools, shape: tuple[int, ...]) -> Region:
    """The entries, one by one."""
    bits = SCATTERED + log2_choose(wrong.size, int(wrong.sum()))
    if not shape or wrong.size == 1:
        return Region(Kind.SCATTERED, "", bits)
    places = np.argwhere(wrong.reshape(shape))
    words = listed(places, shape)
    if len(shape) == 1:
        return Region(Kind.SCATTERED, words, bits, 0, places[:, 0])
    return Region(Kind.SCATTERED, words, bits)


def _slabs(bad: Bools, good: Bools, axis: int) -> Iterator[Region]:
    """Whole indices along one axis, and its tail."""
    others = tuple(k for k in range(bad.ndim) if k != axis)
    chosen: Bools = np.logical_or.reduce(bad, axis=others)
    free: Bools = ~np.logical_or.reduce(good, axis=others)
    if not free[chosen].all():
        return
    length, places = chosen.size, np.flatnonzero(chosen)
    words = along_axis(places, bad.shape, axis)
    bits = 2 + log2_choose(length, places.size)
    ranged = bool(free[places[0] : places[-1] + 1].all())
    if ranged:
        bits = min(bits, 2 + 2 * math.log2(length))
    if bad.ndim == 1:  # a list of entries is no description
        bits = bits + 2 if ranged and places.size > 1 else math.inf
    if math.isfinite(bits):
        yield Region(Kind.SLABS, words, bits, axis, places)
    if ranged:
        start = tail_start(free, chosen)
        if start is not None:
            past = along_axis(np.arange(start, length), bad.shape, axis)
            yield Region(Kind.TAIL, past, 4.0, axis, places)
        elif chosen[-1] and length >= LONG and LONG // 2 * places.size <= length:
            yield Region(Kind.TAIL, words, 5.0, axis, places)


def tail_start(free: Bools, chosen: Bools) -> int | None:
    """Where a last, incomplete tile begins that holds all that is chosen; or None."""
    length, first = chosen.size, int(np.flatnonzero(chosen)[0])
    for tile in reversed(TILES):
        start = length // tile * tile
        if 0 < start < length and first >= start and free[start:].all():
            return start
    return None


def _flat_tail(wrong: Bools, right: Bools) -> Iterator[Region]:
    """The tail of the leaf's entries in the order of memory."""
    start = tail_start(~right, wrong)
    if start is not None:
        places = np.flatnonzero(wrong)
        yield Region(Kind.TAIL, f"entries from {start} on in memory", 5.0, None, places)


def _box(bad: Bools, good: Bools) -> Iterator[Region]:
    """The smallest box that holds the wrong entries."""
    found = np.argwhere(bad)
    first, last = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    box = Box(tuple((i, j + 1) for i, j in zip(first, last, strict=True)))
    if good[box.index].any() or len(found) < 2:
        return
    lengths = zip(box.shape, bad.shape, strict=True)
    bits = 4.0 + sum(2 * math.log2(whole) for part, whole in lengths if part < whole)
    yield Region(Kind.BOX, block(box, bad.shape), bits)


def _triangles(bad: Bools, good: Bools) -> Iterator[Region]:
    """The diagonal of square matrices, and what lies above and below it."""
    rows, columns = bad.shape[-2:]
    if rows != columns or rows < SQUARE:
        return
    i, j = np.ogrid[:rows, :columns]
    for mask, words in (
        (i == j, "on the diagonal"),
        (i != j, "off the diagonal"),
        (i < j, "above the diagonal"),
        (i > j, "below the diagonal"),
        (i <= j, "on and above the diagonal"),
        (i >= j, "on and below the diagonal"),
    ):
        if not (bad & ~mask).any() and not (good & mask).any():
            yield Region(Kind.BOX, words, DIAGONAL)


def log2_choose(total: int, count: int) -> float:
    """Bits that tell which `count` of `total` are meant."""
    terms = math.lgamma(total + 1) - math.lgamma(count + 1)
    return (terms - math.lgamma(total - count + 1)) / math.log(2)
