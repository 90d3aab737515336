"""The page of the comparison: docs/checkers.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.checkers.planted import FAULTS, RIGHT, UNDECIDABLE, Tally
from benchmarks.checkers.scaled import Outcome

__all__ = ["page"]

HEAD = """\
# Checkers of gradients, side by side

Written by `{command}`; what it prints is this page.

{faults} planted faults, each with its healthy twin, {hard} right gradients that are
hard to pass and {undecidable} questions without an answer, over NumPy, torch and JAX
(`tests/corpus/`), put to each checker as its documentation shows. A question that a
checker does not take (another library, an array-valued f, a second order) is not
counted against it: each cell is *count of asked*.

* **Missed**: a fault called right.
* **False alarms**: a right gradient, twin or hard one, called wrong.
* **Silent passes**: a question without an answer called right.
* **Open**: faults, twins and hard ones on which it gave no verdict; rivals raised or
  found no finite number.

"""

NOTES = """
scipy's `check_grad` gives a norm and no verdict: more than 1e-5 counts as wrong.
numdifftools gives a gradient: wrong if `numpy.allclose` with rtol 1e-6 and atol 1e-8
fails. The classic rule is |a − n| / max(|a|, |n|) of central differences with step
1e-5, the largest over all entries. Evaluations are calls of f, or points where one call
takes many. No other checker names a cause.
"""


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _share(tally: Tally, group: str) -> str:
    asked = tally.asked.get(group, 0)
    return f"{len(tally.wrong.get(group, []))} of {asked}" if asked else "–"


def _alarms(tally: Tally) -> str:
    wrong = sum(len(tally.wrong.get(group, [])) for group in ("twins", "hard"))
    asked = sum(tally.asked.get(group, 0) for group in ("twins", "hard"))
    return f"{wrong} of {asked}" if asked else "–"


def _comparison(tallies: Sequence[Tally]) -> list[str]:
    heads = (
        "checker",
        "missed",
        "false alarms",
        "silent passes",
        "open",
        "evaluations",
        "seconds",
    )
    lines = [_row(heads), _row(["---"] * len(heads))]
    lines += [
        _row(
            (
                tally.rival.name,
                _share(tally, "faults"),
                _alarms(tally),
                _share(tally, "undecidable"),
                len(tally.open),
                f"{tally.evaluations:,}",
                f"{tally.seconds:.1f}",
            )
        )
        for tally in tallies
    ]
    return lines


def _named(ours: Tally) -> list[str]:
    faults = ours.asked["faults"]
    lines = [
        "",
        f"Clinometer named a right cause first in {ours.causes} of {faults} faults "
        f"({ours.causes / faults:.1%}), and exactly the wrong entries in "
        f"{ours.entries} of the {ours.known} in which they are known "
        f"({ours.entries / ours.known:.1%}).",
    ]
    for group, names in sorted(ours.wrong.items()):
        lines += ["", f"Wrong among the {group}: " + "; ".join(names) + "."]
    if ours.open:
        lines += ["", "Open: " + "; ".join(ours.open) + "."]
    return lines


def _outcome(title: str, text: str, outcome: Outcome) -> list[str]:
    right = ", ".join(f"{count} {said}" for said, count in outcome.right.items())
    lines = ["", f"## {title}", "", text, ""]
    lines += [f"Right gradients: {right}; false alarms: {len(outcome.alarms)}.", ""]
    heads = ("one entry", "asked", "missed", "no verdict")
    lines += [_row(heads), _row(["---"] * 4)]
    for fault, asked in outcome.planted.items():
        missed, undecided = outcome.missed.get(fault, []), outcome.open.get(fault, [])
        lines.append(_row((fault, asked, len(missed), len(undecided))))
    names: list[str] = []
    for found in (outcome.missed, outcome.open):
        names += [f"{fault}: {name}" for fault, some in found.items() for name in some]
    names += [f"false alarm: {name}" for name in outcome.alarms]
    if names:
        lines += ["", "By name: " + "; ".join(names) + "."]
    return lines


def page(
    tallies: Sequence[Tally], outcomes: Sequence[tuple[str, str, Outcome]], command: str
) -> str:
    """The page in Markdown.

    outcomes : title, text and counts of each set of right gradients.
    """
    head = HEAD.format(
        command=command,
        faults=len(FAULTS),
        hard=len(RIGHT),
        undecidable=len(UNDECIDABLE),
    )
    lines = [*_comparison(tallies), *_named(tallies[0]), NOTES.rstrip()]
    for title, text, outcome in outcomes:
        lines += _outcome(title, text, outcome)
    return head + "\n".join(lines) + "\n"
