"""A torch model checked part by part: which module or custom Function is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, final

from clinometer import engines
from clinometer.check.modules_judge import Judge, Judged
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict, default_rtol
from clinometer.engines.record import ModelParts, Rule

__all__ = ["check_model", "report_of"]

WHOLE = 2
"""Directions in which the whole model is tried first, and each module alone."""

EACH = 2
"""Directions for each input of a custom Function: one might by chance hardly show two
wrong parts that cancel."""

WORST = (Verdict.DIFFERS, Verdict.CANNOT_TELL, Verdict.AGREES)
"""Verdicts in the order in which one outweighs the other."""


def check_model(
    model: Any,
    inputs: Any,
    *,
    loss: Callable[[Any], Any] | None = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 100,
    everything: bool = False,
) -> Report:
    """Report on a torch model: the whole, then its Functions and modules, each alone.

    model : a torch.nn.Module. It is copied, and neither called nor changed.
    inputs : what it is called with: a tuple or list of arguments, a dict of keyword
        arguments, or the only argument.
    loss : function of the model's output, one number; without it the output is weighed
        with random numbers.
    rtol : relative difference that is material, as for `check`.
    seed : of directions and weights.
    entries : of a Function that differs, so many entries are compared one by one.
    everything : check each module alone, torch's own among them; else modules only
        where the whole model differs and no Function explains it.

    Returns a report with a line for the whole, each Function and each module checked;
    diagnoses name module and source line.
    Raises InputError if the model cannot be copied or holds nothing to differentiate
    by, FunctionError if it fails at the inputs.
    """
    began = time.perf_counter()
    parts = engines.model_of(model, inputs, loss=loss, everything=everything)
    judge = Judge(rtol=rtol, seed=seed, entries=entries)
    with parts.unchanged():
        visit = _Visit(parts, judge)
        visit.go(everything=everything)
    return report_of(
        visit.judged, visit.notes, rtol=rtol, seed=seed, seconds=_since(began)
    )


def report_of(
    judged: Sequence[Judged],
    notes: Sequence[str],
    *,
    rtol: float | None,
    seed: int,
    seconds: float,
) -> Report:
    """One report on several rules."""
    leaves = [found.leaf for found in judged if found.leaf is not None]
    verdicts = {leaf.verdict for leaf in leaves}
    overall = next(
        (verdict for verdict in WORST if verdict in verdicts), Verdict.CANNOT_TELL
    )
    diagnoses = [cause for found in judged for cause in found.diagnoses]
    findings = [
        finding
        for found in judged
        for finding in found.findings
        if finding.verdict is not Verdict.AGREES
    ]
    findings.sort(key=lambda found: WORST.index(found.verdict))
    coarsest = max((found.rule.roundoff for found in judged), default=0.0)
    own = [found.note for found in judged if found.note]
    if not leaves:
        own.append("nothing was checked: no rule was met")
    return Report(
        verdict=overall,
        findings=tuple(findings),
        leaves=tuple(leaves),
        notes=(*notes, *dict.fromkeys(own)),
        rtol=default_rtol(coarsest) if rtol is None else rtol,
        evaluations=sum(found.evaluations for found in judged),
        seed=seed,
        seconds=seconds,
        diagnoses=tuple(diagnoses),
    )


@final
class _Visit:
    """The way through a model: the whole, the Functions, then down its tree."""

    def __init__(self, parts: ModelParts, judge: Judge) -> None:
        self.judged: list[Judged] = []
        self.notes: list[str] = []
        self._parts = parts
        self._judge = judge
        self._guilty: list[str] = []

    def go(self, *, everything: bool) -> None:
        """Judge all that needs it."""
        functions, cut = self._parts.functions()
        title = f"the whole {self._parts.name}"
        whole = self._judge.screen(self._parts.whole(), title, each=False, count=WHOLE)
        for rule in functions:
            self._function(rule)
        if cut:
            self.notes.append(f"{cut:,} further uses of custom Functions were left out")
        named: list[Judged] = []
        if everything or whole.verdict is not Verdict.AGREES:
            named = self._descend("", everything=everything)
        self._sum_up(whole, named)

    def _function(self, rule: Rule) -> None:
        found = self._judge.screen(rule, _title(rule), each=True, count=EACH)
        if found.verdict is Verdict.DIFFERS:
            found = self._judge.close_up(found)
            self._guilty.append(rule.path)
        self.judged.append(found)

    def _descend(self, path: str, *, everything: bool) -> list[Judged]:
        """The innermost modules that differ below a path; all are judged if wanted."""
        named: list[Judged] = []
        for rule in self._parts.children(path):
            if _holds(rule.path, self._guilty):  # would only show its Function again
                named += self._descend(rule.path, everything=everything)
                continue
            found = self._judge.screen(rule, _title(rule), each=False, count=WHOLE)
            differs = found.verdict is Verdict.DIFFERS
            below: list[Judged] = []
            if differs or everything:
                below = self._descend(rule.path, everything=everything)
            self.judged.append(found if not differs else self._blamed(found, below))
            named += below or ([found] if differs else [])
        return named

    def _blamed(self, found: Judged, below: list[Judged]) -> Judged:
        """A module that differs: by itself, or because of one below it."""
        if below:
            return _explained(found)
        return self._judge.screen(found.rule, found.title, each=True, count=1)

    def _sum_up(self, whole: Judged, named: list[Judged]) -> None:
        """Put the whole in front, blamed only where nothing below it is."""
        if whole.verdict is Verdict.DIFFERS and (named or self._guilty):
            whole = _explained(whole)
        elif whole.verdict is Verdict.DIFFERS:
            self.notes.append(
                "the whole differs, though its custom Functions and modules agree "
                "alone: look at the outermost forward and at the loss"
            )
        elif whole.verdict is Verdict.AGREES:
            self.notes.append(
                f"the whole agrees along {WHOLE} random directions through all "
                "parameters"
            )
        self.judged.insert(0, whole)


def _explained(found: Judged) -> Judged:
    """A rule that differs because of one inside it: no cause of its own."""
    return replace(found, findings=(), diagnoses=())


def _holds(path: str, guilty: Sequence[str]) -> bool:
    """Whether one of the guilty lies in the module at a path."""
    return any(other == path or other.startswith(f"{path}.") for other in guilty)


def _title(rule: Rule) -> str:
    """A rule in print."""
    return f"{rule.path}: {rule.name}" if rule.path else rule.name


def _since(began: float) -> float:
    return time.perf_counter() - began
