"""Where to measure: which leaves entry by entry, which along random directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.ladder import Lines, scales
from clinometer.trees import Layout, Tree

__all__ = ["DIRECTIONS", "Place", "along", "by_entry", "sizes_of", "small_leaves"]

Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]

DIRECTIONS = 8
"""Random directions for each leaf that is too large to go through entry by entry. A
wrong entry shows in every one of them, if it shows at all; eight guard against one in
which two wrong entries cancel (probability 1/2 each, if they are of equal weight)."""


@final
@dataclass(frozen=True, eq=False)
class Place:
    """x laid out flat, and how large its entries typically are.

    layout : where each leaf lies.
    x : (n) the point.
    size : (n) typical size of each entry, in units of x, > 0.
    step : (n) size from which the steps along an entry are derived, in units of x.
    free : whether steps may cross zero, for the user gave the sizes.
    """

    layout: Layout
    x: Floats
    size: Floats
    step: Floats
    free: bool


def sizes_of(layout: Layout, x: Floats, scale: Tree | None) -> Place:
    """The place x, with the sizes of its entries.

    scale : tree like x of typical sizes > 0 (a number stands for a whole leaf), or
        None: then |x| or the root mean square of its leaf, whichever is larger; 1 in a
        leaf of zeros, the one case in which nothing tells a size.
    Raises InputError if scale has another form than x.
    """
    if scale is not None:
        given = layout.like(scale, "scale")
        return Place(layout, x, given, scales(layout, x, given), free=True)
    size = np.abs(x)
    for where in layout.slices():
        leaf = size[where]
        largest = float(leaf.max(initial=0.0))
        if largest == 0:
            leaf[:] = 1.0
            continue
        # relative to the largest, so that no square under- or overflows
        typical = largest * float(np.sqrt(np.mean(np.square(leaf / largest))))
        np.maximum(leaf, typical, out=leaf)
    return Place(layout, x, size, scales(layout, x, None), free=False)


def small_leaves(layout: Layout, entries: int) -> set[int]:
    """Numbers of the leaves to go through entry by entry: the smallest, at most
    `entries` entries in total.
    """
    lengths = np.diff(layout.starts)
    order = np.argsort(lengths, kind="stable")
    within = np.cumsum(lengths[order]) <= entries
    return {int(leaf) for leaf in order[within]}


def by_entry(place: Place, leaves: Sequence[int]) -> Lines:
    """One line along each entry of the leaves, in their order."""
    slices = place.layout.slices()
    entry = np.concatenate([np.arange(slices[k].start, slices[k].stop) for k in leaves])
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

    Every entry moves by plus or minus its typical size: none is left out, and no two
    move together in all directions.
    """
    entries = np.arange(place.layout.starts[leaf], place.layout.starts[leaf + 1])
    size = place.size[place.layout.slices()[leaf]]
    random = np.random.default_rng([seed, leaf])
    signs = random.integers(0, 2, (DIRECTIONS, size.size), dtype=np.int8)
    return Lines(
        layout=place.layout,
        x=place.x,
        entries=np.broadcast_to(entries, (DIRECTIONS, size.size)),
        weights=(2.0 * signs - 1.0) * size,
        scale=np.ones(DIRECTIONS),
        reach=np.full(DIRECTIONS, np.inf),
    )
