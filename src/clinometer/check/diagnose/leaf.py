"""The causes of what is wrong in one leaf, at most two of its entries' subsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from clinometer.check.diagnose.bases import bases_of
from clinometer.check.diagnose.constants import lengths_of
from clinometer.check.diagnose.evidence import Again, Bools, LeafEvidence, Pattern
from clinometer.check.diagnose.fit import Describe, Hypothesis, best_of, list_of
from clinometer.check.diagnose.naming import cause_of_fit
from clinometer.check.diagnose.pattern import (
    duplicates_of,
    named_pattern,
    pattern_of,
)
from clinometer.check.diagnose.places import Kind, Region
from clinometer.check.diagnose.predicates import best_region
from clinometer.check.diagnose.words import gap_of, law_of
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.verdict import Verdict

__all__ = ["Ranked", "causes_of"]

SUBSETS = 2
"""So many different faults are told apart in one leaf."""

NEAR_ONE = (0.9, 1.1)
"""Factors that truncation or noise may feign: they are measured again elsewhere."""

CLEAR = 4.0
"""So many times further from one a factor must lie than claims lie from it."""

ASKED = 32
"""Entries that are measured again for that."""

MOSTLY = 3
"""So many times more unexplained entries than zeros make the zeros a part of them."""

OWN_PATTERN = (Cause.COTANGENT_NONLINEAR, Cause.PRECISION)
"""Causes that bring about their region, rather than lie in it."""

PLACES = {
    Kind.TAIL: Cause.TAIL,
    Kind.SPECIAL: Cause.SPECIAL_POINTS,
    Kind.BRANCH: Cause.BRANCH,
}
"""Regions that say more than what is wrong in them."""


@final
@dataclass(frozen=True)
class Ranked:
    """A diagnosis, how sure it is, and what it shares with those of other leaves.

    gain : bits it saves beside a list of the wrong entries.
    law : formula and region; equal ones in all leaves are one fault.
    """

    diagnosis: Diagnosis
    gain: float
    law: str = ""


def causes_of(
    leaf: LeafEvidence, others: Sequence[LeafEvidence], again: Again | None
) -> list[Ranked]:
    """What is wrong in a leaf, the surest first; nothing where all agrees."""
    found = _not_finite(leaf)
    wrong = leaf.wrong & leaf.known
    if not wrong.any():
        return found
    if leaf.missing:
        said = f"the library returned None; {_slopes(leaf)}"
        return [_ranked(leaf, Cause.NONE, "everywhere", said=said, gain=100.0)]
    zero = np.abs(leaf.numerical) <= leaf.bar
    if bool(zero[leaf.known].all()):
        return [*found, _without_dependence(leaf, wrong)]
    bases = list(bases_of(leaf, others))
    lengths = lengths_of([(o.path, o.shape) for o in (leaf, *others)], leaf.path)

    def describe(must: Bools, never: Bools) -> Region:
        if leaf.directions:
            return Region(Kind.ALL, "everywhere", 0.0)
        return best_region(leaf, must, never, others=others)

    overwritten = duplicates_of(leaf, wrong)
    if overwritten is not None:
        region = describe(wrong, leaf.right)
        return [*found, _pattern(leaf, region, overwritten)]
    left, chosen = wrong, list[Hypothesis]()
    while left.any() and len(chosen) < SUBSETS:
        tried = best_of(leaf, left, bases, lengths=lengths, describe=describe)
        kept = [one for one in tried if _stands(leaf, one, again)]
        if not kept or _outdone(leaf, left, kept[0], describe=describe):
            break
        chosen.append(kept[0])
        left = left & ~kept[0].covers
    dearest = max(
        chosen, key=lambda one: (one.region.bits, one.covers.sum()), default=None
    )
    for one in chosen:
        rest = [other.covers for other in chosen if one is dearest is not other]
        found.append(
            _explained(
                leaf,
                one,
                rest=rest,
                describe=describe,
                several=len(chosen) > 1 or bool(left.any()),
            )
        )
    if left.any():
        rest = _unexplained(leaf, left, zero=zero, describe=describe)
        if left.sum() > MOSTLY * (wrong & ~left).sum() and _all_zero(chosen):
            # what makes most entries wrong may well make some of them zero
            first = max((one.gain for one in found), default=0.0)
            rest = replace(rest, gain=rest.gain + first)
        found = [rest, *found]
    return sorted(found, key=lambda ranked: -ranked.gain)


def _explained(
    leaf: LeafEvidence,
    one: Hypothesis,
    *,
    rest: list[Bools],
    describe: Describe,
    several: bool,
) -> Ranked:
    """A hypothesis in words, where the entries of the others do not count."""
    fit = one.fit
    assert fit is not None  # best_of returns fits only
    region = one.region
    gain = float(leaf.bits[one.covers].sum()) - fit.bits - region.bits
    elsewhere = np.zeros_like(one.covers)
    for other in rest:
        elsewhere |= other
    if elsewhere.any() and region.kind not in PLACES:
        never = leaf.known & ~fit.holds & ~elsewhere
        wider = describe(one.covers, never)
        if wider.bits < region.bits:
            words = "elsewhere" if wider.kind is Kind.ALL else wider.words
            region = Region(wider.kind, words, wider.bits, wider.axis, wider.chosen)
    cause, said = cause_of_fit(leaf, fit, covers=one.covers, region=region)
    if _says_more(leaf, region, one.covers):
        cause = PLACES[region.kind]
        said = f"{region.words} {said}; elsewhere a = n"
    law = "" if several else f"{cause.word} {law_of(fit)} {region.words}"
    return _ranked(leaf, cause, region.words, said=said, gain=gain, law=law)


def _says_more(leaf: LeafEvidence, region: Region, covers: Bools) -> bool:
    """Whether a region is a cause; a last block only if all before it is right."""
    alone = region.kind is not Kind.TAIL or not (leaf.wrong & ~covers).any()
    return region.kind in PLACES and alone


def _outdone(
    leaf: LeafEvidence, wrong: Bools, best: Hypothesis, *, describe: Describe
) -> bool:
    """Whether a pattern says more in fewer bits than the best fit."""
    found = named_pattern(leaf, wrong)
    saved = list_of(leaf, wrong, describe).cost - best.cost
    return found is not None and found.gain > saved


def _stands(leaf: LeafEvidence, one: Hypothesis, again: Again | None) -> bool:
    """Whether a factor near one is found at other steps as well."""
    fit = one.fit
    assert fit is not None  # best_of returns fits only
    near = NEAR_ONE[0] < fit.factor < NEAR_ONE[1] and fit.factor != 1
    if not near or fit.base.words != "n":
        return True
    if CLEAR * fit.apart > abs(fit.factor - 1):
        return False
    if again is None or leaf.directions:
        return True
    places = np.flatnonzero(one.covers)
    if places.size > ASKED:
        places = places[np.linspace(0, places.size - 1, ASKED).astype(np.intp)]
    n, bar = again(leaf.path, places)
    a = leaf.analytic[places]
    with np.errstate(invalid="ignore"):
        slack = leaf.rtol * np.abs(a) + bar + leaf.bar[places]
        fits = np.abs(a - fit.factor * n) <= 2 * slack
    return float(np.mean(fits)) > 0.9


def _pattern(leaf: LeafEvidence, region: Region, found: Pattern) -> Ranked:
    said, gain = found.evidence, found.gain
    return _ranked(leaf, found.cause, region.words, said=said, gain=gain)


def _without_dependence(leaf: LeafEvidence, wrong: Bools) -> Ranked:
    known = leaf.known
    with np.errstate(invalid="ignore"):
        bar = float(leaf.bar[known].max())
    largest = float(np.abs(leaf.analytic[known]).max())
    said = (
        f"|n| <= {bar:.0e} at all {int(known.sum()):,} "
        f"{'directions' if leaf.directions else 'entries'}, |a| is up to {largest:.3g}"
    )
    gain = float(leaf.bits[wrong].sum())
    return _ranked(leaf, Cause.NO_DEPENDENCE, "everywhere", said=said, gain=gain)


def _unexplained(
    leaf: LeafEvidence, left: Bools, *, zero: Bools, describe: Describe
) -> Ranked:
    """What is left of the wrong entries, by its place or its pattern."""
    region = list_of(leaf, left, describe).region
    found = pattern_of(leaf, left, region)
    cause, said = found.cause, found.evidence
    if found.gain <= 0 and bool(zero[left].all()) and region.kind not in PLACES:
        cause = Cause.NO_DEPENDENCE
        said = f"n = 0 within its bar at {int(left.sum()):,} entries, a is not"
    elif _says_more(leaf, region, left) and cause not in OWN_PATTERN:
        cause = PLACES[region.kind]
        said = f"{region.words} {gap_of(leaf, left)}; elsewhere a = n"
    return _ranked(leaf, cause, region.words, said=said, gain=found.gain)


def _all_zero(chosen: Sequence[Hypothesis]) -> bool:
    """Whether all that has been found is claims of zero."""
    return all(one.fit is not None and one.fit.factor == 0 for one in chosen)


def _not_finite(leaf: LeafEvidence) -> list[Ranked]:
    """NaN and infinities among the claims."""
    bad = ~np.isfinite(leaf.analytic)
    if not bad.any():
        return []
    gain, count = 50.0 * int(bad.sum()), f"{int(bad.sum()):,} of {bad.size:,}"
    if leaf.directions:
        where, said = "", f"along {count} directions a is NaN or infinite"
    else:
        where = best_region(leaf, bad, ~bad).words
        said = f"{count} entries are NaN or infinite"
    return [_ranked(leaf, Cause.NOT_FINITE, where, said=said, gain=gain)]


def _slopes(leaf: LeafEvidence) -> str:
    return f"|n| is up to {float(np.abs(leaf.numerical[leaf.known]).max()):.3g}"


def _ranked(
    leaf: LeafEvidence,
    cause: Cause,
    where: str,
    *,
    said: str,
    gain: float,
    law: str = "",
) -> Ranked:
    found = Diagnosis(cause, leaf.path, where, Verdict.DIFFERS, said)
    return Ranked(found, gain, law)
