"""Gradients that others have checked: none is called wrong, each change is seen."""

from benchmarks.checkers.scaled import (
    FAULTS,
    OURS,
    asked_estimators,
    asked_operators,
)


def _assert_sound(outcome, least):
    asked = sum(outcome.right.values())

    assert asked >= least
    assert outcome.alarms == []
    assert outcome.missed == {}
    assert outcome.open == {}
    assert set(outcome.planted) == set(FAULTS)
    assert outcome.right["agrees"] >= 0.9 * asked


def test_operators_of_torch():
    """One sample of every twentieth operator in the database that torch tests with."""
    found = asked_operators(every=20, samples=1, rivals=False)

    _assert_sound(found[OURS], least=18)


def test_losses_and_likelihoods_of_scikit_learn():
    _assert_sound(asked_estimators(rivals=False)[OURS], least=40)
