"""Right gradients of libraries, and the same with one entry changed."""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeAlias, final

import numpy as np

from benchmarks.checkers.beside import gradcheck
from benchmarks.checkers.estimators import estimated
from benchmarks.checkers.operators import Question, questions
from benchmarks.checkers.rivals import RIVALS, Rival
from benchmarks.checkers.store import Store
from clinometer import check
from clinometer.check import Verdict
from tests.corpus.case import Problem

__all__ = ["FAULTS", "OURS", "Outcome", "asked_estimators", "asked_operators"]

FAULTS: dict[str, Callable[[float], float]] = {
    "× 1.001": lambda entry: 1.001 * entry,
    "× 1.01": lambda entry: 1.01 * entry,
    "sign": lambda entry: -entry,
    "zero": lambda entry: 0.0 * entry,
}

SMALLEST = 1e-3
"""Of the largest entry: smaller ones are not changed, many are nothing but rounding."""

OURS = "clinometer"
RIGHT = "right"
REFUSED = "refused"
"""What is noted where check raises."""

# f, x, gradient -> verdict, reason where there is none
Checker: TypeAlias = Callable[[Any, Any, list[np.ndarray]], tuple[str, str]]


@final
@dataclass(eq=False)
class Outcome:
    """Counts of one checker over all questions.

    right : verdicts on the right gradients; those on which check raises are refused.
    alarms : those called wrong. untold : those without a verdict, by reason.
    planted : faults, by kind. missed : those called right. open : those without a
        verdict.
    seconds : of each check of a right gradient.
    spent : seconds that all questions took, with all checkers.
    """

    right: dict[str, int] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    untold: dict[str, list[str]] = field(default_factory=dict)
    planted: dict[str, int] = field(default_factory=dict)
    missed: dict[str, list[str]] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    spent: float = 0.0

    @property
    def middle(self) -> float:
        """Median seconds of a check of a right gradient."""
        return median(self.seconds)

    def note(self, name: str, answers: Mapping[str, Any]) -> None:
        """Count what was said to one question and its faults."""
        said = answers["said"][RIGHT]
        self.right[said] = self.right.get(said, 0) + 1
        self.seconds.append(answers["seconds"])
        if said == Verdict.DIFFERS.value:
            self.alarms.append(name)
        elif said != Verdict.AGREES.value:
            self.untold.setdefault(answers["reason"], []).append(name)
        for fault in FAULTS:
            if fault not in answers["said"]:
                continue
            answer = answers["said"][fault]
            self.planted[fault] = self.planted.get(fault, 0) + 1
            if answer == Verdict.AGREES.value:
                self.missed.setdefault(fault, []).append(name)
            elif answer != Verdict.DIFFERS.value:
                self.open.setdefault(fault, []).append(name)


def _ours(f: Any, x: Any, gradient: list[np.ndarray]) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some operators warn at every call
        try:
            report = check(f, x, gradient=gradient)
        except Exception as error:  # noqa: BLE001 - noted, listed by the page
            return REFUSED, f"{type(error).__name__}: {error}"[:160]
    reasons = [leaf.reason for leaf in report.leaves if leaf.reason] or report.notes
    return report.verdict.value, (*reasons, "")[0]


def _gradcheck(*, fast: bool) -> Checker:
    def ask(f: Any, x: Any, gradient: list[np.ndarray]) -> tuple[str, str]:
        return gradcheck(f, x, gradient, fast=fast), ""

    return ask


def _plain(rival: Rival) -> Checker:
    def ask(f: Any, x: Any, gradient: list[np.ndarray]) -> tuple[str, str]:
        return rival.ask(Problem(f, x, {"gradient": gradient})).verdict.value, ""

    return ask


OPERATORS: dict[str, Checker] = {
    OURS: _ours,
    "torch gradcheck": _gradcheck(fast=False),
    "torch gradcheck, fast": _gradcheck(fast=True),
}
ESTIMATORS: dict[str, Checker] = {OURS: _ours} | {
    rival.name: _plain(rival)
    for rival in RIVALS
    if rival.name.startswith(("scipy", "numdifftools", "relative"))
}


def _place(name: str, gradient: list[np.ndarray]) -> tuple[int, int] | None:
    """Leaf and number in it of the entry to change; None where all are zero.

    Drawn with a seed from the name among those that are not far below the largest.
    """
    largest = max((float(np.abs(g).max(initial=0)) for g in gradient), default=0.0)
    if not 0 < largest < np.inf:
        return None
    found = [
        (leaf, int(k))
        for leaf, g in enumerate(gradient)
        for k in np.flatnonzero(np.abs(g) >= SMALLEST * largest)
    ]
    return found[zlib.crc32(name.encode()) % len(found)]


def _claims(
    name: str, gradient: list[np.ndarray]
) -> Iterator[tuple[str, list[np.ndarray]]]:
    """The right gradient, then those with one entry changed."""
    yield RIGHT, gradient
    place = _place(name, gradient)
    if place is None:
        return
    leaf, number = place
    for fault, change in FAULTS.items():
        wrong = [np.array(g) for g in gradient]
        entries = wrong[leaf].reshape(-1)
        entries[number] = change(entries[number])
        wrong[leaf] = entries.reshape(wrong[leaf].shape)
        yield fault, wrong


def _record(asked: Question, checkers: Mapping[str, Checker]) -> dict[str, Any]:
    """What each checker says to a gradient, then to it with one entry changed."""
    start = time.perf_counter()
    found: dict[str, Any] = {name: {"said": {}} for name in checkers}
    for kind, claim in _claims(asked.name, asked.gradient):
        for name, ask in checkers.items():
            began = time.perf_counter()
            said, reason = ask(asked.f, asked.x, claim)
            found[name]["said"][kind] = said
            if kind == RIGHT:
                found[name]["seconds"] = round(time.perf_counter() - began, 6)
                found[name]["reason"] = reason
        if found[OURS]["said"][RIGHT] != Verdict.AGREES.value:
            break  # where the right one cannot be told, a wrong one cannot either
    return {"checkers": found, "spent": round(time.perf_counter() - start, 3)}


def _outcomes(
    asked: Iterable[Question], checkers: Mapping[str, Checker], store: Store | None
) -> dict[str, Outcome]:
    store = store or Store()
    outcomes = {name: Outcome() for name in checkers}
    for one in asked:
        if one.name not in store:
            store.add(one.name, _record(one, checkers))
        record = store[one.name]
        for name, outcome in outcomes.items():
            outcome.note(one.name, record["checkers"][name])
            outcome.spent += record["spent"]
    return outcomes


def asked_operators(
    *,
    every: int = 1,
    samples: int | None = None,
    store: Store | None = None,
    rivals: bool = True,
) -> dict[str, Outcome]:
    """PyTorch's operators, by checker; what the store holds is not asked again.

    every, samples : of how many operators, and how many questions of each.
    rivals : whether others than clinometer are asked.
    """
    checkers = OPERATORS if rivals else {OURS: _ours}
    return _outcomes(questions(every=every, samples=samples), checkers, store)


def _estimators() -> Iterator[Question]:
    for asked in estimated():

        def f(x: Any, f: Any = asked.f) -> Any:
            return f(x[0])

        yield Question(asked.name, f, [asked.x], [np.array(asked.gradient(asked.x))])


def asked_estimators(*, rivals: bool = True) -> dict[str, Outcome]:
    """scikit-learn's gradients, by checker.

    rivals : whether others than clinometer are asked.
    """
    return _outcomes(_estimators(), ESTIMATORS if rivals else {OURS: _ours}, None)
