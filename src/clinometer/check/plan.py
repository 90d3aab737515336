"""Where to measure: which leaves entry by entry, which along random directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.check.place import Place
from clinometer.check.rays import Part, Ray, Rays
from clinometer.check.words import Box
from clinometer.ladder import Lines
from clinometer.trees import Layout

__all__ = [
    "DIRECTIONS",
    "LEAST",
    "MANY",
    "along",
    "at_entries",
    "by_entry",
    "elsewhere",
    "small_leaves",
    "uphill",
]

Floats: TypeAlias = NDArray[np.float64]

DIRECTIONS = 8
"""Random directions for each leaf that is too large to go through entry by entry. A
wrong entry shows in every one of them, if it shows at all; eight guard against one in
which two wrong entries cancel (probability 1/2 each, if they are of equal weight)."""

ENTRIES = 1000
"""Entries compared one by one, unless the user gives another number."""

LARGE = 2**16
"""Entries of x from which on none are, unless the user asks for it: a call of such an f
is dear, and every entry takes eight."""

LEAST = 4
"""Leaves from which on they are first compared together."""

FEW = 4
"""The same where a leaf has MANY entries: each evaluation costs as much as f."""

MANY = 2**20
"""Entries from which a leaf has few directions."""


SECOND = 0.44
"""Factor on the steps of a second opinion: half way between two rows of a ladder, and
irregular, as the first steps are."""


def small_leaves(layout: Layout, entries: int | None) -> set[int]:
    """Numbers of the leaves to go through entry by entry.

    entries : at most so many in total; None for ENTRIES, or none where x is LARGE.
    The smallest leaves, and those in which single entries cost no more than directions,
    unless x is large and has so many leaves that they are compared together.
    """
    lengths = np.diff(layout.starts)
    if entries is None and layout.size > LARGE:
        if len(lengths) >= LEAST:
            return set()
        entries = 0
    elif entries is None:
        entries = ENTRIES
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
    return at_entries(place, np.concatenate(ranges))


def at_entries(place: Place, entry: NDArray[np.intp]) -> Lines:
    """One line along each of some entries of x."""
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


def along(place: Place, leaf: int, seed: int) -> Rays:
    """Lines along random directions within one leaf; t is dimensionless.

    Every entry moves by plus or minus its own size, small ones by more: none is left
    out, and no two move together in all directions.
    """
    whole = Part(leaf, Box.whole(place.layout.shapes[leaf]))
    count = DIRECTIONS if whole.box.count <= MANY else FEW
    return Rays.of(place, [Ray((whole,), (seed, k)) for k in range(count)])


def uphill(place: Place, leaf: int, claim: Floats) -> Rays:
    """One line along which a leaf moves as its claim (E) says that f climbs.

    Each entry moves in proportion to its claimed change, none by more than its size.
    """
    whole = Part(leaf, Box.whole(place.layout.shapes[leaf]))
    claims = tuple(claim if k == leaf else None for k in range(leaf + 1))
    return Rays.of(place, [Ray((whole,), (0,), claims)])


def elsewhere(lines: Lines | Rays, where: NDArray[np.bool_]) -> Lines | Rays:
    """Some of the lines, with steps between those of before: a second opinion."""
    if isinstance(lines, Rays):
        return lines.elsewhere(where, SECOND)
    return replace(
        lines,
        entries=lines.entries[where],
        weights=lines.weights[where],
        scale=lines.scale[where] * SECOND,
        reach=lines.reach[where],
    )
