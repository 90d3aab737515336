"""The step curve of the place where a claim is furthest off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from clinometer.arrays import from_float64, is_array
from clinometer.check import Finding, Report, Verdict
from clinometer.check.place import sizes_of
from clinometer.check.question import Claimed, Question
from clinometer.check.rays import Part, Ray
from clinometer.check.words import Box
from clinometer.derivative import Options
from clinometer.errors import ClinometerError
from clinometer.evaluate import Function
from clinometer.problem import Problem
from clinometer.show.curve import StepCurve, step_curve

__all__ = ["Worst", "worst_curve"]

APART = 10.0
"""Bars between the report's slope and the curve's from which on they are not of the
same line, or of the same f."""


@final
@dataclass(frozen=True, eq=False)
class Worst:
    """A finding, and how differences along its line go with their step."""

    finding: Finding
    curve: StepCurve


def worst_curve(report: Report, problem: Problem) -> Worst | None:
    """The step curve of the worst measured finding; some 1,000 evaluations of f.

    None where nothing was measured, or where f no longer gives what the report says.
    """
    measured = [found for found in report.findings if found.numerical is not None]
    if not measured:
        return None
    finding = max(measured, key=_badness)
    options: Options = {"batched": problem.batched, "vmap": problem.vmap}
    if problem.scale is not None:
        options["scale"] = problem.scale
    try:
        function = Function(
            problem.f, problem.x, batched=problem.batched, vmap=problem.vmap
        )
        v = _direction(function, finding, report.seed, scale=problem.scale)
        if v is None:
            return None
        question = Question.of(
            problem.f,
            function.layout,
            claimed=Claimed(problem.gradient, problem.vjp, problem.jacobian),
            batched=problem.batched,
            seed=report.seed,
        )
        curve = step_curve(question.f, problem.x, v, **options)
    except ClinometerError:  # f of several outputs, or one that fails by now
        return None
    return Worst(finding, curve) if _same(finding, curve) else None


def _badness(finding: Finding) -> tuple[bool, float]:
    """By verdict, then by distance from what was measured, in bars."""
    assert finding.numerical is not None  # only measured findings are ranked
    differs = finding.verdict is Verdict.DIFFERS
    if finding.analytic is None:
        return differs, 0.0
    off = abs(finding.analytic - finding.numerical)
    if not np.isfinite(off):
        return differs, 0.0
    return differs, off / finding.error if finding.error > 0 else np.inf


def _direction(function: Function, finding: Finding, seed: int, *, scale: Any) -> Any:
    """The tree like x along which a finding was measured; None if it is not known."""
    layout = function.layout
    if finding.path not in layout.paths:
        return None
    leaf = layout.paths.index(finding.path)
    shape = layout.shapes[leaf]
    moves = [np.zeros(own) for own in layout.shapes]
    if finding.direction is not None:
        ray = Ray((Part(leaf, Box.whole(shape)),), (seed, finding.direction))
        ray.add(sizes_of(layout, scale), leaf, out=moves[leaf].reshape(-1), t=1.0)
    elif finding.index is not None and len(finding.index) == len(shape):
        moves[leaf][finding.index] = 1.0
    else:
        return None
    return layout.rebuild(
        [
            from_float64(move, like) if is_array(like) else float(move)
            for move, like in zip(moves, layout.leaves, strict=True)
        ]
    )


def _same(finding: Finding, curve: StepCurve) -> bool:
    """Whether the curve is of the line that the finding is about."""
    assert finding.numerical is not None  # as in worst_curve
    bars = finding.error + float(curve.slope.error)
    off = abs(float(curve.slope.value) - finding.numerical)
    return bool(off <= APART * bars)
