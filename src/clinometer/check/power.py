"""What a comparison would have seen: the smallest error of one entry, leaf by leaf."""

from __future__ import annotations

import math

import numpy as np

from clinometer.check.compare import Compared
from clinometer.check.diagnosis import Power
from clinometer.check.verdict import FAINT, Evidence, Terms, allowed, faintest

__all__ = ["SURE", "power_of"]

SURE = 0.99
"""Probability that an error bar holds, as measured by the benchmark of bars; so an
error that exceeds what is allowed and the bar is seen with it at least."""


CLEAR = 4.0
"""Factor on the differences met along directions for one wrong entry to stand out."""


def power_of(
    compared: Compared,
    terms: Terms,
    *,
    path: str,
    largest: float,
    gain: float = 1.0,
    traced: bool = False,
) -> Power:
    """What the comparison of a leaf would have seen.

    compared : of its entries or along directions.
    largest : largest |derivative| * size of the leaf, in units of f.
    gain : factor on the leaf's moves along the directions.
    traced : whether differences along directions are followed up that are not material
        there, and none was left.

    An entry compared by itself must be off by more than its own difference allows; the
    worst of them counts, save those that could not be told. Along a direction all
    entries move by their sizes, so a wrong one shows alike in each, and the sharpest
    direction counts.
    """
    evidence = compared.evidence
    with np.errstate(invalid="ignore", over="ignore"):
        change = (allowed(evidence, terms) + evidence.error) * evidence.own
    change = change[np.isfinite(change) & ~compared.unclear]
    if not change.size or not largest > 0:
        return Power(path, math.inf, 0.0)
    worst = change.min() / gain if evidence.directions else change.max()
    if traced and evidence.directions:
        worst = min(worst, _traced(evidence, terms, largest * gain) / gain)
    return Power(path, float(worst) / largest, SURE)


def _traced(evidence: Evidence, terms: Terms, largest: float) -> float:
    """The smallest change of a slope that is traced to one entry, in units of f.

    It has to show in FAINT of all directions, and to stand out there; then the entry
    is judged by its own rule.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(evidence.analytic - evidence.numerical)
        seen = np.fmax(faintest(evidence, terms) + gap, CLEAR * gap) + evidence.error
    most = np.sort(np.where(np.isnan(seen), np.inf, seen))
    shown = float(most[math.ceil(FAINT * most.size) - 1])
    return max(shown, terms.rtol * largest)
