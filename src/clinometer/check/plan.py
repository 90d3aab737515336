"""Where to measure: which leaves entry by entry, which along random directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.ladder import Lines, scales
from clinometer.trees import Layout, Tree

__all__ = [
    "DIRECTIONS",
    "Place",
    "along",
    "by_entry",
    "elsewhere",
    "sizes_of",
    "small_leaves",
]

Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]

DIRECTIONS = 8
"""Random directions for each leaf that is too large to go through entry by entry. A
wrong entry shows in every one of them, if it shows at all; eight guard against one in
which two wrong entries cancel (probability 1/2 each, if they are of equal weight)."""


LOW = 0.05
"""Share of a leaf's entries that may move much further than they are large."""

STRETCH = 16.0
"""How much further: the first step of a ladder is a sixteenth of a move. The smallest
twentieth of normally distributed entries is 1/16 of the root mean square and less."""


SECOND = 0.44
"""Factor on the steps of a second opinion: half way between two rows of a ladder, and
irregular, as the first steps are."""


@final
@dataclass(frozen=True, eq=False)
class Place:
    """x laid out flat, and how large its entries typically are.

    layout : where each leaf lies.
    x : (n) the point.
    size : (n) typical size of each entry, in units of x, > 0.
    move : (n) how far each entry moves along a random direction, in units of x, > 0.
    step : (n) size from which the steps along an entry are derived, in units of x.
    free : whether steps may cross zero, for the user gave the sizes.
    """

    layout: Layout
    x: Floats
    size: Floats
    move: Floats
    step: Floats
    free: bool


def sizes_of(layout: Layout, x: Floats, scale: Tree | None) -> Place:
    """The place x, with the sizes of its entries.

    scale : tree like x of typical sizes > 0 (a number stands for a whole leaf), or
        None: then |x| or the root mean square of its leaf, whichever is larger; 1 in a
        leaf of zeros, the one case in which nothing tells a size.
    Raises InputError if scale has another form than x, or is not positive.
    """
    if scale is not None:
        given = layout.like(scale, "scale")
        if not (np.isfinite(given).all() and (given > 0).all()):
            raise InputError("scale must be positive and finite in every entry")
        return Place(layout, x, given, given, scales(layout, x, given), free=True)
    own = np.abs(x)
    size, move = own.copy(), own.copy()
    for where in layout.slices():
        typical, floor = _typical(own[where])
        np.maximum(size[where], typical, out=size[where])
        np.maximum(move[where], floor, out=move[where])
    return Place(layout, x, size, move, scales(layout, x, None), free=False)


def _typical(leaf: Floats) -> tuple[float, float]:
    """Root mean square of a leaf's sizes, and the least its entries should move.

    The second is the first where sizes are of one kind, as in a weight matrix. Where
    they span decades it is less: what is 1e-8 large must not move by 1e+8.
    """
    largest = float(leaf.max(initial=0.0))
    if largest == 0:
        return 1.0, 1.0
    # relative to the largest, so that no square under- or overflows
    typical = largest * float(np.sqrt(np.mean(np.square(leaf / largest))))
    low = float(np.quantile(leaf[leaf > 0], LOW, method="lower"))
    return typical, min(typical, STRETCH * low)


def small_leaves(layout: Layout, entries: int) -> set[int]:
    """Numbers of the leaves to go through entry by entry.

    The smallest, at most `entries` entries in total, and those in which single entries
    cost no more than directions.
    """
    lengths = np.diff(layout.starts)
    order = np.argsort(lengths, kind="stable")
    within = np.cumsum(lengths[order]) <= entries
    within |= lengths[order] <= DIRECTIONS
    return {int(leaf) for leaf in order[within]}


def by_entry(place: Place, leaves: Sequence[int]) -> Lines:
    """One line along each entry of the leaves, in their order."""
    starts = place.layout.starts
    ranges: list[NDArray[np.intp]] = [
        np.arange(starts[k], starts[k + 1], dtype=np.intp) for k in leaves
    ]
    entry = np.concatenate(ranges)
    here = place.x[entry]
    free = (here == 0) | place.free
    return Lines(
        layout=place.layout,
        x=place.x,
        entries=entry[:, None],
        weights=np.ones((entry.size, 1)),
        scale=place.step[entry],
        reach=np.where(free, np.inf, np.abs(here) / 2),
    )


def along(place: Place, leaf: int, seed: int) -> Lines:
    """Lines along random directions within one leaf; t is dimensionless.

    Every entry moves by plus or minus its own size, small ones by more: none is left
    out, and no two move together in all directions.
    """
    entries = np.arange(place.layout.starts[leaf], place.layout.starts[leaf + 1])
    size = place.move[place.layout.slices()[leaf]]
    random = np.random.default_rng([seed, leaf])
    shape = (DIRECTIONS, size.size)
    weights = random.integers(0, 2, shape, dtype=np.int8).astype(np.float64)
    weights *= 2.0
    weights -= 1.0
    weights *= size  # in place: these are the largest arrays of a check
    return Lines(
        layout=place.layout,
        x=place.x,
        entries=np.broadcast_to(entries, shape),
        weights=weights,
        scale=np.ones(DIRECTIONS),
        reach=np.full(DIRECTIONS, np.inf),
    )


def elsewhere(lines: Lines, where: NDArray[np.bool_]) -> Lines:
    """Some of the lines, with steps between those of before: a second opinion."""
    return replace(
        lines,
        entries=lines.entries[where],
        weights=lines.weights[where],
        scale=lines.scale[where] * SECOND,
        reach=lines.reach[where],
    )
