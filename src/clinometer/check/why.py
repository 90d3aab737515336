"""Why a leaf does not agree, and what would help: one sentence for each."""

from __future__ import annotations

import math

import numpy as np

from clinometer.check.compare import Compared
from clinometer.check.finding import Finding
from clinometer.check.subject import Subject
from clinometer.check.verdict import Verdict
from clinometer.estimate import AMBIGUOUS, FAILED, KINK, TRUNCATION_LIMITED
from clinometer.table import counted, digits

__all__ = ["findings_of", "not_repeatable", "reason_of"]

FACTOR = 8.0
"""Standard deviations of the noise in a bar; the judge uses 6 to 10."""

SHORT = {
    KINK: "a kink",
    AMBIGUOUS: "noise or hidden structure",
    FAILED: "no derivative found",
    TRUNCATION_LIMITED: "f bends too fast for the steps",
}
"""Why an entry could not be judged; any other outcome stands for noise."""

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
    odd = _odd(compared)
    if odd:
        return odd
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


def _odd(compared: Compared) -> str:
    """What to say of an f that is no smooth function around x; else empty."""
    if compared.slight.any():
        return _slight(compared)
    if compared.stepped.any():
        return (
            "f is level at x and moves in steps further away, as one that rounds its "
            "result: no slope is to be had; let f return all its digits"
        )
    if compared.still.any():
        return (
            "f did not change beyond its rounding at any step, though a gradient is "
            "claimed; subtract what is constant in f, or move x to where f changes"
        )
    return ""


def _slight(compared: Compared) -> str:
    """What to say of claims that are off by so little that f may be to blame."""
    evidence, slight = compared.evidence, compared.slight
    gap = np.abs(evidence.analytic - evidence.numerical)[slight]
    off = float(np.max(gap / np.abs(evidence.numerical[slight])))
    return (
        f"off by at most {off:.1e} of the slope: f moves in jumps around x, as one "
        f"that stops an iteration or a solver at a tolerance, which explains it; "
        f"tighten that; rtol={_above(off):.0e} lets it pass, a smaller one does not"
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


def findings_of(
    compared: Compared,
    path: str,
    shape: tuple[int, ...],
    *,
    missing: bool,
    repeatable: bool,
) -> list[Finding]:
    """A finding for each comparison that does not agree, worst first.

    Where all agree: one, for the comparison that lies furthest apart.
    shape : of the leaf.
    missing : whether the library gave None for the leaf.
    """
    wrong, unclear = compared.wrong, compared.unclear
    evidence = compared.evidence
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(evidence.analytic - evidence.numerical) * evidence.size
        bar = evidence.error * evidence.size
    gap = np.where(np.isnan(gap), np.inf, gap)
    chosen = np.flatnonzero(wrong | unclear)
    if not chosen.size:
        chosen = np.array([int(np.argmax(gap))])
    worth = np.where(wrong, gap, bar)[chosen]
    order = chosen[np.lexsort((-worth, ~wrong[chosen]))]
    found: list[Finding] = []
    for k in order.tolist():
        reason = _reason(compared, k, missing=missing, repeatable=repeatable)
        found.append(_finding(compared, k, path=path, shape=shape, reason=reason))
    return found


def _finding(
    compared: Compared, k: int, *, path: str, shape: tuple[int, ...], reason: str
) -> Finding:
    evidence = compared.evidence
    analytic = float(evidence.analytic[k])
    numerical = float(evidence.numerical[k])
    known = math.isfinite(numerical)
    comparable = known and math.isfinite(analytic) and numerical != 0
    index = tuple(
        int(i) for i in np.unravel_index(0 if evidence.directions else k, shape)
    )
    verdict = Verdict.AGREES
    if compared.wrong[k]:
        verdict = Verdict.DIFFERS
    elif compared.unclear[k]:
        verdict = Verdict.CANNOT_TELL
    return Finding(
        path=path,
        index=None if evidence.directions else index,
        direction=k if evidence.directions else None,
        verdict=verdict,
        analytic=analytic,
        numerical=numerical if known else None,
        error=float(evidence.error[k]),
        ratio=analytic / numerical if comparable else None,
        reason=reason,
    )


def _reason(compared: Compared, k: int, *, missing: bool, repeatable: bool) -> str:
    """Why comparison k does not agree, in a few words; empty if that is plain."""
    if compared.wrong[k]:
        if missing:
            return "no gradient arrives (None)"
        if compared.code[k] == KINK:
            return "a kink, outside the slopes left and right"
        analytic = compared.evidence.analytic[k]
        return "" if np.isfinite(analytic) else f"{analytic} claimed"
    if not compared.unclear[k]:
        return ""
    if not repeatable:
        return "f is not repeatable"
    for where, said in (
        (compared.still, "f did not change"),
        (compared.slight, "slightly off"),
        (compared.stepped, "f moves in steps"),
    ):
        if where[k]:
            return said
    return SHORT.get(int(compared.code[k]), "noise")
