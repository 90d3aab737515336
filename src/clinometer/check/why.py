"""Why a leaf does not agree, and what would help: one sentence for each."""

from __future__ import annotations

import math

import numpy as np

from clinometer.check.compare import Compared
from clinometer.check.subject import Subject
from clinometer.estimate import AMBIGUOUS, KINK, TRUNCATION_LIMITED
from clinometer.table import counted, digits

__all__ = ["not_repeatable", "reason_of"]

FACTOR = 8.0
"""Standard deviations of the noise in a bar; the judge uses 6 to 10."""

ROUGHLY_ROUNDING = 1e3
"""Noise below so many roundoffs of f's value is its rounding, dimensionless."""


def not_repeatable(subject: Subject) -> str:
    """What to say of an f that gives another value each time."""
    values = subject.values
    other = next(value for value in values if abs(value - values[0]) > subject.grain)
    return (
        f"f is not repeatable: f(x) was {values[0]!r}, then {other!r}; fix its random "
        "seed or its state, so that equal x give equal values"
    )


def reason_of(compared: Compared, subject: Subject) -> str:
    """Why a leaf does not agree, where that needs words; else empty."""
    unclear = compared.unclear
    if not unclear.any() or not subject.repeatable:
        return ""  # not repeatable: that is a note of the report
    if compared.slight.any():
        return _slight(compared)
    if compared.still.any():
        return (
            "f did not change beyond its rounding at any step, though a gradient is "
            "claimed; subtract what is constant in f, or move x to where f changes"
        )
    count = int(unclear.sum())
    what = counted(count, "place", "places")
    code = compared.code[unclear]
    if np.any(code == KINK):
        return (
            f"f has a kink at {what}: the claim lies between the slopes to the left "
            "and to the right; move x off the kink"
        )
    if not np.isfinite(compared.evidence.error[unclear]).all():
        return (
            f"no derivative was found at {what}: f is irregular around x, or not "
            "finite; give scale=, or move x away from the edge of the domain"
        )
    if np.any(code == AMBIGUOUS):
        return (
            f"noise and fine structure of f could not be told apart at {what}; "
            f"{_resolves(compared)}; give scale= the size on which f changes"
        )
    if np.all(code == TRUNCATION_LIMITED):
        return (
            f"f changes too fast for the steps at {what}; {_resolves(compared)}; give "
            "scale= the size on which f changes"
        )
    return _noise(compared, subject)


def _slight(compared: Compared) -> str:
    """What to say of claims that are off by so little that f may be to blame."""
    evidence, slight = compared.evidence, compared.slight
    gap = np.abs(evidence.analytic - evidence.numerical)[slight]
    off = float(np.max(gap / np.abs(evidence.numerical[slight])))
    return (
        f"off by at most {off:.1e} of the slope: if f stops an iteration or a solver "
        f"at a tolerance, that explains it, and rtol={_above(off):.0e} lets it pass; "
        f"if not, the gradient is wrong: a smaller rtol= says so"
    )


def _above(share: float) -> float:
    """The power of ten above twice a share."""
    return 10.0 ** math.ceil(math.log10(2 * share))


def _noise(compared: Compared, subject: Subject) -> str:
    """What to say where noise hides the slope."""
    evidence = compared.evidence
    steps = np.where(np.isfinite(compared.step), compared.step, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        noise = evidence.error * steps / FACTOR
    known = noise[np.isfinite(noise) & (noise > 0)]
    value = abs(subject.value)
    level = float(np.median(known)) / value if known.size and value > 0 else 0.0
    function = subject.function  # in float64 perhaps, where x is not
    roundoff = max(function.outcome.roundoff, *function.layout.roundoff)
    coarse = roundoff > np.finfo(np.float64).eps / 2
    rounded = level <= ROUGHLY_ROUNDING * roundoff
    if rounded:
        said = "rounding of f hides its slope"
    else:
        said = f"f is noisy at {level:.0e} of its value"
    if coarse:
        way = "evaluate f in float64"
    elif rounded:
        way = "subtract what is constant in f, or give scale= larger steps"
    else:
        way = "tighten the tolerance inside f, or give scale= larger steps"
    return f"{said}; {_resolves(compared)}; to see more, {way}"


def _resolves(compared: Compared) -> str:
    """How much the check sees, in digits."""
    found = digits(float(np.max(compared.share[compared.unclear])))
    return f"this check resolves {counted(found, 'digit', 'digits')}"
