"""Probes that need no differences: gradients compared with gradients.

Half of the wrong gradients known from public trackers pass a comparison with
differences at one generic point. What they break is a law: a gradient is linear in the
incoming gradient, blind to how arrays lie in memory, and the same at every call. Each
probe tests one law and costs a few calls of f or of its backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np

from clinometer.arrays import to_float64
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.probes.cotangent import cotangent_layouts, linearity
from clinometer.check.probes.modes import adjoint
from clinometer.check.probes.rounding import settled_by_rounding
from clinometer.check.probes.rule import Rule
from clinometer.check.probes.state import (
    changed_inputs,
    changed_outputs,
    forward_values,
    input_layouts,
    interleaved,
    second_backward,
)
from clinometer.check.probes.transposed import likeness, transposed
from clinometer.check.probes.trial import SHARE, Trial, gap_of
from clinometer.check.report import Report
from clinometer.check.verdict import WORST, Verdict

__all__ = ["COTANGENT", "Probed", "probe"]

Probe: TypeAlias = Callable[[Trial], list[Diagnosis]]

PROBES: dict[str, Probe] = {
    "second backward": second_backward,
    "zero, negated, scaled and added cotangents": linearity,
    "interleaved forwards": interleaved,
    "value with and without the rule": forward_values,
    "cotangents lying otherwise in memory": cotangent_layouts,
    "inputs lying otherwise in memory": input_layouts,
    "inputs changed after the forward": changed_inputs,
    "outputs changed after the forward": changed_outputs,
    "adjoint identity": adjoint,
}
"""By the name a report gives them, cheapest and surest first."""

FOR_GRADIENTS = (second_backward, interleaved, input_layouts)
"""What makes sense for a user's gradient function, which takes no cotangent."""

FOR_AUTODIFF = (forward_values, changed_inputs, changed_outputs, adjoint)
"""What makes sense only where a library records."""

SPOILING = (Cause.NOT_REPEATABLE, Cause.STATE)
"""What leaves the other probes nothing to go by: equal calls are not equal."""

COTANGENT = (Cause.COTANGENT_IGNORED, Cause.COTANGENT_NONLINEAR, Cause.NOT_REPEATABLE)
"""What shows as other errors, too, in a comparison with differences."""

VAGUE = (Cause.UNEXPLAINED, Cause.MISSING_TERM)
"""What is said where the numbers fit no formula."""

FAR_OFF = 10.0
"""Least gap between claim and measurement, in units of the likeness that a claim must
have with J u, to say that J is not transposed: else J may be symmetric."""

LARGE = 2**22
"""Entries of x beyond which only the first two run: the others hold copies of x."""


@final
@dataclass(frozen=True, eq=False)
class Probed:
    """What the probes found.

    names : of the probes run.
    diagnoses : what they found, each cause once for a leaf.
    evaluations : how often they called f.
    trial : what they started from, for a question that only a wrong gradient raises.
    """

    names: tuple[str, ...]
    diagnoses: tuple[Diagnosis, ...]
    evaluations: int = 0
    trial: Trial | None = None

    def added_to(self, report: Report) -> Report:
        """The report with these names and diagnoses, its verdict theirs if worse.

        Where the incoming gradient is misused in a leaf, what differences found there
        is a consequence of it, and left out. What rounding of x explains, below
        float64, is no difference.
        """
        if self.trial is not None:
            rule, seed = self.trial.rule, self.trial.seed
            report = settled_by_rounding(rule, report, seed)
        explained = [each.path for each in self.diagnoses if each.cause in COTANGENT]
        others = [each for each in self._turned(report) if each.path not in explained]
        verdicts = {each.verdict for each in self.diagnoses} | {report.verdict}
        by_path = {leaf.path: leaf.verdict for leaf in report.leaves}
        found = [_settled(each, by_path.get(each.path)) for each in self.diagnoses]
        last = [each for each in found if each.cause is Cause.MODES and others]
        first = [each for each in found if each not in last]
        return replace(
            report,
            verdict=next(verdict for verdict in WORST if verdict in verdicts),
            diagnoses=(*first, *others, *last),
            probes=(*report.probes, *self.names),
            evaluations=report.evaluations + self.evaluations,
        )

    def _turned(self, report: Report) -> list[Diagnosis]:
        """Its diagnoses; for a leaf without one formula, that J is not transposed."""
        trial, found = self.trial, [*report.diagnoses]
        if trial is None or trial.rule.fixed or report.verdict is not Verdict.DIFFERS:
            return found
        for k, path in enumerate(trial.paths):
            own = [each for each in found if each.path == path]
            vague = len(own) > 1 or any(each.cause in VAGUE for each in own)
            if vague and _far_off(report, path) > FAR_OFF * likeness(trial):
                turned = transposed(trial, k)
                first = found.index(own[0])
                if turned is not None:
                    found = [each for each in found if each not in own]
                    found.insert(first, turned)
        return found


def _far_off(report: Report, path: str) -> float:
    """Largest gap between claim and measurement in a leaf, relative to its largest."""
    own = [
        (each.analytic, each.numerical)
        for each in report.findings
        if each.path == path and each.verdict is Verdict.DIFFERS
    ]
    known = [(a, n) for a, n in own if a is not None and n is not None]
    largest = max((abs(n) for _, n in known), default=0.0)
    return max((abs(a - n) for a, n in known), default=0.0) / largest if largest else 0


def _settled(found: Diagnosis, measured: Verdict | None) -> Diagnosis:
    """A diagnosis of the modes with what differences say of reverse mode.

    measured : the verdict on the leaf by differences, if it was compared.
    """
    if found.cause is not Cause.MODES:
        return found
    said = "differences cannot tell which of them is right"
    if measured is Verdict.AGREES:
        said = "reverse mode agrees with differences"
    elif measured is Verdict.DIFFERS:
        said = "reverse mode does not agree with differences"
    return replace(found, evidence=f"{found.evidence}; {said}")


def probe(
    rule: Rule, *, rtol: float | None, seed: int, again: Sequence[float] = ()
) -> Probed:
    """Run all probes that make sense for a rule.

    rtol : relative difference that is material, if the user named one.
    again : what a scalar f gave when it was asked for f(x) once more, if it was.

    Where f itself does not repeat, that is all that is said. A rule that raises at x is
    none of the probes' business: reading the claim says so.
    """
    names = ["repeated calls"]
    try:
        random = _unrepeatable(rule, again)
        if random is not None:
            return Probed((*names,), (random,), rule.evaluations)
        trial = Trial.of(rule, rtol=rtol, seed=seed)
    except Exception:  # noqa: BLE001 - whatever the user's code raises is said elsewhere
        return Probed((), ())
    found: list[Diagnosis] = []
    for name, run in _chosen(rule).items():
        try:
            found += run(trial)
        except NotImplementedError:
            continue
        names.append(name)
        if any(each.cause in SPOILING for each in found):
            break
    once = {(each.cause, each.path): each for each in reversed(found)}
    diagnoses = tuple(reversed(once.values()))
    return Probed(tuple(names), diagnoses, rule.evaluations, trial)


def _chosen(rule: Rule) -> dict[str, Probe]:
    """The probes that make sense for a rule."""
    chosen = list(PROBES)
    if rule.layout.size > LARGE:
        chosen = chosen[:2]
    if rule.fixed:
        chosen = [name for name in chosen if PROBES[name] in FOR_GRADIENTS]
    elif rule.by_user:
        chosen = [name for name in chosen if PROBES[name] not in FOR_AUTODIFF]
    return {name: PROBES[name] for name in chosen}


def _unrepeatable(rule: Rule, again: Sequence[float]) -> Diagnosis | None:
    """A diagnosis if f(x), asked for again, is another value."""
    if rule.scalar and again:
        known = float(rule.values[0])
        if all(value == known for value in again):
            return None
        pairs = [(known, value) for value in again]
    else:
        pairs = [*zip(rule.values, rule.plain(), strict=True)]
    for first, second in pairs:
        one, other = to_float64(first), to_float64(second)
        gap = gap_of(one, other)
        largest = float(np.abs(one).max(initial=0.0))
        if gap > SHARE * largest:
            return Diagnosis(
                Cause.NOT_REPEATABLE,
                "f(x)",
                "",
                Verdict.CANNOT_TELL,
                f"f(x), asked for twice, differs by up to {gap:.3g}, its largest entry "
                f"being {largest:.3g}; the other probes were not run",
            )
    return None
