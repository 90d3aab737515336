"""Differences of f by every entry of some arrays, in chunks that fit in memory."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Slot
from clinometer.memo.cuts import pilot
from clinometer.memo.propagate import Propagation
from clinometer.memo.tally import Tally

__all__ = ["CACHED", "differences"]

Floats: TypeAlias = NDArray[np.float64]

CACHED = 2**20
"""Bytes of the widest change of a chunk: past the caches, larger chunks are slower."""

HELD = 8
"""Arrays as wide as the widest that are held at once, at most: changes, values and
what is worked out from both, of two operands and a value, and one to spare."""


def differences(
    propagation: Propagation, slot: Slot, steps: Floats, *, tally: Tally, memory: int
) -> Floats:
    """(E) slopes of f by the entries of a slot.

    steps : (E) the step of each, > 0.
    memory : bound on what is held for perturbations, bytes.
    """
    if not steps.size:
        return steps
    widest = pilot(propagation, slot).widest
    bound = min(CACHED, memory // HELD)
    count = int(max(1, bound // (8 * widest)))
    slopes = np.empty(steps.size)
    for start in range(0, steps.size, count):
        entries = np.arange(start, min(start + count, steps.size))
        h = steps[entries]
        with np.errstate(all="ignore"):  # beyond an edge of the domain
            up, down = propagation.run(slot, (entries, h), tally)
        slopes[entries] = up / h if propagation.signs == 1 else (up - down) / (2 * h)
    return slopes
