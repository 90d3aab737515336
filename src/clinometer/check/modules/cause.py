"""What a few directions through a rule or module say of its fault."""

from __future__ import annotations

import math
from collections.abc import Sequence

from clinometer.check.diagnosis import Cause
from clinometer.check.finding import Finding
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict
from clinometer.engines.record import Screen

__all__ = ["cause_of", "evidence_of"]

ALIKE = 1e-3
"""Relative spread of ratios that count as one constant; bars are narrower."""


LISTED = 5
"""Parameters named in a sentence."""


def cause_of(report: Report, screen: Screen) -> Cause:
    """What the ratios along the directions say."""
    wrong = [found for found in report.findings if found.verdict is Verdict.DIFFERS]
    if _cut_off(wrong, screen):  # what lies upstream of the cut differs in part
        return Cause.NONE
    if any(
        found.analytic is not None and math.isnan(found.analytic) for found in wrong
    ):
        return Cause.NOT_FINITE
    ratios = [found.ratio for found in wrong if found.ratio is not None]
    if not ratios or len(ratios) < len(wrong):
        return Cause.UNEXPLAINED
    low, high = min(ratios), max(ratios)
    if high == low == 0:
        return Cause.ZERO
    if high - low <= ALIKE * max(abs(low), abs(high)) and (
        len(ratios) > 1 or abs(low + 1) <= ALIKE
    ):
        return Cause.SIGN if abs(low + 1) <= ALIKE else Cause.FACTOR
    return Cause.UNEXPLAINED


def _cut_off(wrong: Sequence[Finding], screen: Screen) -> list[str]:
    """What no gradient arrives at, though f changes with it."""
    labels = [screen.labels[found.index[0]] for found in wrong if found.index]
    return [*dict.fromkeys(label for label in labels if label in screen.unused)]


def evidence_of(report: Report, screen: Screen) -> str:
    """What no gradient arrives at, or the worst direction in numbers."""
    (leaf,) = report.leaves
    said = f"alone at its own inputs, {leaf.differ} of {leaf.entries} directions differ"
    wrong = [found for found in report.findings if found.verdict is Verdict.DIFFERS]
    cut = [repr(label) for label in _cut_off(wrong, screen)]
    if cut and any(screen.labels):
        more = f" and {len(cut) - LISTED} more" if len(cut) > LISTED else ""
        return f"{said}; no gradient arrives at {', '.join(cut[:LISTED])}{more}"
    for found in report.findings:
        if found.index and found.analytic is not None and found.numerical is not None:
            label = screen.labels[found.index[0]]
            along = f" along {label!r}" if label else ""
            return (
                f"{said};{along} it claims {found.analytic:.6g}, measured "
                f"{found.numerical:.6g} ± {found.error:.1g}"
            )
    return said
