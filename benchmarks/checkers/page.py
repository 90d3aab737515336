"""The page of the comparison: docs/checkers.md."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from textwrap import fill
from typing import TypeAlias, final

from benchmarks.checkers.planted import Tally
from benchmarks.checkers.rivals import PATIENCE
from benchmarks.checkers.scaled import FAULTS as CHANGES
from benchmarks.checkers.scaled import OURS, Outcome
from tests.corpus.cases import FAULTS, RIGHT, UNDECIDABLE

__all__ = ["Set", "page"]

Outcomes: TypeAlias = Mapping[str, Outcome]

WIDTH = 88
"""Characters of a line of prose."""

PACKAGES = ("clinometer", "numpy", "scipy", "torch", "jax", "numdifftools")


@final
@dataclass(frozen=True, eq=False)
class Set:
    """Right gradients of a library, and what each checker said to them."""

    title: str
    text: str
    outcomes: Outcomes


HEAD = """\
# Checkers of gradients, side by side

Written by `{command}` in {minutes:.0f} minutes on one core
({versions}, Python {python}).
A run goes on where it was stopped; answers on operators are kept. The checkers take
turns in it; ratios of their times depend on the machine less than the times do.

## Faults, right gradients, open questions

{faults} planted faults, each with its healthy twin, {hard} right gradients that are
hard to pass and {undecidable} questions without an answer, over NumPy, torch and JAX
(`tests/corpus/`), put to each checker as its documentation shows. What a checker does
not take (another library, an array-valued f, a second order, more than 200 entries one
by one) is not counted against it: a cell is *so many of those it took*. We wrote this
corpus and mended our check until it passed; others did not have that chance.

- **Missed**: a fault called right.
- **False alarms**: a right gradient called wrong, among the twins and the hard ones.
- **Silent passes**: a question without an answer called right.
- **No verdict**: on faults, twins and hard ones; clinometer says "cannot tell", others
  raise, find no finite number or do not end.
- **ms**: median time of a check; **ours**: that of clinometer on the same questions.
"""

NOTES = f"""\
torch, jax: `gradcheck`, `gradgradcheck` for second order, `check_grads` in reverse
mode, at their defaults, which are meant for float64; of float32 both say so. scipy's
`check_grad` gives a norm and no verdict: more than 1e-5 counts as wrong. numdifftools
gives a gradient: wrong if `numpy.allclose` with rtol 1e-6 and atol 1e-8 fails. The
classic rule is |a − n| / max(|a|, |n|) of central differences with step 1e-5, the
largest over all entries. A checker that takes more than {PATIENCE:.0f} s for a question
is stopped."""


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]


def _wrong(tally: Tally, *groups: str) -> int:
    return sum(len(tally.wrong.get(group, [])) for group in groups)


def _share(tally: Tally, *groups: str) -> str:
    asked = sum(tally.asked.get(group, 0) for group in groups)
    return f"{_wrong(tally, *groups)} of {asked}" if asked else "–"


def _comparison(tallies: Sequence[Tally]) -> list[str]:
    heads = (
        "checker",
        "missed",
        "false alarms, twins",
        "false alarms, hard",
        "silent passes",
        "no verdict",
        "evaluations",
        "ms",
        "ours",
    )
    rows = [
        (
            tally.rival.name,
            _share(tally, "faults"),
            _share(tally, "twins"),
            _share(tally, "hard"),
            _share(tally, "undecidable"),
            len(tally.open),
            f"{tally.evaluations:,}",
            f"{1e3 * tally.middle(tally):.1f}",
            f"{1e3 * tallies[0].middle(tally):.1f}",
        )
        for tally in tallies
    ]
    return _table(heads, rows)


def _named(ours: Tally) -> list[str]:
    faults = ours.asked["faults"]
    lines = [
        "",
        "## Cause and place",
        "",
        f"Clinometer named a fair cause first in {ours.causes} of {faults} faults "
        f"({ours.causes / faults:.1%}), and exactly the wrong entries in "
        f"{ours.entries} of the {ours.known} in which they are known "
        f"({ours.entries / ours.known:.1%}). No other checker here names either.",
    ]
    if ours.beside:
        lines += ["", "Not so: " + "; ".join(ours.beside) + "."]
    if ours.open:
        lines += ["", "No verdict of clinometer: " + "; ".join(ours.open) + "."]
    return lines


def _by_name(tallies: Sequence[Tally]) -> list[str]:
    lines = ["", "## Wrong answers by name", ""]
    words = {
        "faults": "missed",
        "twins": "false alarms, twins",
        "hard": "false alarms, hard",
        "undecidable": "silent passes",
    }
    for tally in tallies:
        found = [
            f"  - {words[group]}: " + "; ".join(tally.wrong[group])
            for group in words
            if tally.wrong.get(group)
        ]
        if tally.late:
            found.append("  - did not end: " + "; ".join(tally.late))
        lines += [f"- {tally.rival.name}{':' if found else ': none'}", *found]
    return lines


def _where_others_win(tallies: Sequence[Tally], sets: Sequence[Set]) -> list[str]:
    """Every number above in which another is ahead, on the same questions."""
    ours = tallies[0]
    lines = ["", "## Where others win", ""]
    for tally in tallies[1:]:
        own, theirs = ours.middle(tally), tally.middle(tally)
        if theirs < own:
            lines.append(f"- {tally.rival.name}: {own / theirs:.1f} times as fast.")
        asked = {f"{group}: {name}" for group, name in tally.times}
        undecided = len(asked & set(ours.open))
        if len(tally.open) < undecided:
            lines.append(
                f"- {tally.rival.name}: no verdict {len(tally.open)} times, clinometer "
                f"{undecided} times on the same questions."
            )
    for one in sets:
        own = one.outcomes[OURS]
        for name, outcome in one.outcomes.items():
            if outcome.middle < own.middle:
                lines.append(
                    f"- {one.title}, {name}: {own.middle / outcome.middle:.1f} times "
                    "as fast."
                )
            passed, other = own.right.get("agrees", 0), outcome.right.get("agrees", 0)
            if other > passed:
                lines.append(
                    f"- {one.title}, {name}: passes {other} of the right gradients, "
                    f"clinometer {passed}."
                )
    return lines


def _class(reason: str) -> str:
    """A reason without its numbers, indices and advice."""
    words = re.sub(r"(\[[^]]*\])+", "[…]", reason.split(";", 1)[0])
    return re.sub(r"\d[\d.,]*(e[+-]?\d+)?", "…", words)


def _samples(names: Sequence[str]) -> str:
    """Names, those of samples of one operator together with their count."""
    counts = Counter(re.sub(r"^([^, ]+) \d+$", r"\1", name) for name in names)
    return "; ".join(
        f"{name} ({count})" if count > 1 else name for name, count in counts.items()
    )


def _set(one: Set) -> list[str]:
    lines = ["", f"## {one.title}", "", fill(one.text, WIDTH), ""]
    heads = ("checker", "right: passed", "called wrong", "no verdict")
    rows: list[list[object]] = []
    for name, outcome in one.outcomes.items():
        asked = sum(outcome.right.values())
        passed, wrong = outcome.right.get("agrees", 0), len(outcome.alarms)
        cells: list[object] = [name, f"{passed} of {asked}", wrong]
        cells.append(asked - passed - wrong)
        for change in CHANGES:
            planted = outcome.planted.get(change, 0)
            missed = len(outcome.missed.get(change, []))
            missed += len(outcome.open.get(change, []))
            cells.append(f"{planted - missed} of {planted}")
        rows.append([*cells, f"{1e3 * outcome.middle:.2f}"])
    caught = [f"{change}: caught" for change in CHANGES]
    lines += _table((*heads, *caught, "ms"), rows)
    return [*lines, "", *_remarks(one)]


def _remarks(one: Set) -> list[str]:
    """What was called wrong, missed, or left without a verdict, by name."""
    lines = [
        f"- {name}, called wrong: {_samples(outcome.alarms)}."
        for name, outcome in one.outcomes.items()
        if outcome.alarms
    ]
    ours = one.outcomes[OURS]
    lines += [f"- {OURS}, {k} missed: {_samples(n)}." for k, n in ours.missed.items()]
    lines += [f"- {OURS}, {k} no verdict: {_samples(n)}." for k, n in ours.open.items()]
    classes: dict[str, list[str]] = {}
    for reason, some in ours.untold.items():
        classes.setdefault(_class(reason), []).extend(some)
    lines += [
        f"- {OURS}, no verdict, {why}: {_samples(some)}."
        for why, some in classes.items()
    ]
    return lines


def page(
    tallies: Sequence[Tally], sets: Sequence[Set], *, cost: str, command: str
) -> str:
    """The page in Markdown.

    cost : its section on what a check costs. command : what writes the page.
    """
    seconds = sum(tally.seconds for tally in tallies)
    seconds += sum(one.outcomes[OURS].spent for one in sets)
    head = HEAD.format(
        command=command,
        minutes=max(1, seconds / 60),
        versions=", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        python=platform.python_version(),
        faults=len(FAULTS),
        hard=len(RIGHT),
        undecidable=len(UNDECIDABLE),
    )
    lines = [head, *_comparison(tallies), "", NOTES, *_named(tallies[0])]
    for one in sets:
        lines += _set(one)
    lines += ["", "## What a check costs", "", cost]
    lines += _where_others_win(tallies, sets)
    lines += _by_name(tallies)
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    """Version of a package; rivals may be missing where only the text is made."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
