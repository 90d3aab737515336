"""What the page of a twin check holds: its arrays, and the rules that come closest."""

from __future__ import annotations

import math

from clinometer.check import Verdict
from clinometer.check.twin.report import TwinLeaf, TwinReport, TwinRule
from clinometer.show.html.parts import badge, causes, duration, listed, table
from clinometer.show.html.text import isolated, safe
from clinometer.table import counted

__all__ = ["arrays", "closest", "remarks", "verdict"]

CLOSEST = 100
"""Rules in the table at most, those that fail or come closest first."""

SAID = {
    Verdict.AGREES: "The kernel differs from its reference by no more than rounding.",
    Verdict.DIFFERS: "The kernel differs from its reference by more than rounding.",
    Verdict.CANNOT_TELL: "This check cannot tell: rounding leaves no digits here.",
}


def verdict(report: TwinReport) -> str:
    """The verdict in a word and a sentence, what was done, and the causes."""
    cost = [
        f"{counted(len(report.leaves), 'array', 'arrays')} compared",
        counted(report.draws, "cotangent", "cotangents"),
        duration(report.seconds),
        f"seed {report.seed}",
        f"slack {report.slack:.2g}",
    ]
    said = badge(report.verdict, SAID[report.verdict], cost)
    return f"{said}{causes(report.diagnoses)}"


def remarks(report: TwinReport) -> str:
    """How the yardstick was made, and why arrays could not be judged."""
    said = [isolated(note) for note in report.notes]
    said += [
        f"{isolated(leaf.path)}: {isolated(leaf.reason)}"
        for leaf in report.leaves
        if leaf.reason
    ]
    return listed(said)


def arrays(report: TwinReport) -> str:
    """One row for each array: what kernel and eager runs lose, what would be seen."""
    heads = (
        "array",
        "shape",
        "dtype",
        "verdict",
        "error of the kernel",
        "of the eager runs",
        "seen: a factor on all of it",
        "an error in a row",
    )
    rows = [
        (
            leaf.verdict.value,
            [
                isolated(leaf.path),
                safe(leaf.shape),
                safe(leaf.dtype),
                safe(leaf.verdict.value.replace("-", " ")),
                safe(f"{leaf.error:.1e}"),
                safe(f"{leaf.eager:.1e}"),
                safe(_percent(_sees(leaf, "scale", "whole"))),
                safe(_percent(_sees(leaf, "norm", "rows"))),
            ],
        )
        for leaf in report.leaves
    ]
    return table(heads, rows)


def closest(report: TwinReport) -> str:
    """The rules that fail or come closest to it, in every array."""
    found = [(leaf, rule) for leaf in report.leaves for rule in leaf.rules]
    found.sort(key=lambda pair: -_share(pair[1]))
    heads = ("array", "rule", "judged by", "worst", "measured", "limit", "fail")
    rows = [
        (
            "differs" if rule.failed else "agrees",
            [
                isolated(leaf.path),
                safe(rule.rule),
                safe(rule.cells),
                safe(rule.where or "–"),
                safe(_number(rule, rule.measured)),
                safe(_number(rule, rule.limit)),
                safe(f"{rule.failed:,}"),
            ],
        )
        for leaf, rule in found[:CLOSEST]
    ]
    return table(heads, rows) if rows else ""


def _share(rule: TwinRule) -> float:
    """How much of its limit a rule takes up; where that is not known, all of it."""
    share = abs(rule.measured) / rule.limit if rule.limit > 0 else math.inf
    return math.inf if math.isnan(share) else share


def _number(rule: TwinRule, value: float) -> str:
    """A scale in per cent; a norm in units of the error expected."""
    if rule.rule == "scale":
        return _percent(value)
    return f"{value:.3g} × expected"


def _sees(leaf: TwinLeaf, rule: str, cells: str) -> float:
    found = [one.sees for one in leaf.rules if (one.rule, one.cells) == (rule, cells)]
    return found[0] if found else math.inf


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if math.isfinite(share) else "–"
