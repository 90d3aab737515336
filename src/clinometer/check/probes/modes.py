"""Probe of the modes: reverse is the transpose of forward, <u, Jv> = <Jᵀu, v>.

No step, no truncation: both sides come from autodiff's own rules. Which of the two is
wrong, only differences can tell.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.probes.trial import Trial
from clinometer.check.verdict import Verdict

__all__ = ["adjoint", "tangents"]

Floats: TypeAlias = NDArray[np.float64]

SIGNS = np.array([-1.0, 1.0])
"""What a random number of 0 or 1 stands for."""

FAR = (1.0, 2.0, 4.0)
"""Moves that show how large the terms of f are, in units of a direction as large as x:
a function that saturates at x does not everywhere else."""

ORDINARY = 2.0**6
"""Factor on its change with twice the move by which f may grow, as x**6 does."""

LOST = 64.0
"""Unit roundoffs of such a change that two slopes may differ by: what sums of a few
thousand terms lose, 4e-6 of it in float32."""


def adjoint(trial: Trial) -> list[Diagnosis]:
    """<u, J v> from forward mode equals <J^T u, v> from reverse mode, leaf by leaf.

    Costs one forward-mode pass where all agrees, one for each leaf where it does not,
    and six calls of f for each that is named. An f without forward mode raises
    NotImplementedError: nothing was probed.
    """
    rule = trial.rule
    v = tangents([to_float64(leaf) for leaf in rule.layout.leaves], trial.seed)
    if not _gap(trial, v):
        return []
    found: list[Diagnosis] = []
    for k, path in enumerate(trial.paths):
        alone = [part if j == k else np.zeros_like(part) for j, part in enumerate(v)]
        sides = _gap(trial, alone)
        if sides and not _nothing_but_rounding(trial, alone, sides):
            forward, reverse = sides
            evidence = (
                f"along one random direction forward mode gives {forward:.6g}, "
                f"reverse mode {reverse:.6g}"
            )
            found.append(Diagnosis(Cause.MODES, path, "", Verdict.DIFFERS, evidence))
    return found


def _nothing_but_rounding(
    trial: Trial, v: Sequence[Floats], sides: tuple[float, float]
) -> bool:
    """Whether two slopes differ by no more than rounding of what f is computed from.

    v : the direction.
    sides : slope along it by forward and by reverse mode, in units of f.
    How much f changes when x moves by v or 2 v tells how large the terms are that
    cancel in a slope where f saturates, as in a softmax that has decided. Where f grows
    without bound, as an exponential does, such a change says nothing about x.
    """
    natural = 0.0
    for sign in (1.0, -1.0):
        changes = [_change(trial, v, sign * t) for t in FAR]
        for near, far in itertools.pairwise(changes):
            if math.isfinite(far) and far <= ORDINARY * near:
                natural = max(natural, near)
    forward, reverse = sides
    return abs(forward - reverse) <= LOST * trial.rule.roundoff * natural


def _change(trial: Trial, v: Sequence[Floats], t: float) -> float:
    """Size of the change of f, weighted, when x moves by t v; +inf where f fails."""
    rule = trial.rule
    moved = [
        from_float64(to_float64(leaf) + t * part, leaf) if part.any() else leaf
        for leaf, part in zip(rule.leaves(), v, strict=True)
    ]
    try:
        values = [to_float64(value) for value in rule.plain(moved)]
    except Exception:  # noqa: BLE001 - x lies at the edge of f's domain
        return math.inf
    with np.errstate(all="ignore"):
        parts = [
            float(np.linalg.norm(u * (there - here)))
            for u, there, here in zip(trial.u, values, trial.values, strict=True)
        ]
    change = math.hypot(*parts)
    return change if math.isfinite(change) else math.inf


def tangents(leaves: Sequence[Floats], seed: int) -> list[Floats]:
    """One tangent for each leaf: entries about as large as those of x, at random.

    Of irregular size as well as sign: along x with some signs flipped, the parts of a
    homogeneous function may cancel.
    """
    rng = np.random.default_rng([seed, 0xADD])
    found: list[Floats] = []
    for leaf in leaves:
        size = float(np.abs(leaf).max(initial=0.0)) or 1.0
        own = np.maximum(np.abs(leaf), size / 16)
        found.append(
            np.asarray(
                own
                * SIGNS[rng.integers(0, 2, leaf.shape)]
                * rng.uniform(0.5, 1.5, leaf.shape)
            )
        )
    return found


def _norm(part: Floats) -> float:
    """Root of the sum of squares."""
    flat = part.reshape(-1)
    return math.sqrt(float(flat.dot(flat)))


def _gap(trial: Trial, v: Sequence[Floats]) -> tuple[float, float] | None:
    """Slope along v by forward and by reverse mode, if they differ.

    Raises NotImplementedError if there is no forward mode.
    """
    rule = trial.rule
    pairs = zip(v, rule.layout.leaves, strict=True)
    raw = [from_float64(part, leaf) for part, leaf in pairs]
    given = [to_float64(part) for part in raw]
    both = rule.engine.jvp(rule.listed, rule.leaves(), raw)
    if both is None:
        raise NotImplementedError
    outer = [u * to_float64(part) for u, part in zip(trial.u, both[1], strict=True)]
    inner = [
        np.where(np.isfinite(a), a, 0.0) * b.reshape(-1)
        for a, b in zip(trial.base, given, strict=True)
    ]
    forward = math.fsum(float(part.sum()) for part in outer)
    reverse = math.fsum(float(part.sum()) for part in inner)
    size = math.hypot(*(_norm(part) for part in (*outer, *inner)))
    floor = max(low * _norm(part) for low, part in zip(trial.floor, given, strict=True))
    if math.isfinite(size) and abs(forward - reverse) > trial.share * size + floor:
        return forward, reverse
    return None
