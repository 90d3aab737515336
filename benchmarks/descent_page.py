"""What `benchmarks.descent` measured, as the last part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from clinometer.descend import Comparison, Iteration, Trace

__all__ = ["BEGIN", "Agreement", "measured"]

BEGIN = "<!-- What follows is written by python -m benchmarks.descent --write -->"


SEEN = "Forward differences, which have no bars, lead further away than that."
UNSEEN = "Forward differences, which have no bars, lead no further away."


@final
@dataclass(frozen=True)
class Agreement:
    """Losses under exact gradients and under gradients with bars, side by side.

    holds : whether they lie no further apart than the bars allow, in every iteration.
    apart : largest difference, in units of the loss.
    bound : largest that the bars of the gradients allow.
    rounding : largest that the rounding of the losses themselves may add.
    share : rate times the bound on the curvature; must be below 2.
    """

    holds: bool
    apart: float
    bound: float
    rounding: float
    share: float


def measured(
    slopes: Comparison, rules: Comparison, found: Agreement, *, machine: str
) -> str:
    """The part of the page, from its heading on."""
    head = [
        BEGIN,
        "",
        "## The digits classifier under exact and numerical gradients",
        "",
        "Softmax regression on scikit-learn's 1,797 handwritten digits, 640 weights, "
        "torch in float64. Measured by",
        f"`python -m benchmarks.descent --write` ({machine}, on a machine with other "
        "work: its seconds say what is slow, not how slow).",
        "",
        "![Loss against iterations, evaluations, operations and seconds]"
        "(images/descent.png)",
        "",
    ]
    forward = slopes.traces[1]
    seen = _apart(forward, slopes.traces[0]) > found.bound + found.rounding
    parts = [head, _slopes(slopes), _agreement(found, seen=seen), _rules(rules)]
    return "\n".join(line for part in parts for line in part)


def _slopes(slopes: Comparison) -> list[str]:
    """One rule under every slope."""
    exact = slopes.traces[0]
    return [
        f"**One rule, every slope**: {exact.rule}, {exact.iterations} iterations. The "
        "last column is the largest difference of a loss to that under the analytic "
        "gradient.",
        "",
        "| slope | loss | evaluations | gradients | operations | seconds | off by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *[
            f"| {trace.slope} | {_spent(trace[-1])} | {_apart(trace, exact):.1g} |"
            for trace in slopes.traces
        ],
        "",
    ]


def _agreement(found: Agreement, *, seen: bool) -> list[str]:
    """What the error bars of the gradients say of the loss.

    seen : whether a slope without bars lies outside them.
    """
    said = "no more" if found.holds else "MORE"
    return [
        f"**Under gradients with error bars** the loss differs by {said} than the bars "
        "allow from that under the exact gradient,",
        f"in every iteration: by at most {found.apart:.1g}, where the bars allow "
        f"{found.bound:.1g} and the rounding of the two losses",
        f"another {found.rounding:.1g}. {SEEN if seen else UNSEEN}",
        "The bound is a theorem where f is convex, as here, and the rate times a bound "
        f"on its curvature is below 2; here it is {found.share:.2f}:",
        "a step then brings no two points further apart, so that the error e of each "
        "gradient moves all later points by at most",
        "rate · |e|, and their sum d the loss by |gradient| d + curvature d²/2.",
        "",
    ]


def _rules(rules: Comparison) -> list[str]:
    """Every rule under two slopes."""
    head = [
        "",
        "| rule | slope | iterations | loss | evaluations | gradients | operations | "
        "seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return [
        "**Every rule**, under exact gradients and under forward differences:",
        *head,
        *_rows(rules.traces),
        "",
        f"Until the loss was {rules.level:.6g}, which all of them reached:",
        *head,
        *[
            f"| {trace.rule} | {trace.slope} | {row.number} | {_spent(row)} |"
            for trace, row in zip(rules.traces, rules.reached, strict=True)
            if row is not None
        ],
        "",
    ]


def _rows(traces: Sequence[Trace]) -> list[str]:
    return [
        f"| {trace.rule} | {trace.slope} | {trace.iterations} | {_spent(trace[-1])} |"
        for trace in traces
    ]


def _spent(row: Iteration) -> str:
    operations = "–" if np.isnan(row.operations) else f"{row.operations:.3g}"
    return (
        f"{row.loss:.9f} | {row.evaluations:,} | {row.gradients:,} | {operations} | "
        f"{row.seconds:.2g}"
    )


def _apart(trace: Trace, exact: Trace) -> float:
    """Largest difference of two losses in any iteration."""
    return float(np.abs(trace.loss - exact.loss).max())
