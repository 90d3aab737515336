"""What is wrong with the entries that a search has named, as a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.finding import Finding
from clinometer.check.locate.road import Located
from clinometer.check.verdict import Verdict
from clinometer.table import counted, number, quantity

__all__ = ["cause_of"]

ALIKE = 1e-3
"""Relative spread of ratios that are called the same."""


def cause_of(located: Located, path: str) -> Diagnosis:
    """The diagnosis of what was located in a large leaf."""
    singles = located.findings
    cause = _cause(singles) if not located.blocks else Cause.ENTRIES
    said: list[str] = []
    if singles:
        worst = singles[0]
        bar = quantity(worst.numerical, worst.error)
        said.append(f"{worst.where} is {number(worst.analytic)}, measured {bar}")
    if located.blocks:
        count = sum(box.count for box in located.blocks)
        said.append(f"every one tried, of {count:,}")
    said.append(
        f"found in {counted(located.evaluations, 'evaluation', 'evaluations')}"
        + ("; nothing else differs" if located.complete else "")
        + ("; along directions this is less than is material" * located.faint)
    )
    return Diagnosis(cause, path, located.where, Verdict.DIFFERS, "; ".join(said))


def _cause(singles: Sequence[Finding]) -> Cause:
    """What is common to single wrong entries."""
    ratios = [one.ratio for one in singles]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios) or not known:
        return Cause.ENTRIES
    if all(ratio == 0 for ratio in known):
        return Cause.ZERO
    if all(abs(ratio + 1) < ALIKE for ratio in known):
        return Cause.SIGN
    first = known[0]
    if len(known) > 1 and all(abs(r - first) < ALIKE * abs(first) for r in known):
        return Cause.FACTOR
    return Cause.ENTRIES
