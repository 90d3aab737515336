"""The custom rules that a JAX function meets, each checked alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from clinometer import engines
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.modules.judge import Judge
from clinometer.check.modules.road import Visit, report_of
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict
from clinometer.point import flatten_input
from clinometer.table import counted
from clinometer.trees import Tree

__all__ = ["check_rules", "named_in"]

OF_LAWS = (
    Cause.COTANGENT_IGNORED,
    Cause.COTANGENT_NONLINEAR,
    Cause.MODES,
    Cause.FORWARD,
)
"""What the probes find in f where they find it in a rule inside."""


def check_rules(
    f: Callable[..., Any],
    x: Tree,
    *,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 100,
    everything: bool = False,
) -> Report:
    """Report on every custom_vjp and custom_jvp that a JAX function meets at x.

    f : function of x; what it returns does not matter, it need not be scalar.
    x : tree of JAX arrays.
    rtol, seed : as for `check`.
    entries : of a rule that differs, so many entries are compared one by one.
    everything : check the rules that come with JAX, such as relu's, too.

    Returns a report with a line for each use of a rule, at the inputs it really had;
    diagnoses name the rule and its source line. Inside loops the first, a middle and
    the last round of a scan count, and the first of a while.
    Raises InputError if x holds anything but JAX arrays, and what tracing f raises.
    """
    began = time.perf_counter()
    leaves, _, rebuild = flatten_input(x)
    rules, skipped = engines.rules_of(
        lambda parts: f(rebuild(parts)), leaves, everything=everything
    )
    visit = Visit(Judge(rtol=rtol, seed=seed, entries=entries))
    visit.functions(rules, 0)
    if skipped:
        visit.notes.append(f"rules inside {', '.join(skipped)} were not looked into")
    seconds = time.perf_counter() - began
    return report_of(visit, rtol=rtol, seed=seed, seconds=seconds)


def named_in(
    report: Report,
    f: Callable[..., Any],
    x: Tree,
    *,
    rtol: float | None,
    seed: int,
    batched: bool,
) -> Report:
    """A report on autodiff's gradient of f that differs, with the rules to blame.

    Those that are wrong alone come first among its diagnoses.
    """

    def at_one_point(x: Tree) -> Any:
        leaves, _, rebuild = flatten_input(x)
        return f(rebuild([leaf[None] for leaf in leaves]))

    try:
        found = check_rules(at_one_point if batched else f, x, rtol=rtol, seed=seed)
    except Exception:  # noqa: BLE001 - what f raises when traced is not the question
        return report
    wrong = [each for each in found.diagnoses if each.verdict is Verdict.DIFFERS]
    notes = report.notes
    if found.leaves and not wrong:
        rules = counted(len(found.leaves), "use", "uses")
        notes = (*notes, f"{rules} of custom rules in f agree alone, at x")
    return replace(
        report,
        diagnoses=tuple(_once(wrong, report.diagnoses)),
        notes=notes,
        evaluations=report.evaluations + found.evaluations,
        seconds=report.seconds + found.seconds,
    )


def _once(rules: list[Diagnosis], whole: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The causes found in rules, then those found in f that these do not explain.

    A law that a rule breaks is broken by f as well, and then said once: of the leaf of
    x where it shows, with the rule's source.
    """
    found, others = [*rules], [*whole]
    for k, rule in enumerate(found):
        same = [
            each
            for each in others
            if each.cause is rule.cause and each.cause in OF_LAWS and not each.source
        ]
        if same:
            others.remove(same[0])
            found[k] = replace(rule, path=rule.path or same[0].path)
    return [*found, *others]
