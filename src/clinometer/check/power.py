"""What a comparison would have seen: the smallest error of one entry, leaf by leaf."""

from __future__ import annotations

import math

import numpy as np

from clinometer.check.compare import Compared
from clinometer.check.diagnosis import Power
from clinometer.check.verdict import Terms, allowed

__all__ = ["SURE", "power_of"]

SURE = 0.99
"""Probability that an error bar holds, as measured by the benchmark of bars; so an
error that exceeds what is allowed and the bar is seen with it at least."""


def power_of(
    compared: Compared, terms: Terms, *, path: str, largest: float, gain: float = 1.0
) -> Power:
    """What the comparison of a leaf would have seen.

    compared : of its entries or along directions.
    largest : largest |derivative| * size of the leaf, in units of f.
    gain : factor on the leaf's moves along the directions.

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
    return Power(path, float(worst) / largest, SURE)
