"""x and how large its entries typically are, leaf by leaf or laid out flat."""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import to_float64
from clinometer.errors import InputError
from clinometer.ladder import scales
from clinometer.trees import Layout, Tree

__all__ = ["Place", "sizes_of"]

Floats: TypeAlias = NDArray[np.float64]

LOW = 0.05
"""Share of a leaf's entries that may move much further than they are large."""

STRETCH = 16.0
"""How much further: the first step of a ladder is a sixteenth of a move. The smallest
twentieth of normally distributed entries is 1/16 of the root mean square and less."""

KEPT = 2**25
"""Entries of x up to which flat vectors of float64 are kept; beyond it (256 MiB each)
what is asked for is made anew from the leaves."""


@final
class Place:
    """x laid out flat, and how large its entries typically are.

    layout : where each leaf lies.
    free : whether steps may cross zero, for the user gave the sizes.
    x : (n) the point.
    size : (n) typical size of each entry, in units of x, > 0.
    move : (n) how far each entry moves along a random direction, in units of x, > 0.
    step : (n) size from which the steps along an entry are derived, in units of x.
    """

    def __init__(self, layout: Layout, given: Floats | None) -> None:
        """Take the sizes given, (n) in units of x, or none: then find them from x."""
        self.layout = layout
        self.free = given is not None
        self._given = given
        self._typical: dict[int, tuple[float, float]] = {}

    @cached_property
    def x(self) -> Floats:
        """(n) the point."""
        return self.layout.vector()

    @cached_property
    def size(self) -> Floats:
        """(n) typical size of each entry, in units of x, > 0."""
        return self._flat(0)

    @cached_property
    def move(self) -> Floats:
        """(n) how far each entry moves along a random direction, in units of x, > 0."""
        return self._flat(1)

    @cached_property
    def step(self) -> Floats:
        """(n) size from which the steps along an entry are derived, in units of x."""
        return scales(self.layout, self.x, self._given)

    @property
    def small(self) -> bool:
        """Whether flat vectors are kept."""
        return self.layout.size <= KEPT

    def leaf_x(self, k: int) -> Floats:
        """(E) the entries of leaf k; not to be written to."""
        if self.small:
            return self.x[self.layout.slices()[k]]
        return to_float64(self.layout.leaves[k]).reshape(-1)

    def leaf_size(self, k: int) -> Floats:
        """(E) typical sizes of the entries of leaf k; not to be written to."""
        if self.small:
            return self.size[self.layout.slices()[k]]
        return self._made(k, 0)

    def leaf_move(self, k: int) -> Floats:
        """(E) how far the entries of leaf k move; not to be written to."""
        if self.small:
            return self.move[self.layout.slices()[k]]
        return self._made(k, 1)

    def _flat(self, which: int) -> Floats:
        if self._given is not None:
            return self._given
        count = len(self.layout.leaves)
        return np.concatenate([self._made(k, which) for k in range(count)])

    def _made(self, k: int, which: int) -> Floats:
        """Sizes (0) or moves (1) of leaf k, made anew."""
        if self._given is not None:
            return self._given[self.layout.slices()[k]]
        own = np.abs(self.leaf_x(k))
        if k not in self._typical:
            self._typical[k] = _typical(own)
        return np.maximum(own, self._typical[k][which], out=own)


def sizes_of(layout: Layout, scale: Tree | None) -> Place:
    """The place x, with the sizes of its entries.

    scale : tree like x of typical sizes > 0 (a number stands for a whole leaf), or
        None: then |x| or the root mean square of its leaf, whichever is larger; 1 in a
        leaf of zeros, the one case in which nothing tells a size.
    Raises InputError if scale has another form than x, or is not positive.
    """
    if scale is None:
        return Place(layout, None)
    given = layout.like(scale, "scale")
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise InputError("scale must be positive and finite in every entry")
    return Place(layout, given)


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
    moving = leaf[leaf > 0]
    place = int(LOW * (moving.size - 1))
    low = float(np.partition(moving, place)[place])
    return typical, min(typical, STRETCH * low)
