"""The cause that a fit stands for, and its evidence in words."""

from __future__ import annotations

import numpy as np

from clinometer.check.diagnose.evidence import Bools, LeafEvidence
from clinometer.check.diagnose.fit import Fit
from clinometer.check.diagnose.lost import COARSE
from clinometer.check.diagnose.places import Kind, Region
from clinometer.check.diagnose.words import holds_on, law_of, short
from clinometer.check.diagnosis import Cause

__all__ = ["cause_of_fit"]

LOST = 32.0
"""Factors within so many rtol of one are digits lost, below float64."""

REPEATS = (2, 8)
"""So many equal contributions, of which one is left, are told from a plain factor."""

OWN_LENGTH = 5
"""Shortest axis whose length is taken for a reduction rather than a plain factor."""


def cause_of_fit(
    leaf: LeafEvidence, fit: Fit, *, covers: Bools, region: Region
) -> tuple[Cause, str]:
    """The cause that a fit stands for, and its evidence."""
    said = f"{law_of(fit)} {holds_on(fit, covers, leaf)}"
    base, cause = fit.base, fit.base.cause
    if base.words == "n" and not base.missing:
        cause, more = _multiple(leaf, fit, region)
        said += more
    elif base.missing:
        odd = fit.named is None and fit.factor < 0
        if cause is Cause.MISSING_REGULARISER and odd:
            cause = Cause.MISSING_TERM  # the weight of a penalty is a short number
        elif cause is Cause.MISSING_REGULARISER:
            said += f": 2 * lambda = {short(abs(fit.factor))}, "
            said += f"lambda = {short(abs(fit.factor) / 2)}"
        elif base.remark:
            said += f", {base.remark}"
        if fit.factor < 0:
            said += "; below zero: a term that f does not have is claimed"
    elif base.remark:
        said += f": {base.remark}"
    elif fit.named is not None and fit.factor not in (1.0, -1.0):
        said += f", {short(fit.factor)} = {fit.named.words}"
    return cause, said


def _multiple(leaf: LeafEvidence, fit: Fit, region: Region) -> tuple[Cause, str]:
    """The cause of a multiple of n: zero, sign, conjugation, reduction or factor."""
    if fit.factor == 0:
        return Cause.ZERO, f", where |n| is up to {leaf.level:.3g}"
    if fit.factor == -1:
        pairs = len(leaf.shape) > 1 and leaf.shape[-1] == 2
        chosen = region.chosen
        last = region.axis == len(leaf.shape) - 1
        if pairs and last and chosen is not None and chosen.tolist() == [1]:
            return Cause.CONJUGATED, ", in the imaginary part of each pair only"
        return Cause.SIGN, ""
    named = fit.named
    if named is None:
        if abs(fit.factor - 1) < LOST * leaf.rtol and leaf.rtol > COARSE:
            return Cause.PRECISION, ", a factor that lost digits may explain"
        return Cause.FACTOR, ""
    parts = 1 / named.value
    whole = parts == round(parts) and REPEATS[0] <= parts <= REPEATS[1]
    many = int((fit.holds & leaf.wrong).sum()) > 2
    if whole and many and _here_and_there(leaf, region):
        said = ", as where one of several equal contributions is left"
        return Cause.DUPLICATES, said
    words = short(named.value)
    more = "" if words == named.words else f", {words} = {named.words}"
    size = max(abs(named.value), 1 / abs(named.value))
    if named.own and size >= OWN_LENGTH:
        return Cause.REDUCTION, more
    return Cause.FACTOR, more


def _here_and_there(leaf: LeafEvidence, region: Region) -> bool:
    """Whether entries, or rows of them, stand as those of repeated indices may."""
    if region.kind is Kind.SCATTERED:
        return True
    rows = region.kind is Kind.SLABS and region.axis == 0 and len(leaf.shape) > 1
    chosen = region.chosen
    return rows and chosen is not None and bool((np.diff(chosen) > 1).any())
