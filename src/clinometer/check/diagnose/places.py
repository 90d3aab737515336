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

__all__ = ["Kind", "Region", "log2_choose", "regions", "tail_start", "where_of"]

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

TILES = tuple(2**k for k in range(3, 11))
"""Sizes of blocks that kernels use, in entries."""

LONG = 16
"""Length of an axis from which its last eighth counts as a tail, whatever the tile."""

LISTED = 4
"""So many places are listed; more are counted."""

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


def where_of(wrong: Bools, shape: tuple[int, ...], right: Bools | None = None) -> str:
    """Where entries are wrong, in words: "everywhere", "rows 3, 7", "[0, 2]".

    wrong, right : (E) entries that are; others are free, by default there are none.
    """
    if right is None:
        right = ~wrong
    if not wrong.any():
        return "nowhere"
    return min(regions(wrong, right, shape), key=lambda found: found.bits).words


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
    yield scattered(wrong, shape)


def scattered(wrong: Bools, shape: tuple[int, ...]) -> Region:
    """The entries, one by one."""
    places = np.flatnonzero(wrong)
    count = places.size
    bits = SCATTERED + log2_choose(wrong.size, count)
    if not shape or wrong.size == 1:
        return Region(Kind.SCATTERED, "", bits)
    if len(shape) == 1:
        words = _numbered(_names(0, 1), places, shape[0])
        return Region(Kind.SCATTERED, words, bits, 0, places)
    if count > LISTED:
        return Region(Kind.SCATTERED, f"{count:,} of {wrong.size:,} entries", bits)
    names = [
        "[" + ", ".join(str(int(i)) for i in np.unravel_index(place, shape)) + "]"
        for place in places
    ]
    return Region(Kind.SCATTERED, " ".join(["at", ", ".join(names)]), bits)


def _slabs(bad: Bools, good: Bools, axis: int) -> Iterator[Region]:
    """Whole indices along one axis, and its tail."""
    others = tuple(k for k in range(bad.ndim) if k != axis)
    chosen: Bools = np.logical_or.reduce(bad, axis=others)
    free: Bools = ~np.logical_or.reduce(good, axis=others)
    if not free[chosen].all():
        return
    length, places = chosen.size, np.flatnonzero(chosen)
    names = _names(axis, bad.ndim)
    words = _numbered(names, places, length)
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
            yield Region(Kind.TAIL, f"{names[1]} past {start}", 4.0, axis, places)
        elif chosen[-1] and length >= LONG and LONG // 2 * places.size <= length:
            said = f"the last of {length} {names[1]}"
            if places.size > 1:
                said = f"the last {places.size} of {length} {names[1]}"
            yield Region(Kind.TAIL, said, 5.0, axis, places)


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
        yield Region(Kind.TAIL, f"flat entries past {start}", 5.0, None, places)


def _box(bad: Bools, good: Bools) -> Iterator[Region]:
    """The smallest box that holds the wrong entries."""
    bits, words = 4.0, list[str]()
    inside: list[slice] = []
    for axis, length in enumerate(bad.shape):
        others = tuple(k for k in range(bad.ndim) if k != axis)
        places = np.flatnonzero(np.logical_or.reduce(bad, axis=others))
        first, last = int(places[0]), int(places[-1])
        inside.append(slice(first, last + 1))
        if last - first + 1 < length:
            bits += 2 * math.log2(length)
            span = np.arange(first, last + 1)
            words.append(_numbered(_names(axis, bad.ndim), span, length))
    if not good[tuple(inside)].any() and int(bad.sum()) > 1:
        yield Region(Kind.BOX, "block of " + " and ".join(words), bits)


def _names(axis: int, dimensions: int) -> tuple[str, str]:
    """What an index along an axis is called, one and many."""
    if dimensions == 1:
        return "entry", "entries"
    if dimensions == 2:
        return (("row", "rows"), ("column", "columns"))[axis]
    return f"index of axis {axis}", f"indices of axis {axis}"


def _numbered(names: tuple[str, str], places: Ints, length: int) -> str:
    """Some indices in words: "row 3", "rows 3 to 7", "rows 1, 4"."""
    (one, many), count = names, places.size
    if count == 1:
        return f"{one} {places[0]}"
    if count == places[-1] - places[0] + 1 and count > 2:
        return f"{many} {places[0]} to {places[-1]}"
    if count <= LISTED:
        return f"{many} {', '.join(map(str, places.tolist()))}"
    every = int(places[1] - places[0])
    if (np.diff(places) == every).all():
        return f"every {every}th of {many} {places[0]} to {places[-1]}"
    return f"{count:,} of {length:,} {many}"


def log2_choose(total: int, count: int) -> float:
    """Bits that tell which `count` of `total` are meant."""
    terms = math.lgamma(total + 1) - math.lgamma(count + 1)
    return (terms - math.lgamma(total - count + 1)) / math.log(2)
