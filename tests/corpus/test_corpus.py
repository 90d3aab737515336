"""Every planted fault is seen and named; no right gradient is called wrong.

The cases stand beside this file. Those of one library are in one module, so that it is
imported once.
"""

from collections import Counter
from functools import cache

import pytest

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause
from clinometer.errors import ClinometerError
from tests.corpus.case import Kind
from tests.corpus.cases import FAULTS, RIGHT, UNDECIDABLE
from tests.corpus.judge import named_cause, named_entries

UNPLANTED = {
    Cause.KINK_INSIDE,
    Cause.NOISE,
    Cause.TOLERANCE,
    Cause.STEPS,
    Cause.EDGE,
}
"""Causes that are no faults: they stand among the right and the undecidable ones."""


def name_of(case):
    return case.name


def ask(problem):
    return check(problem.f, problem.x, **problem.options)


@cache
def on_fault(case):
    return ask(case.fault())


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
def test_a_fault_differs(case):
    assert on_fault(case).verdict is case.verdict


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
def test_its_healthy_twin_agrees(case):
    report = ask(case.twin())

    assert report.verdict is Verdict.AGREES, str(report)


def test_nine_causes_in_ten_are_named_first():
    missed = {
        case.name: on_fault(case).causes[:1]
        for case in FAULTS
        if not named_cause(case, on_fault(case))
    }

    assert len(missed) <= 0.1 * len(FAULTS), missed


def test_nineteen_of_twenty_wrong_entries_are_named():
    known = [case for case in FAULTS if case.where is not None]
    missed = [case.name for case in known if not named_entries(case, on_fault(case))]

    assert len(missed) <= 0.05 * len(known), missed


@pytest.mark.parametrize("case", RIGHT, ids=name_of)
def test_a_right_gradient_is_not_called_wrong(case):
    report = ask(case.problem())

    assert report.verdict is not Verdict.DIFFERS, str(report)


@pytest.mark.parametrize("case", UNDECIDABLE, ids=name_of)
def test_what_cannot_be_told_is_not_told(case):
    try:
        report = ask(case.problem())
    except ClinometerError:  # a clear error is an answer, too
        return

    assert report.verdict is Verdict.CANNOT_TELL, str(report)
    assert report.notes or any(leaf.reason for leaf in report.leaves)


def test_the_corpus_is_large_and_covers_every_kind_and_cause():
    causes = set().union(*(case.causes for case in FAULTS))
    names = Counter(case.name for case in (*FAULTS, *RIGHT, *UNDECIDABLE))

    assert len(FAULTS) >= 150
    assert {case.library for case in FAULTS} == {"numpy", "torch", "jax"}
    assert {case.kind for case in FAULTS} == set(Kind)
    assert causes == set(Cause) - UNPLANTED
    assert max(names.values()) == 1
    assert all(case.where() for case in FAULTS if case.where is not None)
