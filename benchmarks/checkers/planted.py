"""The corpus of the tests put to every checker, and what they said, counted."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import final

import jax

from benchmarks.checkers.rivals import RIVALS, Rival
from clinometer.check import Report, Verdict
from tests.corpus.case import Case, Problem
from tests.corpus.cases import FAULTS, RIGHT, UNDECIDABLE
from tests.corpus.judge import named_cause, named_entries

__all__ = ["Tally", "planted"]


@final
@dataclass(eq=False)
class Tally:
    """What one checker said to all questions.

    asked, wrong : per group (faults, twins, hard, undecidable), how many questions it
        took, and how many it got wrong: misses, false alarms, silent passes.
    open : faults and right ones on which it gave no verdict. late : questions at which
        it was stopped.
    causes, entries, known : faults whose cause came first, whose wrong entries were
        named exactly, and whose wrong entries are known.
    times : seconds by group and name of the question.
    beside : faults with another cause first, or with other entries named.
    """

    rival: Rival
    asked: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    causes: int = 0
    entries: int = 0
    known: int = 0
    evaluations: int = 0
    times: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds of all questions."""
        return sum(self.times.values())

    def middle(self, other: Tally) -> float:
        """Median seconds of a check, over the questions that the other took."""
        return median(self.times[key] for key in other.times)


WRONG = {
    "faults": Verdict.AGREES,
    "twins": Verdict.DIFFERS,
    "hard": Verdict.DIFFERS,
    "undecidable": Verdict.AGREES,
}


def _questions() -> Iterator[tuple[str, str, str, Problem, Case | None]]:
    for case in FAULTS:
        yield "faults", case.name, case.library, case.fault(), case
        yield "twins", case.name, case.library, case.twin(), None
    for group, questions in (("hard", RIGHT), ("undecidable", UNDECIDABLE)):
        for asked in questions:
            yield group, asked.name, asked.library, asked.problem(), None


def _named(tally: Tally, case: Case, report: Report) -> None:
    """Note whether the report on a fault names its cause and its entries."""
    cause = named_cause(case, report)
    tally.causes += cause
    if not cause:
        first = report.causes[0].value if report.causes else "none"
        tally.beside.append(f"{case.name}: {first}")
    if case.where is None:
        return
    tally.known += 1
    entries = named_entries(case, report)
    tally.entries += entries
    if not entries:
        tally.beside.append(f"{case.name}: other entries")


def planted() -> list[Tally]:
    """What every checker said."""
    jax.config.update("jax_enable_x64", True)  # as the corpus wants it
    tallies = [Tally(rival) for rival in RIVALS]
    for tally in tallies:
        for group, name, library, problem, case in _questions():
            if not tally.rival.takes(problem, library):
                continue
            began = time.perf_counter()
            answer = tally.rival.ask(problem)
            tally.times[group, name] = time.perf_counter() - began
            tally.asked[group] = tally.asked.get(group, 0) + 1
            tally.evaluations += answer.evaluations
            if answer.late:
                tally.late.append(name)
            if answer.verdict is WRONG[group]:
                tally.wrong.setdefault(group, []).append(name)
            elif answer.verdict is Verdict.CANNOT_TELL and group != "undecidable":
                tally.open.append(f"{group}: {name}")
            if case is not None and answer.report is not None:
                _named(tally, case, answer.report)
        print(f"{tally.rival.name}: {tally.seconds:.0f} s", file=sys.stderr)
    return tallies
