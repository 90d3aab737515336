"""Where in a large leaf a claim is wrong, by slopes along parts of one direction.

Let r(v) be the claimed minus the measured slope along v. If only one index along an
axis is wrong, and v' grows along that axis from nothing to all of v, r(v') / r(v) says
which it is, as exactly as the slopes are known; then r of what is left is r of the
whole. That takes two slopes for as many halvings as the slopes have bits. Where it is
not one index, entries are tried at random: if some are wrong, the block that they stand
in is grown from them; if none is, the part is halved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import final

import numpy as np

from clinometer.check.locate.gauge import Gauge, Residual
from clinometer.check.words import Box

__all__ = ["Places", "Search"]

TRIED = 3
"""Entries tried at random in a part that holds more than one wrong index."""

FAINT_TRY = 6
"""Halvings before entries are tried where little is wrong."""

SURE = 5
"""Entries tried at random in a block before it is called wrong as a whole."""

FEWEST = 4
"""Entries of a part that are all tried."""

FEW = 64
"""Entries of a part in which some are always tried."""

MORE = 16
"""Entries tried where many are wrong in no block, to say how many."""

SHARP = 64.0
"""Residual over bar that makes a coded slope worth its evaluations."""

LEAST = 4.0
"""Residual over bar below which a part is not looked into any further."""


@final
@dataclass(eq=False)
class Places:
    """What was found: boxes of one entry each, blocks, and parts left unresolved.

    singles : single wrong entries.
    blocks : boxes wrong in all entries tried in them.
    parts : boxes proved to hold something wrong, no further resolved.
    share : of the entries tried in a part those that are wrong; 0 where none was.
    """

    singles: list[Box] = field(default_factory=list[Box])
    blocks: list[Box] = field(default_factory=list[Box])
    parts: list[Box] = field(default_factory=list[Box])
    share: float = 0.0


@final
class Search:
    """Looks for wrong entries along the direction that a gauge is set to."""

    def __init__(
        self, gauge: Gauge, *, seed: int, budget: int, faint: bool = False
    ) -> None:
        """Set out.

        budget : evaluations, of the whole check, at which to stop.
        faint : whether what is wrong is too little to be met by trying at random.
        """
        self._faint = faint
        self._gauge = gauge
        self._random = np.random.default_rng([seed, 77])
        self._budget = budget
        self.found = Places()
        self.ended = False

    def run(self, whole: Residual) -> None:
        """Find what makes up the residual of the whole leaf."""
        stack = [(Box.whole(self._gauge.shape), whole, 0)]
        while stack and not self.ended:
            box, off, depth = stack.pop()
            if not off.proved:
                continue
            if box.count <= FEWEST:
                self.found.singles += [
                    _entry(place) for place in _places(box) if self._wrong(place)
                ]
            elif self._gauge.spent >= self._budget or abs(off.value) < LEAST * off.bar:
                self.found.parts.append(box)
            else:
                stack += self._into(box, off, depth)

    def _into(
        self, box: Box, off: Residual, depth: int
    ) -> list[tuple[Box, Residual, int]]:
        """The parts of a box to look into next; what was settled is noted."""
        spare = self._faint and depth % 2 == 1
        narrowed = None if spare else self._narrowed(box, off)
        if narrowed is not None:
            return [(*narrowed, depth)]
        tries = depth % 3 == 0 and depth >= (FAINT_TRY if self._faint else 0)
        wrong = self._tried(box, TRIED) if tries or box.count < FEW else []
        if wrong:
            rest = self._grown(box, off, wrong)
            return [] if rest is None else [(box, rest, depth)]
        return [(*half, depth + 1) for half in self._halves(box, off)]

    def _narrowed(self, box: Box, off: Residual) -> tuple[Box, Residual] | None:
        """The part to which all that is wrong is confined along one axis, if any is."""
        gauge, need = self._gauge, abs(off.value) / SHARP
        axes = sorted(range(len(box.shape)), key=lambda axis: -box.shape[axis])
        for axis in axes:
            length, (start, _) = box.shape[axis], box.ranges[axis]
            if length == 1:
                continue
            coded = gauge.residual(box, code=axis, need=need)
            share = coded.value / off.value
            slack = (coded.bar + abs(share) * off.bar) / abs(off.value)
            if not (math.isfinite(share) and -slack <= share <= 1 + slack):
                continue
            low = max(0, math.ceil((share - slack) * (length - 1) - 1e-6))
            high = min(length - 1, math.floor((share + slack) * (length - 1) + 1e-6))
            if high < low:  # between two indices: neighbours are wrong
                low, high = max(0, high - 1), min(length - 1, low + 1)
            if 2 * (high - low + 1) > length:
                continue
            part = box.cut(axis, start + low, start + high + 1)
            inside = gauge.residual(part, need=need)
            if abs(inside.value - off.value) <= inside.bar + off.bar:
                return part, inside
        return None

    def _halves(self, box: Box, off: Residual) -> list[tuple[Box, Residual]]:
        """Those halves of a box, along its longest axis, that are wrong."""
        axis = int(np.argmax(box.shape))
        start, stop = box.ranges[axis]
        middle = (start + stop) // 2
        first, last = box.cut(axis, start, middle), box.cut(axis, middle, stop)
        one = self._gauge.residual(first, need=abs(off.value) / SHARP)
        halves = [(first, one), (last, off.less(one))]
        wrong = [half for half in halves if half[1].proved]
        if not wrong:
            self.found.parts.append(box)
        return wrong

    def _tried(self, box: Box, count: int) -> list[tuple[int, ...]]:
        """Those of some entries of the box, taken at random, that are wrong."""
        places = [
            tuple(int(self._random.integers(a, b)) for a, b in box.ranges)
            for _ in range(min(count, box.count))
        ]
        return [place for place in dict.fromkeys(places) if self._wrong(place)]

    def _wrong(self, place: tuple[int, ...]) -> bool:
        """Whether a single entry is wrong."""
        return self._gauge.residual(_entry(place)).proved

    def _grown(
        self, box: Box, off: Residual, wrong: list[tuple[int, ...]]
    ) -> Residual | None:
        """What is left of a box beside the block round an entry that is wrong.

        None where that is nothing, or where the wrong entries form no block.
        """
        found, gauge = self.found, self._gauge
        whole = Box.whole(gauge.shape)
        block = _entry(wrong[0])
        for axis in range(len(box.ranges)):
            block = self._stretched(block, wrong[0], box=whole, axis=axis)
        if block.count <= SURE:
            if len(wrong) > 1 and box.count > FEW:
                self._spread(box, wrong)
                return None
            found.singles += [_entry(place) for place in _places(block)]
        elif len(self._tried(block, SURE)) >= SURE - 1:
            found.blocks.append(block)
            self.ended = True  # the block may reach into parts still to be looked at
        else:
            self._spread(box, wrong)
            return None
        rest = off.less(gauge.residual(_both(block, box), need=abs(off.value) / SHARP))
        gauge.without.append(block)
        return rest if rest.proved else None

    def _spread(self, box: Box, wrong: list[tuple[int, ...]]) -> None:
        """Note a part in which many entries are wrong, but in no block.

        Where that is no news, for the part is proved wrong, they are not gone into.
        """
        self.found.parts.append(box)
        if self._faint:
            self.found.singles += [_entry(place) for place in wrong]
        self.found.share = len(self._tried(box, MORE)) / MORE
        self.ended = True

    def _stretched(
        self, block: Box, seed: tuple[int, ...], *, box: Box, axis: int
    ) -> Box:
        """The block as far along an axis as entries in line with the seed are wrong."""
        start, stop = box.ranges[axis]
        here = seed[axis]

        def wrong(index: int) -> bool:
            return self._wrong((*seed[:axis], index, *seed[axis + 1 :]))

        first, last = here, here
        if here > start and wrong(here - 1):
            first = start if wrong(start) else _edge(wrong, here - 1, start)
        if here < stop - 1 and wrong(here + 1):
            last = stop - 1 if wrong(stop - 1) else _edge(wrong, here + 1, stop - 1)
        ranges = (*block.ranges[:axis], (first, last + 1), *block.ranges[axis + 1 :])
        return Box(ranges)


def _entry(place: tuple[int, ...]) -> Box:
    return Box(tuple((index, index + 1) for index in place))


def _places(box: Box) -> list[tuple[int, ...]]:
    """All entries of a small box."""
    return list(product(*(range(start, stop) for start, stop in box.ranges)))


def _both(one: Box, other: Box) -> Box:
    """What two boxes that overlap have in common."""
    for axis, (start, stop) in enumerate(other.ranges):
        one = one.cut(axis, start, stop)
    return one


def _edge(wrong: Callable[[int], bool], inside: int, outside: int) -> int:
    """The last index that is wrong on the way from inside to outside, by bisection."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if wrong(middle):
            inside = middle
        else:
            outside = middle
    return inside
