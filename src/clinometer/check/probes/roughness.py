"""Whether a claim in float64 is off by lost digits, or by a smooth wrong formula.

Digits lost to a coarser dtype inside a rule jump about when x moves a little; what is
off by a formula moves smoothly. Fourth differences of the claim tell the two apart: on
five points close together they are next to nothing for a smooth function, and about
eight times the jumps for one that jumps.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.probes.rule import Pulled, Rule, cotangents

__all__ = ["jumps"]

Floats: TypeAlias = NDArray[np.float64]

APART = 2.0**-9
"""Distance of the points, relative to x: several roundoffs even of float16."""

CURVED = 64.0
"""Unit roundoffs of <u, f> beyond which its second difference is no rounding."""

FOURTH = (1.0, -4.0, 6.0, -4.0, 1.0)
"""Weights of the fourth difference."""


def jumps(rule: Rule, k: int, gap: Floats, *, seed: int) -> bool | None:
    """Whether the claim for leaf k jumps about as much as it is off, as x moves.

    gap : (E) |claim - measured|, 0 where the two agree, in units of f / x.
    None where that cannot be told: the rule fails beside x, or the claim stands still
    while the slope moves, as one rounded to a few decimals does between its jumps.
    Costs five forward and backward passes, and three calls of f for a still claim.
    """
    u = [np.ones(())] if rule.scalar else cotangents(rule.values, seed, level=True)
    try:
        claims = [_claim(rule, 1 + place * APART, u)[k] for place in range(-2, 3)]
        claimed, off = np.stack(claims), gap > 0
        if not off.any() or not np.isfinite(claimed[:, off]).all():
            return None
        still = np.ptp(claimed[:, off], axis=0) == 0
        if np.median(still) > 0 and _slope_moves(rule, u):
            return None
    except Exception:  # noqa: BLE001 - whatever the user's code raises beside x
        return None
    total = np.abs(np.asarray(FOURTH) @ claimed[:, off])
    return bool(np.median(total) > np.median(gap[off]))


def _slope_moves(rule: Rule, u: list[Floats]) -> bool:
    """Whether <u, f> is curved where x is stretched, beyond its rounding."""
    values = [
        [to_float64(part) for part in rule.plain(_stretched(rule, 1 + place * APART))]
        for place in (-1, 0, 1)
    ]
    below, here, above = (
        math.fsum(float((w * part).sum()) for w, part in zip(u, parts, strict=True))
        for parts in values
    )
    lost = CURVED * rule.roundoff * max(map(abs, (below, here, above)))
    return abs(above - 2 * here + below) > lost


def _claim(rule: Rule, factor: float, u: list[Floats]) -> Pulled:
    """The rule's gradient at x times a factor."""
    _, pull = rule.record(_stretched(rule, factor))
    return rule.flat(pull(rule.like_values(u)))


def _stretched(rule: Rule, factor: float) -> list[Any]:
    """The leaves of x times a factor."""
    return [from_float64(factor * to_float64(leaf), leaf) for leaf in rule.leaves()]
