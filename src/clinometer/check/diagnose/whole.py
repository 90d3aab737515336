"""The diagnoses of all leaves of x, ranked; equal faults of all leaves are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clinometer.check.diagnose.evidence import Again, Bools, LeafEvidence
from clinometer.check.diagnose.leaf import Ranked, causes_of
from clinometer.check.diagnose.lost import COARSE
from clinometer.check.diagnose.predicates import best_region
from clinometer.check.diagnose.words import short
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.verdict import Verdict

__all__ = ["diagnose"]


def diagnose(
    leaves: Sequence[LeafEvidence], *, again: Again | None = None
) -> tuple[Diagnosis, ...]:
    """What is wrong with a gradient, the surest first; empty where nothing is.

    leaves : evidence on every leaf that was compared, right ones among them.
    again : measures entries of a leaf at other steps, (path, places) -> (slopes,
        widened bars); a factor near one is claimed only if it holds there as well.
    """
    found: list[list[Ranked]] = []
    for k, leaf in enumerate(leaves):
        others = [*leaves[:k], *leaves[k + 1 :]]
        found.append(causes_of(leaf, others, again) if leaf.analytic.size else [])
    found = _of_one_dtype(leaves, found)
    ranked = _merged(leaves, found) or [one for part in found for one in part]
    ranked.sort(key=lambda one: (-one.gain, one.diagnosis.cause is Cause.ENTRIES))
    kinks = [one for leaf in leaves for one in _kinks(leaf)]
    sure = [one for one in kinks if one.verdict is Verdict.DIFFERS]
    doubt = [one for one in kinks if one.verdict is not Verdict.DIFFERS]
    return (*(one.diagnosis for one in ranked), *sure, *doubt)


def _of_one_dtype(
    leaves: Sequence[LeafEvidence], found: Sequence[Sequence[Ranked]]
) -> list[list[Ranked]]:
    """No digits are lost in float64 where other leaves are wrong in other ways."""
    causes = {one.diagnosis.cause for part in found for one in part}
    if causes == {Cause.PRECISION}:
        return [list(part) for part in found]
    return [
        [_not_lost(one) if leaf.rtol <= COARSE else one for one in part]
        for leaf, part in zip(leaves, found, strict=True)
    ]


def _not_lost(one: Ranked) -> Ranked:
    """Digits that seemed lost, unexplained; what is rounded for sure stays so."""
    if one.diagnosis.cause is not Cause.PRECISION or one.gain > 0:
        return one
    return replace(one, diagnosis=replace(one.diagnosis, cause=Cause.UNEXPLAINED))


def _merged(
    leaves: Sequence[LeafEvidence], found: Sequence[Sequence[Ranked]]
) -> list[Ranked] | None:
    """One diagnosis for all leaves, where all of them suffer from the same."""
    counted = [
        part
        for leaf, part in zip(leaves, found, strict=True)
        if leaf.known.any() and not _is_zero(leaf)
    ]
    laws = {part[0].law if len(part) == 1 else "" for part in counted}
    alone = sum(map(len, found)) == len(counted)
    if len(counted) < 2 or len(laws) > 1 or "" in laws or not alone:
        return None
    if not laws.pop().endswith("everywhere"):
        return None
    first = counted[0][0]
    swapped = first.diagnosis.cause is Cause.SWAPPED
    best = max((part[0] for part in counted), key=lambda one: one.gain)
    said = best.diagnosis.evidence + f" of {best.diagnosis.path}"
    said += f", and so in all {len(counted)} arrays"
    if swapped:
        return None
    whole = replace(best.diagnosis, path="", evidence=said)
    return [Ranked(whole, sum(part[0].gain for part in counted))]


def _is_zero(leaf: LeafEvidence) -> bool:
    """Whether a leaf has neither slope nor claim, and so says nothing."""
    return not leaf.wrong.any() and bool(
        (np.abs(leaf.numerical[leaf.known]) <= leaf.slack[leaf.known]).all()
    )


def _kinks(leaf: LeafEvidence) -> list[Diagnosis]:
    """Claims at kinks, inside and outside the slopes to the left and right."""
    found: list[Diagnosis] = []
    for cause, where, verdict in (
        (Cause.KINK_OUTSIDE, leaf.kink & leaf.wrong, Verdict.DIFFERS),
        (Cause.KINK_INSIDE, leaf.kink & ~leaf.wrong, Verdict.CANNOT_TELL),
    ):
        if where.any():
            found.append(_kink(leaf, cause, where, verdict=verdict))
    return found


def _kink(
    leaf: LeafEvidence, cause: Cause, where: Bools, *, verdict: Verdict
) -> Diagnosis:
    words = "along a direction"
    if not leaf.directions:
        words = best_region(leaf, where, ~where).words
    k = int(np.flatnonzero(where)[0])
    n, bar = float(leaf.numerical[k]), float(leaf.bar[k])
    inside = "is a valid subgradient, in" if cause is Cause.KINK_INSIDE else "is not in"
    left, right = n - bar, n + bar  # known to about four digits
    said = (
        f"a = {short(float(leaf.analytic[k]))} {inside} [{left:.4g}, {right:.4g}], "
        "the slopes on the two sides"
    )
    count = int(where.sum())
    if count > 1:
        said += f", at the first of {count:,} such entries"
    return Diagnosis(cause, leaf.path, words, verdict, said)
