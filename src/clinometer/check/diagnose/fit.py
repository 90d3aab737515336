"""Multiples of a base that explain wrong entries, weighed by description length.

A hypothesis costs the bits that state it (its kind, its constant, its region) and the
bits of every wrong entry that it leaves unexplained; an entry costs as many bits as its
bar and rtol resolve. The cheapest one wins, and only if it is cheaper than a list of
the wrong entries: three entries of three are no evidence for three constants.

Source: minimum description length, J. Rissanen, Automatica 14 (1978) 465.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from clinometer.check.diagnose.bases import Base
from clinometer.check.diagnose.constants import Length, Named, decimal_of, name_of
from clinometer.check.diagnose.evidence import Bools, Floats, LeafEvidence
from clinometer.check.diagnose.places import Kind, Region

__all__ = ["Describe", "Fit", "Hypothesis", "best_of", "list_of"]

TRIED = 64
"""Ratios that are tried as the constant of a base."""

SAMPLED = 512
"""Entries on which they are tried."""

SECOND_LOOK = 2.0
"""Factor on the slack of an entry within which a hypothesis explains it: of a thousand
right explanations of bars that hold 99 times in 100, ten lie outside once."""

PLAIN = 4.5
"""Most bits of a constant that a single entry can show: signs, whole numbers to five,
and their inverses."""

ROUND = 1e-5
"""Relative tolerance from which on a coefficient is seen to be a short decimal."""

DESCRIBED = 10
"""Fits whose regions are described; the others are worse whatever their region."""


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """A multiple of a base, and where it holds.

    factor : of the base, 0 for a claim of zero.
    named : the factor's name, where it has one.
    holds : (E) known entries, right ones among them, where it explains the claim.
    bits : that state the base and the factor.
    apart : largest distance of explained wrong claims from it, relative to the largest
        of them.
    """

    base: Base
    factor: float
    named: Named | None
    holds: Bools
    bits: float
    apart: float


@final
@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A fit, or None for a mere list, with the region where it holds.

    covers : (E) the wrong entries it explains.
    cost : bits of it and of what it leaves unexplained.
    """

    fit: Fit | None
    region: Region
    covers: Bools
    cost: float


Describe: TypeAlias = Callable[[Bools, Bools], Region]
"""Shortest description of entries that must and that must not lie in a region."""


def best_of(
    leaf: LeafEvidence,
    wrong: Bools,
    bases: Sequence[Base],
    *,
    lengths: Sequence[Length],
    describe: Describe,
) -> tuple[Hypothesis, ...]:
    """Hypotheses about some wrong entries that beat a list of them, cheapest first."""
    total = float(leaf.bits[wrong].sum())
    plain = list_of(leaf, wrong, describe)
    fits: list[tuple[float, Fit]] = []
    for base in bases:
        for fit in _fits(leaf, base, wrong, lengths=lengths):
            left = total - float(leaf.bits[wrong & fit.holds].sum())
            fits.append((fit.bits + left, fit))
    fits.sort(key=lambda pair: pair[0])
    found: list[Hypothesis] = []
    for least, fit in fits[:DESCRIBED]:
        if least >= plain.cost:
            break
        covers = wrong & fit.holds
        region = describe(covers, leaf.known & ~fit.holds)
        cost = least + region.bits
        left = wrong & ~fit.holds
        if left.any():
            cost += describe(left, leaf.known & ~left).bits
        few = 2 * int(covers.sum()) < int(wrong.sum())
        if few and region.kind is Kind.SCATTERED:
            continue  # some of many entries share some ratio by accident
        if cost < plain.cost:
            found.append(Hypothesis(fit, region, covers, cost))
    found.sort(key=lambda hypothesis: hypothesis.cost)
    return tuple(found)


def list_of(leaf: LeafEvidence, wrong: Bools, describe: Describe) -> Hypothesis:
    """Nothing but the wrong entries, each with its value."""
    region = describe(wrong, leaf.known & ~wrong)
    cost = region.bits + float(leaf.bits[wrong].sum())
    return Hypothesis(None, region, wrong, cost)


def _fits(
    leaf: LeafEvidence, base: Base, wrong: Bools, *, lengths: Sequence[Length]
) -> Iterator[Fit]:
    """The constants with which a base explains wrong entries."""
    a = leaf.analytic
    target = leaf.numerical - a if base.missing else a
    itself = base.words == "n"
    with np.errstate(all="ignore"):
        use = wrong & leaf.known & np.isfinite(base.values) & (base.values != 0)
        if itself and (a[use] == 0).any():
            fit = _judged(leaf, base, 0.0, wrong=wrong, named=None)
            if fit is not None:
                yield fit
            use &= a != 0
        if not use.any():
            return
        ratio = target[use] / base.values[use]
        slack = _slack(leaf, base, 1.0)[use] / np.abs(base.values[use])
        weight = leaf.bits[use]
        tried = _candidates(ratio, slack, weight)
        if base.named:
            tried = [*tried, 1.0, -1.0]
        seen: set[float] = set()
        for factor in tried:
            sharp, tolerance = _sharpened(leaf, base, factor, use=use)
            if sharp == 0 or not np.isfinite(sharp):
                continue
            named = name_of(sharp, tolerance, lengths) if base.named else None
            if base.missing and tolerance < ROUND and _odd(a[use]):
                named = decimal_of(sharp, tolerance)
            if named is not None:
                sharp = named.value
            elif base.named and not itself:
                continue  # n in other places times an odd number: far-fetched
            same = itself and abs(sharp - 1) < 1e-12
            if sharp in seen or same:
                continue
            seen.add(sharp)
            fit = _judged(leaf, base, sharp, wrong=wrong, named=named)
            if fit is not None:
                yield fit


def _odd(values: Floats) -> bool:
    """Whether the first of some numbers has more digits than one writes down."""
    return float(f"{values[0]:.6g}") != float(values[0])


def _slack(leaf: LeafEvidence, base: Base, factor: float) -> Floats:
    """(E) by how much a claim may miss a multiple of the base, in units of f / x."""
    own = leaf.slack if base.missing else leaf.rtol * np.abs(leaf.analytic)
    return own + abs(factor) * base.slack


def _candidates(ratio: Floats, slack: Floats, weight: Floats) -> list[float]:
    """The ratio that most entries share, and the middle one."""
    if ratio.size > SAMPLED:
        chosen = np.linspace(0, ratio.size - 1, SAMPLED).astype(np.intp)
        ratio, slack, weight = ratio[chosen], slack[chosen], weight[chosen]
    order = np.argsort(ratio)
    some = order[np.linspace(0, ratio.size - 1, min(TRIED, ratio.size)).astype(np.intp)]
    slack = np.maximum(slack, 1e-15 * np.abs(ratio))
    near = np.abs(ratio[some, None] - ratio) <= slack[some, None] + slack
    votes = near @ weight
    # of entries that vote alike the one that knows its ratio best
    best = some[np.lexsort((slack[some] / np.abs(ratio[some]), -votes))[0]]
    return [float(ratio[best])]


def _sharpened(
    leaf: LeafEvidence, base: Base, factor: float, *, use: Bools
) -> tuple[float, float]:
    """The factor from all entries that share it, and its relative tolerance."""
    a = leaf.analytic[use]
    b = base.values[use]
    target = leaf.numerical[use] - a if base.missing else a
    slack = _slack(leaf, base, factor)[use]
    near = np.abs(target - factor * b) <= SECOND_LOOK * slack
    if not near.any():
        return factor, leaf.rtol
    bar = np.maximum(leaf.bar[use], 1e-14 * np.abs(a))[near]
    relative = bar / np.abs(target[near])
    weight = np.where(relative > 0, 1 / np.square(relative), 0.0)
    ratio = target[near] / b[near]
    if not (np.isfinite(weight).all() and weight.sum() > 0):
        return float(np.median(ratio)), leaf.rtol
    sharp = float((weight * ratio).sum() / weight.sum())
    return sharp, max(float(relative.min()), leaf.rtol / 100)


def _judged(
    leaf: LeafEvidence,
    base: Base,
    factor: float,
    *,
    wrong: Bools,
    named: Named | None,
) -> Fit | None:
    """The fit with that factor, or None if it explains no wrong entry."""
    a = leaf.analytic
    target = leaf.numerical - a if base.missing else a
    with np.errstate(all="ignore"):
        gap = np.abs(target - factor * base.values)
        slack = SECOND_LOOK * _slack(leaf, base, factor)
        if factor == 0:
            holds = np.abs(a) <= leaf.rtol * np.abs(leaf.numerical)
        else:
            holds = gap <= slack
    holds &= leaf.known
    covers = wrong & holds
    alone = int(covers.sum()) == 1 < int(leaf.known.sum())
    odd = base.words != "n" or named is None or named.bits > PLAIN
    if not covers.any() or (alone and odd and factor != 0):
        return None  # one entry of many is no evidence for an odd formula
    if factor == 0:
        bits = 0.0
    else:
        bits = float(leaf.bits[covers].max())
        if named is not None:
            bits = min(bits, named.bits)
    largest = float(np.abs(leaf.analytic[covers]).max())
    if base.missing or largest == 0:
        largest = float(np.abs(leaf.numerical[covers]).max())
    apart = float(gap[covers].max())
    return Fit(
        base, factor, named, holds, base.bits + bits, apart / largest if largest else 0
    )
