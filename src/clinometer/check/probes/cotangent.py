"""Probes of the incoming gradient: backward is linear in it, blind to its strides."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.probes.rule import Pulled, cotangents
from clinometer.check.probes.trial import OTHER_ORDER, Trial
from clinometer.check.verdict import Verdict

__all__ = ["cotangent_layouts", "linearity"]

Floats: TypeAlias = NDArray[np.float64]

FAR = 2.0**10
"""Factor on the cotangents that shows a bound: about a thousand, exact in binary."""

FAR_IN_HALF = 2.0**3
"""The same in float16, whose numbers end at 65,504."""

NEAR = 2.0**-24
"""Factor on the cotangents that shows what is taken for zero: 6e-8. Not in float16,
whose normal numbers begin at 6.1e-5, where the backward pass itself underflows."""


COARSE = 2.0**-6
"""Gap over the largest entry that rounding explains: four roundoffs of bfloat16."""


def linearity(trial: Trial) -> list[Diagnosis]:
    """Zero gives zero; negated, doubled, quartered, far and added cotangents add up.

    Costs one backward pass each for 0, FAR u and NEAR u, one for -u if none was pulled
    yet, two more where f is not scalar, and two more to name what is found.
    """
    base = trial.base
    zero = trial.pulled(trial.scaled(0.0))
    ignored = trial.apart(zero, [np.zeros_like(part) for part in base])
    found = [_ignored(trial, zero, k) for k in ignored[:1]]
    negated = trial.negated
    wrong = trial.apart(negated, _times(base, -1.0))
    half = trial.rule.roundoff == 2.0**-11
    far = FAR_IN_HALF if half else FAR
    stretched = _finite(trial.pulled(trial.scaled(far)), base, far)
    wrong += trial.apart(_times(stretched, 1 / far), base)
    lossy: list[Diagnosis] = []
    if not trial.rule.scalar:
        together, apart = _together_and_apart(trial)
        differ = trial.apart(together, apart)
        if differ and not wrong:
            lossy = _rounded(trial, together, apart, k=differ[0])
        wrong += [] if lossy else differ
    wrong = [k for k in wrong if k not in ignored]
    if wrong:
        found.append(_nonlinear(trial, negated, (far, stretched), k=wrong[0]))
    elif not ignored and not half:
        found += _cut_off(trial) or lossy
    return found


def _times(gradient: Pulled, factor: float) -> Pulled:
    return [factor * part for part in gradient]


def _finite(far: Pulled, base: Pulled, factor: float) -> Pulled:
    """The gradient for far cotangents, without what has merely overflowed."""
    pairs = zip(far, base, strict=True)
    return [np.where(np.isfinite(a), a, factor * b) for a, b in pairs]


def _together_and_apart(trial: Trial) -> tuple[Pulled, Pulled]:
    """The gradient for u + w, and that for u and that for w added up."""
    rule = trial.rule
    w = cotangents(rule.values, trial.seed + 1)
    one = trial.pulled(rule.like_values(w))
    both = [a + b for a, b in zip(trial.u, w, strict=True)]
    together = trial.pulled(rule.like_values(both))
    return together, [a + b for a, b in zip(trial.base, one, strict=True)]


def _rounded(
    trial: Trial, together: Pulled, apart: Pulled, *, k: int
) -> list[Diagnosis]:
    """A diagnosis if leaf k is not additive for being rounded to a coarser dtype.

    Rounding keeps signs and powers of two, which the caller has seen, and moves sums by
    a few units in the last place of bfloat16 at most.
    """
    entry = trial.worst(together, apart, k)
    gap = float(np.abs(together[k] - apart[k])[entry])
    largest = float(np.abs(apart[k]).max())
    if not gap <= COARSE * largest:
        return []
    evidence = (
        f"gradients for u and for w add up to that for u + w only within "
        f"{gap / largest:.1g} of the largest entry, at {trial.place(k, entry)}, though "
        "those for -u and 2**k u are exact: rounded to a coarser dtype on the way"
    )
    path = trial.paths[k]
    return [Diagnosis(Cause.PRECISION, path, "", Verdict.DIFFERS, evidence)]


def _ignored(trial: Trial, zero: Pulled, k: int) -> Diagnosis:
    """Diagnosis of a leaf whose gradient does not vanish with the cotangents."""
    entry = trial.worst(zero, [np.zeros_like(part) for part in zero], k)
    at_zero, at_u = float(zero[k][entry]), float(trial.base[k][entry])
    whole = not trial.gap(zero, trial.base, k) > 1.0
    share = "" if whole else "; only a part of it ignores the incoming gradient"
    return Diagnosis(
        Cause.COTANGENT_IGNORED,
        trial.paths[k],
        "everywhere" if whole else "in part",
        Verdict.DIFFERS,
        f"an incoming gradient of zeros gives {at_zero:.6g} at "
        f"{trial.place(k, entry)}, where 0 is due (it gives {at_u:.6g} for u){share}",
    )


def _nonlinear(
    trial: Trial, negated: Pulled, stretched: tuple[float, Pulled], *, k: int
) -> Diagnosis:
    """Diagnosis of a leaf whose gradient is not linear in the cotangents."""
    far, outer = stretched
    doubled = trial.pulled(trial.scaled(2.0))
    quarter = trial.pulled(trial.scaled(0.25))
    base = trial.base
    odd = not trial.gap(negated, _times(base, -1.0), k) > 1.0
    twice = not trial.gap(_times(doubled, 0.5), base, k) > 1.0
    straight = twice and not trial.gap(_times(outer, 1 / far), base, k) > 1.0
    flat = not trial.gap(quarter, base, k) > 1.0
    if odd:
        entry = trial.worst(_times(outer, 1 / far), base, k)
    else:
        entry = trial.worst(negated, _times(base, -1.0), k)
    b, n, t = (float(part[k][entry]) for part in (base, negated, outer))
    if odd and flat:
        kind = "only its sign or direction counts"
    else:
        kind = _kind(b, n, t / far, odd=odd, straight=straight)
    return Diagnosis(
        Cause.COTANGENT_NONLINEAR,
        trial.paths[k],
        "",
        Verdict.DIFFERS,
        f"{kind}: incoming gradients u, -u and {far:g} u give {b:.6g}, {n:.6g} and "
        f"{t:.6g} at {trial.place(k, entry)}, where {b:.6g}, {-b:.6g} and "
        f"{far * b:.6g} are due",
    )


def _cut_off(trial: Trial) -> list[Diagnosis]:
    """A diagnosis if the gradient is not linear for small cotangents only.

    What is too small for a normal number of float32 has merely underflowed.
    """
    base = trial.base
    least = float(np.finfo(np.float32).smallest_normal) / NEAR
    pairs = zip(trial.pulled(trial.scaled(NEAR)), base, strict=True)
    near = [np.where(np.abs(b) < least, NEAR * b, a) for a, b in pairs]
    wrong = trial.apart(_times(near, 1 / NEAR), base)
    if not wrong:
        return []
    k = wrong[0]
    entry = trial.worst(_times(near, 1 / NEAR), base, k)
    b, n = float(base[k][entry]), float(near[k][entry])
    evidence = (
        f"small ones are cut off: incoming gradients u and {NEAR:.2g} u give {b:.6g} "
        f"and {n:.6g} at {trial.place(k, entry)}, where {NEAR * b:.6g} is due"
    )
    path = trial.paths[k]
    return [Diagnosis(Cause.COTANGENT_NONLINEAR, path, "", Verdict.DIFFERS, evidence)]


def _kind(base: float, negated: float, far: float, *, odd: bool, straight: bool) -> str:
    """What a rule does to the incoming gradient, in a word.

    base, negated : gradient for u and for -u.
    far : that for far u, divided by far.
    odd : whether a negated cotangent negates the gradient.
    straight : whether the gradient grows in proportion.
    """
    if odd and straight:
        return "not additive"
    if odd:
        return "clipped" if abs(far) < abs(base) else "used more than once"
    if straight:
        mixed = abs(base + negated) < abs(base - negated)
        one_sided = min(abs(base), abs(negated)) < SMALL * max(abs(base), abs(negated))
        if one_sided:
            return "cut off on one side of zero"
        return "made positive in part" if mixed else "made positive"
    return "squared" if abs(far) > abs(base) else "clipped, to different bounds"


SMALL = 1e-3
"""Share below which one side counts as cut off."""


def cotangent_layouts(trial: Trial) -> list[Diagnosis]:
    """Equal cotangents that lie otherwise in memory give equal gradients.

    Costs one backward pass for each way to lie, and one for cotangents of ones.
    """
    rule = trial.rule
    raw = trial.scaled(1.0)
    ways = [rule.engine.layouts(part) for part in raw]
    names = list(dict.fromkeys(name for way in ways for name in way))
    if not names:
        raise NotImplementedError
    found: list[Diagnosis] = []
    for name in names:
        given = [way.get(name, part) for way, part in zip(ways, raw, strict=True)]
        found += _compared(trial, name, given=given, expected=trial.base)
    ones = [np.ones_like(part) for part in trial.u]
    level = rule.like_values(ones)
    ways = [rule.engine.layouts(part) for part in level]
    expanded = [
        way.get("expanded", part) for way, part in zip(ways, level, strict=True)
    ]
    if any("expanded" in way for way in ways) and not found:
        found += _compared(
            trial, "expanded", given=expanded, expected=trial.pulled(level)
        )
    return found[:1]


def _compared(
    trial: Trial, name: str, *, given: list[object], expected: Pulled
) -> list[Diagnosis]:
    """A diagnosis if cotangents lying in that way give another gradient, or raise."""
    try:
        got = trial.pulled(given)
    except Exception as error:  # noqa: BLE001 - a user's backward may raise anything
        said = str(error).strip().partition("\n")[0]
        evidence = (
            f"an equal incoming gradient that is {name} makes the backward pass raise "
            f"{type(error).__name__}: {said}"
        )
        return [Diagnosis(Cause.STRIDES, "", "", Verdict.DIFFERS, evidence)]
    wrong = trial.apart(got, expected, factor=OTHER_ORDER)
    if expected is trial.base:
        wrong = trial.beyond_rounding(wrong, got)
    if not wrong:
        return []
    k = wrong[0]
    entry = trial.worst(got, expected, k)
    evidence = (
        f"an equal incoming gradient that is {name} gives {got[k][entry]:.6g} at "
        f"{trial.place(k, entry)}, a contiguous one {expected[k][entry]:.6g}"
    )
    return [Diagnosis(Cause.STRIDES, trial.paths[k], "", Verdict.DIFFERS, evidence)]
