"""Causes of a large leaf that is wrong everywhere, from a few of its entries.

Slopes of all entries would cost too much; claims are all there. So an arrangement of n
is told from single slopes that stand elsewhere in the claim.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from clinometer.check.diagnose.bases import MOST_AXES
from clinometer.check.diagnose.evidence import Floats, Ints, LeafEvidence
from clinometer.check.diagnose.leaf import causes_of
from clinometer.check.diagnose.places import regions, tail_start
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.verdict import Verdict
from clinometer.check.words import Box

__all__ = ["SAMPLE", "cause_of_block", "cause_of_sample", "places_within", "sample_of"]

SAMPLE = 24
"""Entries of a large leaf whose slopes are measured for its diagnosis."""

ZEROS = 6
"""Further ones where zero is claimed, unless it is everywhere."""

IN_BLOCKS = 6
"""The same in blocks that are known to be wrong."""

SINGLE = 100
"""Entries in blocks from which on they are no single ones."""

PLAIN = (
    Cause.SIGN,
    Cause.FACTOR,
    Cause.ZERO,
    Cause.NO_DEPENDENCE,
    Cause.MISSING_REGULARISER,
    Cause.MISSING_TERM,
)
"""Causes that a few entries of a block show."""

VAGUE = (Cause.UNEXPLAINED, Cause.ENTRIES, Cause.DUPLICATES)
"""Causes that a sample cannot show."""


def sample_of(claim: Floats, seed: int) -> Ints:
    """(K) places of entries to measure, at random, some where zero is claimed.

    claim : (E) the claimed gradient.
    """
    random = np.random.default_rng([seed, claim.size])
    count = min(SAMPLE, claim.size)
    found = random.choice(claim.size, count, replace=False)
    zero = np.flatnonzero(claim == 0)
    if 0 < zero.size < claim.size:
        more = random.choice(zero, min(ZEROS, zero.size), replace=False)
        found = np.concatenate([found, more])
    return np.unique(found)


def cause_of_sample(
    sample: LeafEvidence, claim: Floats, shape: tuple[int, ...], *, places: Ints
) -> Diagnosis | None:
    """What is wrong in all of a leaf, or None if a sample does not tell.

    sample : evidence on K entries, as if they were a leaf of shape (K,).
    claim : (E) the claim on the whole leaf, of that shape.
    places : (K) where the sampled entries stand in it.
    """
    count = int(sample.known.sum())
    if count < SAMPLE // 2 or not sample.wrong.any():
        return None
    for cause, words, source in _sources(shape, places):
        with np.errstate(invalid="ignore"):
            near = np.abs(claim[source] - sample.numerical) <= 2 * sample.slack
        if near[sample.known].all():
            said = f"a = {words} on {count} of {count} entries sampled"
            return _said(cause, sample.path, said)
    whole = claim.reshape(shape)
    for axis, length in enumerate(shape):
        first = whole.take([0], axis=axis)
        if length > 1 and (np.abs(whole - first) <= 1e-12 * np.abs(first)).all():
            said = f"a is constant along axis {axis}, of length {length:,}"
            return _said(Cause.BROADCAST, sample.path, said)
    return _of_some(sample, claim, shape)


def _of_some(
    sample: LeafEvidence, claim: Floats, shape: tuple[int, ...]
) -> Diagnosis | None:
    """What is wrong in a leaf that a sample shows, everywhere or in a region."""
    found = causes_of(sample, [], None)
    if not found or found[0].diagnosis.cause in VAGUE:
        return None
    best = found[0].diagnosis
    said = best.evidence.replace("entries", "sampled entries")
    best = replace(best, evidence=said)
    if best.where == "everywhere" or (
        best.where.startswith("where") and len(found) == 1
    ):
        return best
    zero = sample.analytic == 0
    if best.cause is Cause.ZERO and (zero == sample.wrong)[sample.known].all():
        region = min(regions(claim == 0, claim != 0, shape), key=lambda one: one.bits)
        return replace(best, where=region.words)
    return None


def places_within(boxes: Sequence[Box], shape: tuple[int, ...]) -> Ints:
    """(K) places of a few entries in boxes of a leaf, spread over them."""
    found: list[Ints] = []
    each = max(2, IN_BLOCKS // len(boxes))
    for box in boxes[:IN_BLOCKS]:
        inside = np.linspace(0, box.count - 1, min(each, box.count)).astype(np.intp)
        first = [start for start, _ in box.ranges]
        index = np.unravel_index(inside, box.shape)
        moved = tuple(i + start for i, start in zip(index, first, strict=True))
        found.append(np.asarray(np.ravel_multi_index(moved, shape), np.intp))
    return np.unique(np.concatenate(found))


def cause_of_block(
    sample: LeafEvidence, boxes: Sequence[Box], shape: tuple[int, ...]
) -> Diagnosis | None:
    """What is wrong in boxes of a leaf, or None if a sample does not tell.

    sample : evidence on K entries in them, as if they were a leaf of shape (K,).
    """
    if int(sample.known.sum()) < 2 or not sample.wrong.any():
        return None
    best = causes_of(sample, [], None)[0].diagnosis
    said = best.evidence.replace("entries", "sampled entries")
    if len(boxes) == 1 and _is_tail(boxes[0], shape):
        return _said(Cause.TAIL, sample.path, said)
    if best.cause in PLAIN and best.where == "everywhere":
        return replace(best, evidence=said)
    many = sum(box.count for box in boxes) > SINGLE
    return _said(Cause.UNEXPLAINED, sample.path, said) if many else None


def _is_tail(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a box is what is past the last whole tile along one axis."""
    cut = [k for k, pair in enumerate(box.ranges) if pair != (0, shape[k])]
    if len(cut) != 1:
        return False
    start, stop = box.ranges[cut[0]]
    chosen = np.zeros(shape[cut[0]], np.bool_)
    chosen[start:stop] = True
    first = tail_start(chosen, chosen)
    return first is not None and first == start


def _sources(shape: tuple[int, ...], places: Ints) -> Iterator[tuple[Cause, str, Ints]]:
    """Where in the claim slopes stand, if n is arranged otherwise."""
    index = np.unravel_index(places, shape)
    axes = range(len(shape))
    if 1 < len(shape) <= MOST_AXES:
        for order in itertools.permutations(axes):
            alike = tuple(shape[k] for k in order) == shape
            if alike and order != tuple(axes):
                words = f"n with axes {order}" if len(shape) > 2 else "n transposed"
                moved = np.ravel_multi_index(tuple(index[k] for k in order), shape)
                yield Cause.TRANSPOSED, words, np.asarray(moved, np.intp)
    for axis in axes:
        length = shape[axis]
        for words, there in (
            ("reversed", length - 1 - index[axis]),
            ("shifted by 1", (index[axis] + 1) % length),
            ("shifted by -1", (index[axis] - 1) % length),
        ):
            moved = (*index[:axis], there, *index[axis + 1 :])
            flat = np.asarray(np.ravel_multi_index(moved, shape), np.intp)
            if length > 1:
                yield Cause.PERMUTED, f"n {words} along axis {axis}", flat


def _said(cause: Cause, path: str, said: str) -> Diagnosis:
    return Diagnosis(cause, path, "everywhere", Verdict.DIFFERS, said)
