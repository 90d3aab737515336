"""Entries whose claim one pair of points confirms, so that no ladder is needed.

A difference at one step has no error bar of its own. But a claim is a second statement
of the same number: where the two meet within a part of what is material, both are
right, or a wrong claim and a truncation error coincide to seven digits. What one step
cannot confirm is measured in full, and so is, in every leaf, the entry that was
confirmed least well: if that turns out to be in doubt, all of its leaf is.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.check.subject import Slopes, Subject
from clinometer.estimate import CONVERGED
from clinometer.ladder import FLOAT64, Lines

__all__ = ["confirm"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

STEP = 0.81 * 2.0**-12
"""Step relative to the size of its entry: the error h**2 f''' / 6 of a well-scaled f is
then 7e-9 of the slope, its rounding error 1e-12 of f / x. It uses all its bits, and
none of the ladder's steps is a multiple of it."""

SHARE = 0.25
"""Part of what is material within which a claim has to be met."""

BEND = 0.01
"""Largest deviation of the slopes left and right from the claim, relative to it. They
differ by h * f''; at a kink they differ whatever the step."""

LOST = 4.0
"""Unit roundoffs of f by which the difference of two of its values may be off."""


def confirm(
    subject: Subject, lines: Lines, claim: Floats, *, rtol: float
) -> tuple[Slopes, Bools]:
    """Slopes at one step along lines of one entry each, and which the claim meets.

    claim : (E) claimed slopes, in units of f / x.
    rtol : relative difference that is material, dimensionless.
    Costs two evaluations an entry, where f works in float64; below it none, for there
    a single step has too few digits. A claim of zero is never confirmed: that nothing
    happens near x says little.
    """
    none = np.zeros(lines.count, np.bool_)
    function = subject.function
    coarsest = max(function.outcome.roundoff, *function.layout.roundoff)
    if coarsest > FLOAT64 or not subject.repeatable:
        return Slopes.none(lines.count), none
    step = lines.representable(STEP * lines.scale[None])
    offset = lines.arrived(np.concatenate([-step, step]))
    line = np.tile(np.arange(lines.count), 2)
    values = function.values(lines.points(line, offset.ravel()))
    below, above = values[:, 0].reshape(offset.shape)
    with np.errstate(all="ignore"):
        slope = (above - below) / (offset[1] - offset[0])
        left = (below - subject.value) / offset[0]
        right = (above - subject.value) / offset[1]
        lost = LOST * coarsest * np.fmax(np.abs(below), np.abs(above)) / step[0]
        error = np.fmax(np.abs(slope - claim), lost)
        met = error <= SHARE * rtol * np.abs(claim)
        one_sided = np.fmax(np.abs(left - claim), np.abs(right - claim))
        met &= one_sided <= BEND * np.abs(claim)
        met &= (step[0] <= lines.reach) & (claim != 0) & np.isfinite(claim)
    code = np.full(lines.count, CONVERGED, np.int8)
    return Slopes(slope, error, step[0], code), met
