"""A set of places in an array, in words: "rows 3 and 7", "entries from 128 on"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Box",
    "along_axis",
    "block",
    "boxes_in_words",
    "indices",
    "indices_of_boxes",
    "listed",
    "places_in_words",
]

Bools: TypeAlias = NDArray[np.bool_]

LISTED = 5
"""Places named one by one; of more, the first few and their count."""

COUNTED = 1000
"""Entries whose indices are given one by one."""

EVEN_SPACING = 4
"""Places that must be evenly spaced before a stride is named."""


@final
@dataclass(frozen=True)
class Box:
    """A part of an array: on every axis a range of indices, stop excluded.

    Of a 0-d array, no range at all.
    """

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def whole(cls, shape: Sequence[int]) -> Box:
        """All of an array."""
        return cls(tuple((0, length) for length in shape))

    @property
    def index(self) -> tuple[slice, ...]:
        """What to index the array with."""
        return tuple(slice(start, stop) for start, stop in self.ranges)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes."""
        return tuple(stop - start for start, stop in self.ranges)

    @property
    def count(self) -> int:
        """Entries in it."""
        return math.prod(self.shape)

    def cut(self, axis: int, start: int, stop: int) -> Box:
        """The box with another range on one axis, within its own."""
        first, last = self.ranges[axis]
        kept = (max(first, start), min(last, stop))
        return Box((*self.ranges[:axis], kept, *self.ranges[axis + 1 :]))


def places_in_words(wrong: Bools) -> str:
    """Where an array is True, as one would say it; empty if nowhere.

    wrong : any shape. Whole slices along an axis, ranges, strides and blocks are
        recognised; other sets are counted, and their first places given.
    """
    count = int(np.count_nonzero(wrong))
    if count == 0:
        return ""
    if count == wrong.size:
        return "everywhere"
    sliced = _slices(wrong)
    if sliced:
        return sliced
    places = np.argwhere(wrong)
    ranges = [(int(a.min()), int(a.max()) + 1) for a in places.T]
    box = Box(tuple(ranges))
    if wrong.ndim > 1 and count == box.count > 1:
        return block(box, wrong.shape)
    flat = np.flatnonzero(wrong)
    if wrong.ndim > 1 and count > LISTED and _consecutive(flat):
        return (
            f"{count:,} entries in a row from [{_comma(places[0])}] to "
            f"[{_comma(places[-1])}]"
        )
    return listed(places, wrong.shape)


def boxes_in_words(boxes: Sequence[Box], shape: tuple[int, ...]) -> str:
    """What boxes of an array of that shape hold, in words, without a mask of it."""
    singles = [box for box in boxes if box.count == 1]
    larger = [box for box in boxes if box.count > 1]
    said = [_one_box(box, shape) for box in larger[:LISTED]]
    if len(larger) > LISTED:
        said.append(f"{len(larger) - LISTED} more blocks")
    if singles:
        places = np.array(
            sorted(tuple(start for start, _ in box.ranges) for box in singles)
        ).reshape(len(singles), -1)
        said.append(listed(places, shape))
    return "; ".join(said)


def indices(wrong: Bools) -> tuple[tuple[int, ...], ...]:
    """Where an array is True, index by index; nothing if at more than COUNTED."""
    if np.count_nonzero(wrong) > COUNTED:
        return ()
    return tuple(tuple(int(i) for i in place) for place in np.argwhere(wrong))


def indices_of_boxes(boxes: Sequence[Box]) -> tuple[tuple[int, ...], ...]:
    """The entries of boxes, index by index; nothing if more than COUNTED."""
    if sum(box.count for box in boxes) > COUNTED:
        return ()
    found = {
        place
        for box in boxes
        for place in product(*(range(start, stop) for start, stop in box.ranges))
    }
    return tuple(sorted(found))


def _one_box(box: Box, shape: tuple[int, ...]) -> str:
    """One box in words: a range on one axis only is a slice, on more a block."""
    whole = zip(box.ranges, shape, strict=True)
    cut = [axis for axis, (r, length) in enumerate(whole) if r != (0, length)]
    if not cut:
        return "everywhere"
    if len(cut) > 1:
        return block(box, shape)
    start, stop = box.ranges[cut[0]]
    return along_axis(np.arange(start, stop), shape, cut[0])


def _slices(wrong: Bools) -> str:
    """The set as whole slices along one axis; empty if it is none."""
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        any_ = wrong.any(axis=others)
        if not any_.all() and np.array_equal(any_, wrong.all(axis=others)):
            return along_axis(np.flatnonzero(any_), wrong.shape, axis)
    return ""


def along_axis(which: NDArray[np.intp], shape: tuple[int, ...], axis: int) -> str:
    """Whole slices along an axis, in words: "rows 3 and 7", "entries from 128 on".

    which : their numbers, rising, at least one.
    """
    length = shape[axis]
    one, many = _names(len(shape), axis)
    first, last = int(which[0]), int(which[-1])
    if which.size == 1:
        return f"{one} {first}"
    if _consecutive(which) and which.size > 2:
        if last == length - 1 and first > 0:
            return f"{many} from {first} on"
        return f"{many} {first} to {last}"
    gaps = np.diff(which)
    if which.size >= EVEN_SPACING and (gaps == gaps[0]).all():
        step = int(gaps[0])
        return f"every {_ordinal(step)} {one} from {first} to {last}"
    if which.size <= LISTED:
        return f"{many} {_and([str(int(i)) for i in which])}"
    shown = ", ".join(str(int(i)) for i in which[:LISTED])
    return f"{which.size:,} of {length:,} {many}: {shown}, …"


def _names(ndim: int, axis: int) -> tuple[str, str]:
    """What slices along an axis are called: one of them, several."""
    if ndim == 1:
        return "entry", "entries"
    if ndim == 2:
        return ("row", "rows") if axis == 0 else ("column", "columns")
    return f"index of axis {axis}:", f"indices of axis {axis}:"


def block(box: Box, shape: tuple[int, ...]) -> str:
    """A box by the ranges of its axes, as they would be sliced."""
    parts = [
        ":" if (a, b) == (0, length) else str(a) if b == a + 1 else f"{a}:{b}"
        for (a, b), length in zip(box.ranges, shape, strict=True)
    ]
    return f"the block [{', '.join(parts)}]"


def listed(places: NDArray[np.intp], shape: tuple[int, ...]) -> str:
    """Places one by one, or the first of them and their count.

    places : (K, d) their indices, in an array of d axes.
    """
    count = len(places)
    if len(shape) == 1:
        return along_axis(places[:, 0], shape, 0)
    shown = [f"[{_comma(place)}]" for place in places[:LISTED]]
    if count <= LISTED:
        return _and(shown)
    return f"{count:,} entries: {', '.join(shown)}, …"


def _comma(place: NDArray[np.intp]) -> str:
    return ", ".join(str(int(i)) for i in place)


def _and(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _consecutive(which: NDArray[np.intp]) -> bool:
    return bool(which[-1] - which[0] == which.size - 1)


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else endings.get(number % 10, 'th')}"
