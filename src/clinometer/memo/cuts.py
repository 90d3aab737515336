"""Where f is differenced for each array of x: at the array itself, or after it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Slot
from clinometer.memo.propagate import Pilot, Propagation
from clinometer.memo.pullback import Link, chain, pulled
from clinometer.memo.tally import Tally

__all__ = ["Cut", "cheapest", "pilot"]

Values: TypeAlias = NDArray[Any]

SAMPLES = 3
"""Entries tried to learn what one perturbation costs: the first, one in the middle,
the last; their boxes stand apart, so that none looks smaller than it is."""


@final
@dataclass(frozen=True, eq=False)
class Cut:
    """What is differenced in place of an input.

    slot : where f is perturbed.
    links : the linear operations from the input to there; none for the input itself.
    """

    slot: Slot
    links: Sequence[Link]


def pilot(propagation: Propagation, slot: Slot) -> Pilot:
    """The cost of a perturbation of a slot, from a few."""
    if slot.number in propagation.pilots:
        return propagation.pilots[slot.number]
    size = math.prod(propagation.base.shape(slot))
    entries = np.unique(np.linspace(0, size - 1, SAMPLES).astype(np.intp))
    tally = Tally()
    with np.errstate(all="ignore"):
        propagation.run(slot, (entries, np.zeros(len(entries))), tally)
    found = Pilot(tally.shared(len(entries)), max(propagation.widest, 1))
    propagation.pilots[slot.number] = found
    return found


def cheapest(propagation: Propagation, slot: Slot, done: Sequence[Cut]) -> Cut:
    """The cut for an input with the least arithmetic; one that is done costs none."""
    links = chain(propagation.base.graph, slot)
    ready = {cut.slot.number for cut in done}
    best, least = Cut(slot, ()), math.inf
    slots = [slot, *(link.node.outputs[0] for link in links)]
    sizes = [math.prod(propagation.base.shape(each)) for each in slots]
    for count, (at, size) in enumerate(zip(slots, sizes, strict=True)):
        if not size or sizes[count + 1 : count + 2] == [size]:
            continue  # the next has as many entries, and less behind it
        tally = Tally()
        if count:
            slopes = np.zeros(propagation.base.shape(at))
            pulled(propagation.base, links[:count], slopes, tally=tally)
        work = float(tally.total)
        if at.number not in ready:
            work += size * pilot(propagation, at).each.total
        if work < least:
            best, least = Cut(at, links[:count]), work
    return best
