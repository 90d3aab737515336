"""Right gradients of libraries, and the same with one entry changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from benchmarks.checkers.estimators import estimated
from benchmarks.checkers.operators import questions
from clinometer import check
from clinometer.check import Verdict
from clinometer.errors import ClinometerError

__all__ = ["FAULTS", "Outcome", "asked_estimators", "asked_operators"]

FAULTS: dict[str, Callable[[float], float]] = {
    "× 1.001": lambda entry: 1.001 * entry,
    "× 1.01": lambda entry: 1.01 * entry,
    "sign": lambda entry: -entry,
    "zero": lambda entry: 0.0 * entry,
}


@final
@dataclass(eq=False)
class Outcome:
    """Counts over all questions.

    right : verdicts on the right gradients; errors count as refused.
    alarms : those called wrong. missed : faults called right, by kind of fault.
    open : faults on which there was no verdict, by kind.
    """

    right: dict[str, int] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    planted: dict[str, int] = field(default_factory=dict)
    missed: dict[str, list[str]] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)


def _verdict(f: Any, x: Any, gradient: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some operators warn at every call
        try:
            return check(f, x, gradient=gradient).verdict.value
        except ClinometerError:
            return "refused"


def _ask(outcome: Outcome, name: str, *, f: Any, x: Any, gradient: Any) -> None:
    """Ask about a gradient (a list of arrays), then with its largest entry changed."""
    said = _verdict(f, x, gradient)
    outcome.right[said] = outcome.right.get(said, 0) + 1
    if said == Verdict.DIFFERS.value:
        outcome.alarms.append(name)
    largest = [float(np.abs(g).max(initial=0)) for g in gradient]
    leaf = int(np.argmax(largest))
    if said != Verdict.AGREES.value or largest[leaf] == 0:
        return  # where the right one cannot be told, a wrong one cannot either
    place = np.unravel_index(np.argmax(np.abs(gradient[leaf])), gradient[leaf].shape)
    for fault, change in FAULTS.items():
        wrong = [np.array(g) for g in gradient]
        wrong[leaf][place] = change(wrong[leaf][place])
        said = _verdict(f, x, wrong)
        outcome.planted[fault] = outcome.planted.get(fault, 0) + 1
        if said == Verdict.AGREES.value:
            outcome.missed.setdefault(fault, []).append(name)
        elif said != Verdict.DIFFERS.value:
            outcome.open.setdefault(fault, []).append(name)


def asked_operators(*, every: int = 1, samples: int | None = None) -> Outcome:
    """PyTorch's operators."""
    outcome = Outcome()
    for asked in questions(every=every, samples=samples):
        _ask(outcome, asked.name, f=asked.f, x=asked.x, gradient=asked.gradient)
    return outcome


def asked_estimators() -> Outcome:
    """scikit-learn's gradients."""
    outcome = Outcome()
    for asked in estimated():

        def f(x: Any, f: Any = asked.f) -> Any:
            return f(x[0])

        gradient = [np.array(asked.gradient(asked.x))]
        _ask(outcome, asked.name, f=f, x=[asked.x], gradient=gradient)
    return outcome
