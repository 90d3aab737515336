"""Whether a wrong rule applies J to the incoming gradient where J transposed is due.

Asked only of a rule that differs, and only where f(x) has the shape of a leaf of x: the
derivative of f along the incoming gradient, by differences, is then what it claims.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.probes.trial import Trial
from clinometer.check.verdict import Verdict

__all__ = ["likeness", "transposed"]

Floats: TypeAlias = NDArray[np.float64]

LIKENESS = 1e-4
"""Gap within which a claim counts as equal to the differences, relative to the largest
entry; more in float32, where central differences reach fewer digits."""

FLOAT32 = 2.0**-24
"""Unit roundoff beyond which differences are too coarse to be asked."""

LEAST = 2
"""Entries at least: of a single one, J and its transpose are the same."""


def transposed(trial: Trial, k: int) -> Diagnosis | None:
    """The diagnosis that leaf k's gradient is J u, not J^T u; costs two calls of f.

    k : number of a leaf whose gradient is known to be wrong.
    None if it is not so, cannot be asked, or if f fails beside x.
    """
    rule = trial.rule
    shape = rule.layout.shapes[k]
    same = len(trial.u) == 1 and trial.u[0].shape == shape
    if not same or trial.u[0].size < LEAST or rule.roundoff > FLOAT32:
        return None
    leaf = rule.leaves()[k]
    size = float(np.abs(to_float64(leaf)).max(initial=0.0)) or 1.0
    step = size * rule.roundoff ** (1 / 3)
    try:
        slope = _along(trial, k, step)
    except Exception:  # noqa: BLE001 - whatever f raises beside x, nothing is known
        return None
    claim = trial.base[k]
    largest = float(np.abs(claim).max())
    gap = float(np.abs(slope - claim).max())
    if not gap <= likeness(trial) * largest:
        return None
    evidence = (
        f"a = J u within {gap / largest if largest else 0.0:.0e}, the derivative of f "
        "along the incoming gradient u, where J transposed times u is due"
    )
    path = trial.paths[k]
    return Diagnosis(Cause.TRANSPOSED, path, "everywhere", Verdict.DIFFERS, evidence)


def likeness(trial: Trial) -> float:
    """Gap within which a claim counts as equal, relative to the largest entry."""
    return max(LIKENESS, 64 * trial.rule.roundoff ** (2 / 3))


def _along(trial: Trial, k: int, step: float) -> Floats:
    """(E) the central difference of f along the cotangents, in leaf k alone."""
    ahead, back = (_value(trial, k, sign * step) for sign in (1.0, -1.0))
    return (ahead - back) / (2 * step)


def _value(trial: Trial, k: int, step: float) -> Floats:
    """(E) f(x + step u), u being the cotangents, moved in leaf k alone."""
    leaves = trial.rule.leaves()
    moved = [
        from_float64(to_float64(leaf) + step * trial.u[0], leaf) if j == k else leaf
        for j, leaf in enumerate(leaves)
    ]
    (value,) = trial.rule.plain(moved)
    return to_float64(value).reshape(-1)
