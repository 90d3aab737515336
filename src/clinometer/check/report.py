"""What a check found, as data and in print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from clinometer.check.diagnosis import Cause, Diagnosis, Power
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.verdict import Verdict
from clinometer.errors import GradientError
from clinometer.table import (
    Json,
    aligned,
    counted,
    number,
    plain,
    quantity,
    ratio,
)

__all__ = ["Report"]

SHOWN = 10
"""Findings printed in the table; the others are counted."""


@final
@dataclass(frozen=True, eq=False)
class Report:
    """What a check found; `str(report)` is a short table, verdict first.

    verdict : DIFFERS if any comparison differs, else CANNOT_TELL if any leaf could not
        be judged, else AGREES.
    findings : what does not agree, worst first; where all agrees, the comparison of
        each leaf in which claim and measurement lie furthest apart.
    leaves : summary of every array of x.
    diagnoses : what is wrong and why, most certain first; empty where all agrees.
    power : what the check would have seen, leaf by leaf.
    probes : names of the probes run that need no differences.
    notes : remarks that concern the whole check, such as an f that is not repeatable.
    rtol : relative difference taken for material.
    evaluations : points at which f was evaluated.
    seed : of the random directions.
    seconds : time the check took.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    leaves: tuple[LeafSummary, ...]
    notes: tuple[str, ...]
    rtol: float
    evaluations: int
    seed: int
    seconds: float
    diagnoses: tuple[Diagnosis, ...] = ()
    power: tuple[Power, ...] = ()
    probes: tuple[str, ...] = ()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes named, most certain first, each once."""
        return tuple(dict.fromkeys(found.cause for found in self.diagnoses))

    def require(self) -> None:
        """Pass if the gradient agrees.

        Raises GradientError with the whole table if it differs, or if the check
        cannot tell.
        """
        __tracebackhide__ = True  # pytest shows the test, not this line
        if self.verdict is not Verdict.AGREES:
            raise GradientError(str(self))

    def as_dict(self) -> dict[str, Json]:
        """The report in types that JSON knows, under the names of its attributes.

        A verdict is its word, such as "cannot-tell"; a missing number is null; the
        numbers that JSON lacks are the strings "inf", "-inf" and "nan".
        """
        return {
            "verdict": self.verdict.value,
            "findings": [finding.as_dict() for finding in self.findings],
            "leaves": [leaf.as_dict() for leaf in self.leaves],
            "notes": list(self.notes),
            "rtol": self.rtol,
            "evaluations": self.evaluations,
            "seed": self.seed,
            "seconds": self.seconds,
            "diagnoses": [dict(found.as_dict()) for found in self.diagnoses],
            "power": [
                {
                    "path": power.path,
                    "smallest": plain(power.smallest),
                    "probability": power.probability,
                }
                for power in self.power
            ],
            "probes": list(self.probes),
        }

    def _repr_html_(self) -> str:
        """The report in a notebook."""
        from clinometer.check.notebook import cell  # noqa: PLC0415 (notebooks only)

        return cell(
            self.verdict,
            said=_headline(self),
            notes=self.notes,
            causes=[str(found) for found in self.diagnoses],
            findings=self.findings,
            cost=_cost(self),
        )

    def __str__(self) -> str:
        form = [found for found in self.findings if found.analytic is None]
        places = [found for found in self.findings if found.analytic is not None]
        remarks = [f"{found.path}: {found.reason}" for found in form]
        told = {found.path for found in self.diagnoses}
        wrong = [leaf for leaf in self.leaves if leaf.where and leaf.path not in told]
        remarks += [f"{leaf.path} is wrong: {leaf.where}" for leaf in wrong]
        said = {found.evidence for found in self.diagnoses}
        remarks += [
            f"{leaf.path}: {leaf.reason}"
            for leaf in self.leaves
            if leaf.reason and leaf.reason not in said
        ]
        blocks = [
            [_headline(self)],
            _first([str(found) for found in self.diagnoses], "causes"),
            [*self.notes, *_first(remarks, "remarks")],
            _worst(places),
            _overview(self),
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block)


def _headline(report: Report) -> str:
    """The verdict and the counts behind it."""
    word = report.verdict.value.upper().replace("-", " ")
    entries = sum(leaf.entries for leaf in report.leaves)
    directions = sum(leaf.directions for leaf in report.leaves)
    differ = sum(leaf.differ for leaf in report.leaves)
    unclear = sum(leaf.cannot_tell for leaf in report.leaves)
    compared: list[str] = []
    if entries:
        compared.append(counted(entries, "entry", "entries"))
    if directions:
        compared.append(counted(directions, "direction", "directions"))
    if not compared:
        return f"{word}  the claimed gradient could not be compared"
    outcome = [counted(differ, "differs", "differ")] if differ else []
    outcome += [f"{unclear:,} cannot be told"] if unclear else []
    if report.verdict is Verdict.AGREES:
        outcome = ["all agree"]
    checked = " and ".join(compared)
    return f"{word}  {checked} checked" + (f", {', '.join(outcome)}" if outcome else "")


def _first(lines: list[str], what: str) -> list[str]:
    """The first lines, and a count of the others."""
    others = len(lines) - SHOWN
    return [*lines[:SHOWN], f"… and {others:,} more {what}"] if others > 0 else lines


def _worst(findings: list[Finding]) -> list[str]:
    """The table of the worst findings, and a count of the others."""
    if not findings:
        return []
    rows = [
        [
            finding.where,
            number(finding.analytic),
            quantity(finding.numerical, finding.error),
            ratio(finding.ratio, near=finding.verdict is Verdict.DIFFERS),
            _status(finding),
        ]
        for finding in findings[:SHOWN]
    ]
    lines = aligned(["where", "analytic", "numerical ± bar", "ratio", "status"], rows)
    others = len(findings) - SHOWN
    return [*lines, f"… and {others:,} more"] if others > 0 else lines


def _status(finding: Finding) -> str:
    word = finding.verdict.value.replace("-", " ")
    return f"{word}: {finding.reason}" if finding.reason else word


def _overview(report: Report) -> list[str]:
    """One line a leaf, and what the check cost."""
    order = sorted(report.leaves, key=lambda leaf: leaf.verdict is Verdict.AGREES)
    rows = [
        [leaf.path, str(leaf.shape), leaf.dtype, leaf.compared, leaf.resolved]
        for leaf in order
    ]
    head, *lines = aligned(["leaf", "shape", "dtype", "compared", "resolved to"], rows)
    return [head, *_first(lines, "leaves"), _cost(report)]


def _cost(report: Report) -> str:
    """What the check took."""
    return (
        f"{counted(report.evaluations, 'evaluation', 'evaluations')} of f in "
        f"{report.seconds:.2g} s, rtol {report.rtol:.2g}, seed {report.seed}"
    )
