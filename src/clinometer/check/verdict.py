"""The rule by which a claimed derivative is judged against a measured one.

Pure arithmetic on arrays of one leaf: entries of it, or directions within it. Every
threshold is a ratio. With f or x in other units (a power of two), each comparison has
both its sides scaled alike, so no verdict changes.

A claim *differs* where it is further from the measured value than each of

1.  the error bar, widened: a check looks at hundreds of bars at once, and bars that
    cover the truth 99 times in 100 must not fail one entry in 100;
2.  what rounding explains: the claim was computed in some dtype, too;
3.  what is material: rtol times the derivative's own size.

It *agrees* only if the check could have seen an error that matters: the widened bar
must be small beside the derivatives of its leaf. Otherwise the check *cannot tell*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AT_KINK",
    "COARSE_RESOLUTION",
    "FAINT",
    "GROSS",
    "GUARD",
    "RESOLUTION",
    "ROUNDING",
    "RTOL",
    "SLIGHT",
    "WORST",
    "Change",
    "Evidence",
    "Terms",
    "Verdict",
    "allowed",
    "default_rtol",
    "differing",
    "faint",
    "faintest",
    "is_zero",
    "needed_resolution",
    "resolution",
    "resolution_of_zero",
    "slightly_off",
    "unmoved",
    "widened",
]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

GUARD = 3.0
"""Factor on an error bar before a difference counts, dimensionless. Bars are made to
cover in 99 % of all cases. Of 11,234 right entries (random functions of the benchmark,
seeds 101 to 105) two lay further off than three bars, none further than four, both of
noisy functions, whose entries get a second opinion; see also test_false_alarms.py."""

GROSS = 10.0
"""The same factor where the bar itself is in doubt: f is not repeatable, or noise and
structure could not be told apart. In the benchmark no error is ten bars wide."""

AT_KINK = 1.2
"""The same factor at a kink, where the bar is no error but the interval between left
and right slope; the two slopes are known to a few per cent or better."""

ROUNDING = 16.0
"""Unit roundoffs that a right gradient may be off, per entry. A sum of N terms loses
about sqrt(N) of them if added one by one and log2(N) if added in pairs, as libraries
do: 16 stands for a few hundred terms or for tens of thousands, each as large as f. It
does not grow with the size of x: if it did, one wrong entry of many would pass."""

RESOLUTION = 1e-3
"""Widest bar with which a claim can agree, relative to the largest derivative in its
leaf: with less than three digits a check would pass what it cannot see."""

COARSE_RESOLUTION = 1e-2
"""The same below float64, where no differences give three digits of a loss of many
terms: two digits still tell every sign, factor and missing term."""

RTOL = 1e-6
"""Relative difference that is material in float64, dimensionless."""


SLIGHT = 3e-4
"""Relative difference up to which a tolerance inside f may explain it. An iteration
stopped at 1e-6 after k steps is off by about 1e-6 in value and k times that in slope:
its derivative is not that of its limit, which is what a right gradient claims."""

SAME = 0.02
"""Spread of the deviations from 1 of ratios that count as one constant factor."""


FAINT = 0.75
"""Share of directions in which a difference too small to be material has to show before
it is traced: one wrong entry shows in all of them, several cancel in some."""


class Verdict(Enum):
    """Outcome of a comparison."""

    AGREES = "agrees"
    DIFFERS = "differs"
    CANNOT_TELL = "cannot-tell"


WORST = (Verdict.DIFFERS, Verdict.CANNOT_TELL, Verdict.AGREES)
"""Verdicts in the order in which one outweighs the other."""


@final
@dataclass(frozen=True, eq=False)
class Evidence:
    """What is claimed and what was measured, for E entries or directions of one leaf.

    analytic : (E) claimed derivative, in units of f / x; NaN and inf are allowed.
    numerical : (E) measured derivative, in units of f / x; NaN where unknown.
    error : (E) half-width of its error bar, in units of f / x; +inf where unknown.
    size : (E) typical size of the entry, at least that of its leaf, in units of x, > 0;
        1 for a direction, which is as long as its entries are large.
    own : (E) the entry's own size, less than `size` where it is much smaller than the
        other entries of its leaf, in units of x, > 0; 1 for a direction.
    magnitude : (E) root-sum-square of the claimed terms, in units of f / x: |analytic|
        for an entry; for a direction it does not cancel as the sum itself may.
    width : (E) factor on the bar: GUARD, GROSS or AT_KINK.
    directions : whether these are directions, not entries.
    """

    analytic: Floats
    numerical: Floats
    error: Floats
    size: Floats
    own: Floats
    magnitude: Floats
    width: Floats
    directions: bool


@final
@dataclass(frozen=True)
class Terms:
    """What a comparison takes for small.

    value : |f(x)|, in units of f.
    roundoff : unit roundoff of the coarser dtype of x and its claimed gradient.
    rtol : relative difference that is material.
    resolution : widest bar with which a claim can agree, relative to the leaf
    grain : what rounding may do to a value of f, in units of f.
    largest : largest |claim| * size in all of x, in units of f.
    """

    value: float
    roundoff: float
    rtol: float
    resolution: float
    grain: float
    largest: float


@final
@dataclass(frozen=True)
class Change:
    """How f changes when all of a leaf moves at random; for leaves without slope.

    near : change per move, for moves that are small beside the entries, in units of f.
    far : largest change for moves up to a few times the entries, in units of f.
    """

    near: float
    far: float


def default_rtol(roundoff: float) -> float:
    """Relative difference that is material, for the coarsest dtype involved.

    roundoff : its unit roundoff. In float64 and finer 1e-6, which is far above what a
        careful gradient loses. Below it the square root of the roundoff, half of the
        digits (2.4e-4 in float32, 2.2e-2 in float16, 6.3e-2 in bfloat16): ordinary
        cancellation costs the other half.
    """
    return RTOL if roundoff <= np.finfo(np.float64).eps / 2 else math.sqrt(roundoff)


def needed_resolution(roundoff: float, rtol: float) -> float:
    """Widest bar with which a claim can agree; what is not material need not be seen.

    roundoff : unit roundoff of the coarsest dtype involved.
    """
    coarse = roundoff > np.finfo(np.float64).eps / 2
    return max(rtol, COARSE_RESOLUTION if coarse else RESOLUTION)


def widened(evidence: Evidence) -> Floats:
    """(E) the bar with its factor, in units of f / x."""
    return evidence.width * evidence.error


def differing(evidence: Evidence, terms: Terms) -> Bools:
    """(E) where the claim is wrong by more than bar, rounding and rtol together allow.

    A NaN is never right. An infinite claim is wrong where the derivative is known.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(evidence.analytic - evidence.numerical)
        finite = np.where(np.isfinite(evidence.analytic), evidence.magnitude, 0.0)
        largest = np.maximum(finite, np.abs(evidence.numerical))
        beyond = gap > widened(evidence)
        beyond &= gap > _rounding(evidence, terms)
        beyond &= gap > terms.rtol * largest
    return beyond | np.isnan(evidence.analytic)


def faint(evidence: Evidence, terms: Terms) -> bool:
    """Whether directions differ in most cases, though by less than is material.

    What is material along a direction grows with the number of entries, so that one
    wrong entry may hide in it. Such differences prove nothing: where there are any, the
    single entries behind them are looked for, and judged by their own rule.
    """
    if not evidence.directions:
        return False
    with np.errstate(invalid="ignore"):
        gap = np.abs(evidence.analytic - evidence.numerical)
        beyond = gap > faintest(evidence, terms)
    return bool(beyond.mean() >= FAINT)


def faintest(evidence: Evidence, terms: Terms) -> Floats:
    """(E) the largest difference that bar and rounding explain, in units of f / x."""
    with np.errstate(invalid="ignore"):
        return np.fmax(widened(evidence), _rounding(evidence, terms))


def slightly_off(evidence: Evidence, terms: Terms, wrong: Bools) -> bool:
    """Whether all that is wrong may come from a tolerance inside f.

    wrong : (E) entries that differ.
    So it may be if each is off by at most SLIGHT, and not all by one factor; whether it
    is so, f on a wide path tells. Only where rtol was not given.
    """
    if not wrong.any() or terms.rtol != RTOL:
        return False
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        gap = np.abs(evidence.analytic - evidence.numerical)
        share = gap / np.fmax(np.abs(evidence.numerical), evidence.magnitude)
        factor = (evidence.analytic / evidence.numerical - 1)[wrong]
    if not np.all(share[wrong] <= SLIGHT):
        return False
    constant = np.ptp(factor) <= SAME * np.abs(factor).max()
    return not (constant and factor.size > 1)


def allowed(evidence: Evidence, terms: Terms) -> Floats:
    """(E) the largest difference that would not be called one, in units of f / x."""
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.fmax(evidence.magnitude, np.abs(evidence.numerical))
        return np.fmax(faintest(evidence, terms), terms.rtol * largest)


def is_zero(evidence: Evidence, terms: Terms) -> bool:
    """Whether claimed and measured derivatives are all zero within bar and rounding."""
    with np.errstate(invalid="ignore"):
        bar = widened(evidence)
        moving = np.abs(evidence.numerical) > bar
        claimed = np.abs(evidence.analytic) > bar + _rounding(evidence, terms)
    return not bool(np.any(moving | claimed))


def unmoved(evidence: Evidence) -> Bools:
    """(E) where f shows no slope at all: the measured one is zero within its bar."""
    with np.errstate(invalid="ignore"):
        return np.abs(evidence.numerical) <= widened(evidence)


def resolution(evidence: Evidence) -> Floats:
    """(E) widened bar relative to the largest slope of the leaf; +inf if unknown.

    Slopes and bars are made changes of f, by the entries' own sizes and by those that
    are at least the leaf's; the worse of the two counts, for a leaf may be of one kind
    or span decades. Where the bar is small beside its own slope, own sizes suffice.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        bar = widened(evidence)
        claim = np.where(np.isinf(evidence.analytic), 0.0, evidence.analytic)
        slope = np.maximum(np.abs(claim), np.abs(evidence.numerical))
        own = bar * evidence.own / _largest(slope * evidence.own)
        leaf = bar * evidence.size / _largest(slope * evidence.size)
        share = np.maximum(own, np.fmin(leaf, bar / np.abs(evidence.numerical)))
    return _known(share, evidence)


def resolution_of_zero(evidence: Evidence, change: float) -> Floats:
    """(E) widened bar relative to a change of f where slopes are zero; +inf if unknown.

    change : of f, when the entries move by their own sizes, in units of f, >= 0.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        share = widened(evidence) * evidence.own / change
    return _known(share, evidence)


def _known(share: Floats, evidence: Evidence) -> Floats:
    """(E) the share; 0 where the bar is 0, whatever it is compared with."""
    return np.where(evidence.error == 0, 0.0, np.where(np.isnan(share), np.inf, share))


def _rounding(evidence: Evidence, terms: Terms) -> Floats:
    """(E) what rounding may do to a right claim, in units of f / x."""
    with np.errstate(over="ignore", invalid="ignore"):
        terms_of_sum = evidence.magnitude + terms.value / evidence.size
        allowed = ROUNDING * terms.roundoff * terms_of_sum
    return np.where(np.isfinite(evidence.analytic), allowed, 0.0)


def _largest(values: Floats) -> np.float64:
    """The largest of the values that are finite; 0 if none is."""
    finite = values[np.isfinite(values)]
    return np.float64(finite.max(initial=0.0))
