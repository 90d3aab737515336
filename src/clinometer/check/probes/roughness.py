"""Whether a claim in float64 is off by lost digits, or by a smooth wrong formula.

Digits lost to a coarser dtype inside a rule jump about when x moves a little; what is
off by a formula moves smoothly. Fourth differences of the claim tell the two apart: on
five points close together they are next to nothing for a smooth function, and about
eight times the jumps for one that jumps.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.probes.rule import Pulled, Rule, cotangents

__all__ = ["jumps"]

Floats: TypeAlias = NDArray[np.float64]

APART = 2.0**-9
"""Distance of the points, relative to x: several roundoffs even of float16."""

FOURTH = (1.0, -4.0, 6.0, -4.0, 1.0)
"""Weights of the fourth difference."""


def jumps(rule: Rule, k: int, gap: Floats, *, seed: int) -> bool | None:
    """Whether the claim for leaf k jumps about as much as it is off, as x moves.

    gap : (E) |claim - measured|, 0 where the two agree, in units of f / x.
    None where the rule fails beside x. Costs five forward and backward passes.
    """
    u = [np.ones(())] if rule.scalar else cotangents(rule.values, seed, level=True)
    total = np.zeros_like(gap)
    try:
        for place, weight in zip(range(-2, 3), FOURTH, strict=True):
            total += weight * _claim(rule, 1 + place * APART, u)[k]
    except Exception:  # noqa: BLE001 - whatever the user's code raises beside x
        return None
    off = gap > 0
    if not off.any() or not np.isfinite(total).all():
        return None
    return bool(np.median(np.abs(total[off])) > np.median(gap[off]))


def _claim(rule: Rule, factor: float, u: list[Floats]) -> Pulled:
    """The rule's gradient at x times a factor."""
    leaves = [from_float64(factor * to_float64(leaf), leaf) for leaf in rule.leaves()]
    _, pull = rule.record(leaves)
    return rule.flat(pull(rule.like_values(u)))
