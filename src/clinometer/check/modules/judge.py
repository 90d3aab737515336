"""One rule alone: screened along directions, and looked at closely where it differs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import dtype_name
from clinometer.check.diagnosis import Cause, Diagnosis, Power
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.modules.cause import cause_of, evidence_of
from clinometer.check.options import Options
from clinometer.check.probes.road import COTANGENT, probe
from clinometer.check.probes.rule import Rule as AsRule
from clinometer.check.question import Claimed
from clinometer.check.report import Report
from clinometer.check.road import inspected
from clinometer.check.verdict import Verdict, default_rtol
from clinometer.engines.record import Rule, Screen
from clinometer.trees import Layout

__all__ = ["Judge", "Judged"]


@final
@dataclass(frozen=True, eq=False)
class Judged:
    """A rule and what was found of it.

    title : the rule in print, "blocks.3.act: Scale".
    leaf : its line in a report; None where there was nothing to differentiate.
    findings : what does not agree.
    diagnoses : why; each names the rule's path and source.
    evaluations : of the rule.
    seconds : they took.
    note : what is special about it; empty if nothing.
    power : smallest relative error of a derivative along a direction that is seen.
    probes : names of those run.
    """

    rule: Rule
    title: str
    leaf: LeafSummary | None
    findings: tuple[Finding, ...]
    diagnoses: tuple[Diagnosis, ...]
    evaluations: int
    seconds: float
    note: str
    power: tuple[Power, ...] = ()
    probes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict; a rule with nothing to differentiate by agrees."""
        return Verdict.AGREES if self.leaf is None else self.leaf.verdict


@final
class Judge:
    """Checks rules one at a time.

    rtol : relative difference that is material; None for one by dtype.
    seed : of directions and cotangents.
    entries : so many entries of a rule that differs are compared one by one.
    """

    def __init__(self, *, rtol: float | None, seed: int, entries: int) -> None:
        self._rtol = rtol
        self._seed = seed
        self._entries = entries

    def screen(self, rule: Rule, title: str, *, each: bool, count: int) -> Judged:
        """What a few directions say of a rule."""
        began = time.perf_counter()
        try:
            screen = rule.screen(self._seed, each=each, count=count)
            if screen is None:
                return _nothing(rule, title)
            if screen.fault:
                why, verdict = screen.fault, Verdict.DIFFERS
                return _unmeasured(rule, title, verdict=verdict, why=why)
            report = self._report(rule, screen)
        except Exception as error:  # noqa: BLE001 - a user's code may raise anything
            said = str(error).partition("\n")[0]
            why = f"could not be run alone: {type(error).__name__}: {said}"
            return _unmeasured(rule, title, verdict=Verdict.CANNOT_TELL, why=why)
        findings = [_renamed(found, title, screen) for found in report.findings]
        leaf = _leaf(report, title, screen)
        diagnoses: tuple[Diagnosis, ...] = ()
        if report.verdict is Verdict.DIFFERS:
            cause = cause_of(report, screen)
            diagnoses = (_diagnosis(rule, cause, evidence_of(report, screen)),)
        return Judged(
            rule=rule,
            title=title,
            leaf=leaf,
            findings=tuple(findings),
            diagnoses=diagnoses,
            evaluations=report.evaluations,
            seconds=time.perf_counter() - began,
            note=screen.note,
            power=tuple(replace(each, path=title) for each in report.power),
        )

    def close_up(self, judged: Judged) -> Judged:
        """The same with single entries and their causes, for a rule that differs."""
        if judged.leaf is None or not judged.leaf.directions:  # nothing to measure
            return judged
        began = time.perf_counter()
        rule = judged.rule
        try:
            alone = rule.alone(self._seed)
            options = Options(
                claimed=Claimed(alone.gradient),
                rtol=self._rtol_of(rule),
                seed=self._seed,
                entries=self._entries,
                probes=False,
            )
            report = inspected(alone.f, alone.x, options)
        except Exception:  # noqa: BLE001 - the screen's findings stand
            return judged
        seconds = judged.seconds + time.perf_counter() - began
        evaluations = judged.evaluations + report.evaluations
        if report.verdict is not Verdict.DIFFERS:
            return replace(judged, seconds=seconds, evaluations=evaluations)
        findings = [
            replace(found, path=f"{judged.title}{found.path.removeprefix('x')}")
            for found in report.findings
        ]
        named = [_of_rule(rule, found) for found in report.diagnoses]
        return replace(
            judged,
            findings=tuple(findings),
            diagnoses=tuple(named) or judged.diagnoses,
            evaluations=evaluations,
            seconds=seconds,
        )

    def probed(self, judged: Judged) -> Judged:
        """The same with what the probes say that need no differences."""
        rule, title, leaf = judged.rule, judged.title, judged.leaf
        plain = rule.plain()
        if plain is None or leaf is None or not leaf.directions:
            return judged
        began = time.perf_counter()
        try:
            f, x = plain
            probed = probe(
                AsRule(f, Layout.of(x)), rtol=self._rtol_of(rule), seed=self._seed
            )
        except Exception:  # noqa: BLE001 - what the rule raises has been said
            return judged
        judged = replace(
            judged,
            seconds=judged.seconds + time.perf_counter() - began,
            evaluations=judged.evaluations + probed.evaluations,
            probes=probed.names,
        )
        wrong = [each for each in probed.diagnoses if each.verdict is Verdict.DIFFERS]
        if not wrong:
            return judged
        named = [_of_rule(rule, found) for found in wrong]
        if leaf.verdict is not Verdict.DIFFERS:
            leaf = replace(leaf, verdict=Verdict.DIFFERS, reason=named[0].evidence)
        return replace(
            judged,
            leaf=leaf,
            findings=judged.findings or (_by_probe(title, named[0]),),
            diagnoses=(*named, *_unsaid(rule, wrong, judged.diagnoses)),
        )

    def _rtol_of(self, rule: Rule) -> float:
        return default_rtol(rule.roundoff) if self._rtol is None else self._rtol

    def _report(self, rule: Rule, screen: Screen) -> Report:
        """The claims along the directions, checked as a gradient by the steps."""
        count = len(screen.labels)
        dtype = np.float32 if screen.note else np.float64  # f is no finer than that

        def f(t: NDArray[Any]) -> Any:
            return dtype(screen.f(np.asarray(t, np.float64)))

        options = Options(
            claimed=Claimed(screen.claims),
            rtol=self._rtol_of(rule),
            seed=self._seed,
            entries=count,
            scale=np.ones(count),
            probes=False,
        )
        return inspected(f, np.zeros(count, dtype), options)


def _unsaid(
    rule: Rule, probed: Sequence[Diagnosis], measured: Sequence[Diagnosis]
) -> list[Diagnosis]:
    """What differences say of a rule, but for inputs whose cotangent is misused."""
    misused = [each.path for each in probed if each.cause in COTANGENT]
    if not misused:
        return [*measured]
    told = [_where(rule, path.removeprefix("x")) for path in misused]
    return [
        each
        for each in measured
        if each.where != _where(rule, "")  # said of all inputs
        and not any(f"{each.where} ".startswith(f"{place} ") for place in told)
    ]


def _where(rule: Rule, part: str) -> str:
    """Which part of a rule, in words."""
    return f"in {rule.name} {part}".strip()


def _of_rule(rule: Rule, found: Diagnosis) -> Diagnosis:
    """What was said of a rule's own inputs, said of the rule in its place."""
    return replace(
        found,
        path=rule.path,
        where=_where(rule, f"{found.path.removeprefix('x')} {found.where}"),
        source=found.source or rule.source,
    )


def _by_probe(title: str, found: Diagnosis) -> Finding:
    """A finding without numbers."""
    return Finding(
        path=title,
        index=None,
        direction=None,
        verdict=Verdict.DIFFERS,
        analytic=None,
        numerical=None,
        error=math.inf,
        ratio=None,
        reason=found.evidence,
    )


def _diagnosis(rule: Rule, cause: Cause, evidence: str) -> Diagnosis:
    return Diagnosis(
        cause=cause,
        path=rule.path,
        where=_where(rule, ""),
        verdict=Verdict.DIFFERS,
        evidence=evidence,
        source=rule.source,
    )


def _renamed(found: Finding, title: str, screen: Screen) -> Finding:
    """A finding at a step of the screen as one along a direction of the rule."""
    if found.index is None:
        return replace(found, path=title)
    (k,) = found.index
    label = screen.labels[k]
    path = f"{title}['{label}']" if label else title
    turn = k - screen.labels.index(label)
    return replace(found, path=path, index=None, direction=turn)


def _leaf(report: Report, title: str, screen: Screen) -> LeafSummary:
    (leaf,) = report.leaves
    return replace(
        leaf,
        path=title,
        shape=(),
        dtype=dtype_name(screen.claims),
        entries=0,
        directions=leaf.entries + leaf.directions,
        where="",
    )


def _unmeasured(rule: Rule, title: str, *, verdict: Verdict, why: str) -> Judged:
    """A rule of which nothing was measured: wrong in its form, or not to be judged."""
    differs = verdict is Verdict.DIFFERS
    leaf = LeafSummary(
        path=title,
        shape=(),
        dtype="",
        verdict=verdict,
        entries=0,
        directions=0,
        differ=0,
        cannot_tell=0,
        resolution=math.inf,
        reason="" if differs else why,
    )
    said = _diagnosis(rule, Cause.FORM, why)
    return Judged(
        rule=rule,
        title=title,
        leaf=leaf,
        findings=(_by_probe(title, said),) if differs else (),
        diagnoses=(said,) if differs else (),
        evaluations=0,
        seconds=0.0,
        note="",
    )


def _nothing(rule: Rule, title: str) -> Judged:
    """A rule through which no gradient flows."""
    none = _unmeasured(rule, title, verdict=Verdict.AGREES, why="")
    return replace(none, leaf=None, note=f"{title}: no output of it requires grad")
