"""A torch model checked part by part: which module or custom Function is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, final

from clinometer import engines
from clinometer.check.interruption import cut_short
from clinometer.check.modules.judge import Judge, Judged
from clinometer.check.report import Report
from clinometer.check.verdict import WORST, Verdict, default_rtol
from clinometer.engines.record import ModelParts, Rule

__all__ = ["Visit", "check_model", "report_of"]

WHOLE = 2
"""Directions in which the whole model is tried first, and each module alone."""

EACH = 2
"""Directions for each input of a custom Function: one might by chance hardly show two
wrong parts that cancel."""


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
    diagnoses name module and source line. Its `power` says, part by part, how large an
    error of the derivative along a direction is seen, relative to the largest.
    Raises InputError if the model cannot be copied or holds nothing to differentiate
    by, FunctionError if it fails at the inputs, and at Ctrl-C Interrupted with the
    report on the parts judged by then.
    """
    began = time.perf_counter()
    parts = engines.model_of(model, inputs, loss=loss, everything=everything)
    judge = Judge(rtol=rtol, seed=seed, entries=entries)
    visit = Visit(judge)

    def told() -> Report:
        seconds = time.perf_counter() - began
        return report_of(visit, rtol=rtol, seed=seed, seconds=seconds)

    try:
        with parts.unchanged():
            functions, cut = parts.functions()
            visit.functions(functions, cut)
            visit.model(parts, everything=everything)
    except KeyboardInterrupt:
        raise cut_short(told(), "the check of the model's parts") from None
    return told()


def report_of(visit: Visit, *, rtol: float | None, seed: int, seconds: float) -> Report:
    """One report on all that a visit judged."""
    judged = [*visit.whole, *visit.parts]
    leaves = [found.leaf for found in judged if found.leaf is not None]
    verdicts = {leaf.verdict for leaf in leaves}
    overall = next(
        (verdict for verdict in WORST if verdict in verdicts), Verdict.CANNOT_TELL
    )
    findings = [
        finding
        for found in [*visit.parts, *visit.whole]
        for finding in found.findings
        if finding.verdict is not Verdict.AGREES
    ]
    findings.sort(key=lambda found: WORST.index(found.verdict))
    coarsest = max((found.rule.roundoff for found in judged), default=0.0)
    notes = [*visit.notes, *(found.note for found in judged if found.note)]
    causes = {
        (cause.path, cause.source or cause.where, cause.cause): cause
        for found in reversed([*visit.parts, *visit.whole])
        for cause in reversed(found.diagnoses)
    }
    if not leaves:
        notes.append("nothing was checked: no part lets a gradient through")
    return Report(
        verdict=overall,
        findings=tuple(findings),
        leaves=tuple(leaves),
        notes=tuple(dict.fromkeys(notes)),
        rtol=default_rtol(coarsest) if rtol is None else rtol,
        evaluations=sum(found.evaluations for found in judged),
        seed=seed,
        seconds=seconds,
        diagnoses=tuple(reversed(causes.values())),
        power=tuple(each for found in judged for each in found.power),
        probes=tuple(dict.fromkeys(name for found in judged for name in found.probes)),
    )


@final
class Visit:
    """The way through models and their Functions, and what was found on it.

    whole : models as a whole.
    parts : their Functions and modules, in the order in which they were judged.
    notes : remarks on all of it.
    """

    def __init__(self, judge: Judge) -> None:
        self.whole: list[Judged] = []
        self.parts: list[Judged] = []
        self.notes: list[str] = []
        self._judge = judge
        self._guilty: list[str] = []
        self._seen: set[tuple[str, Verdict]] = set()

    def functions(self, rules: Sequence[Rule], cut: int) -> None:
        """Judge custom Functions; cut: how many more there were."""
        for rule in rules:
            found = self._judge.screen(rule, _title(rule), each=True, count=EACH)
            name = (rule.source or rule.path, found.verdict)
            if name not in self._seen:  # further uses tell no more
                self._seen.add(name)
                if found.verdict is Verdict.DIFFERS:
                    found = self._judge.close_up(found)
                found = self._judge.probed(found)
            if found.verdict is Verdict.DIFFERS:
                self._guilty.append(rule.path)
            self.parts.append(found)
        if cut:
            self.notes.append(f"{cut:,} further uses of custom Functions were left out")

    def model(self, parts: ModelParts, *, everything: bool = False) -> None:
        """Judge a model whose Functions have been judged."""
        title = f"the whole {parts.name}"
        rule = parts.whole()
        whole = self._judge.screen(rule, title, each=False, count=WHOLE)
        named: list[Judged] = []
        if everything or whole.verdict is not Verdict.AGREES:
            named = self._descend(parts, rule.path, everything=everything)
        explained = bool(named) or _holds(rule.path, self._guilty)
        if whole.verdict is Verdict.DIFFERS and explained:
            whole = _explained(whole)
        elif whole.verdict is Verdict.DIFFERS:
            self.notes.append(
                f"{title} differs, though its custom Functions and modules agree "
                "alone: look at the outermost forward and at the loss"
            )
        elif whole.verdict is Verdict.AGREES:
            self.notes.append(f"{title} agrees along {WHOLE} random directions")
        self.whole.append(whole)

    def _descend(
        self, parts: ModelParts, path: str, *, everything: bool
    ) -> list[Judged]:
        """The innermost modules that differ below a path; all are judged if wanted."""
        named: list[Judged] = []
        for rule in parts.children(path):
            if _holds(rule.path, self._guilty):  # would only show its Function again
                named += self._descend(parts, rule.path, everything=everything)
                continue
            found = self._judge.screen(rule, _title(rule), each=False, count=WHOLE)
            differs = found.verdict is Verdict.DIFFERS
            below: list[Judged] = []
            if differs or everything:
                below = self._descend(parts, rule.path, everything=everything)
            if differs and below:
                found = _explained(found)
            elif differs:
                found = self._judge.screen(rule, found.title, each=True, count=1)
            self.parts.append(found)
            named += below or ([found] if differs else [])
        return named


def _explained(found: Judged) -> Judged:
    """A rule that differs because of one inside it: no cause of its own."""
    return replace(found, findings=(), diagnoses=())


def _holds(path: str, guilty: Sequence[str]) -> bool:
    """Whether one of the guilty lies in the module at a path."""
    inside = f"{path}." if path else ""
    return any(other == path or other.startswith(inside) for other in guilty)


def _title(rule: Rule) -> str:
    """A rule in print."""
    return f"{rule.path}: {rule.name}" if rule.path else rule.name
