"""Regions told by the values of x: zeros, ties, bounds, and sides of a threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from clinometer.check.diagnose.evidence import Bools, Floats, LeafEvidence
from clinometer.check.diagnose.places import Kind, Region, regions

__all__ = ["best_region"]

SPECIAL = 4.0
"""Bits that name a special value of x: zero, a tie, a bound."""

LEAST_SIDE = 3
"""Entries on either side before a threshold may be learnt from them."""


def best_region(
    leaf: LeafEvidence,
    must: Bools,
    never: Bools,
    *,
    others: Sequence[LeafEvidence] = (),
) -> Region:
    """The shortest description of a set of entries, by index or by the values of x.

    must, never : (E) entries that lie in it, and that do not.
    others : leaves whose entries may tie with those of this one.
    """
    found = list(regions(must, never, leaf.shape))
    if never.any():
        found += _named(leaf, must, never, others=others)
        found += _thresholds(leaf.x, must, never)
    return min(found, key=lambda region: region.bits)


def _named(
    leaf: LeafEvidence, must: Bools, never: Bools, *, others: Sequence[LeafEvidence]
) -> Iterator[Region]:
    """Special values of x, and its signs."""
    for mask, words, extra in _special(leaf, others):
        if mask[must].all() and not mask[never].any():
            # a single wrong entry shares many properties by chance
            chance = 3.0 if must.sum() == 1 and "is 0" not in words else 0.0
            yield Region(Kind.SPECIAL, words, SPECIAL + extra + chance)
    x, sides = leaf.x, min(int(must.sum()), int(never.sum()))
    tests = [(x < 0, "where x < 0", sides > 1), (x > 0, "where x > 0", sides > 1)]
    if (x == 0).any():
        tests += [(x <= 0, "where x <= 0", True), (x >= 0, "where x >= 0", True)]
    for mask, words, enough in tests:
        if enough and mask[must].all() and not mask[never].any():
            yield Region(Kind.BRANCH, words, SPECIAL + ("=" in words))


def _special(
    leaf: LeafEvidence, others: Sequence[LeafEvidence]
) -> Iterator[tuple[Bools, str, float]]:
    """Where x is special, in words, and the bits that name it beyond SPECIAL."""
    x = leaf.x
    if (x == 0).any():
        yield x == 0, "where x is 0", 0.0
        yield x != 0, "where x is not 0", 1.0
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    if (counts > 1).any() and values.size > 2:
        yield counts[inverse] > 1, "where entries of x are equal", 1.0
    for bound, name in ((x.max(), "largest"), (x.min(), "smallest")):
        if int((x == bound).sum()) > 1:  # else it is a mere entry
            yield x == bound, f"where x is at its {name}, {bound:.6g}", 2.0
    for other in others:
        if other.path != leaf.path and other.x.shape == x.shape:
            yield x == other.x, f"where it equals {other.path}", 1.0


def _thresholds(x: Floats, must: Bools, never: Bools) -> Iterator[Region]:
    """One side of a value of x, or of |x|, that is learnt from the entries."""
    if min(int(must.sum()), int(never.sum())) < LEAST_SIDE:
        return
    cost = 5 + math.log2(x.size)
    for values, name, kind in (
        (x, "x", Kind.BRANCH),
        (np.abs(x), "|x|", Kind.SPECIAL),
    ):
        if np.isfinite(values).all():
            low, high = values[must], values[never]
            more = 0.0 if name == "x" else 1.0
            if low.min() > high.max():
                cut = _between(high.max(), low.min())
                yield Region(kind, f"where {name} > {cut}", cost + more)
            if low.max() < high.min():
                cut = _between(low.max(), high.min())
                yield Region(kind, f"where {name} < {cut}", cost + more)


def _between(low: float, high: float) -> str:
    """The shortest decimal between two numbers."""
    for digits in range(1, 17):
        text = f"{(low + high) / 2:.{digits}g}"
        if low <= float(text) < high:
            return text
    return repr(float(low))
