"""Claims that one pair of points confirms, and those that it must not confirm."""

import sys

import numpy as np
import pytest
import torch

from clinometer import Verdict, check

LADDER = 8
"""Evaluations that measuring an entry in full costs at least."""


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=40)


def cubic(x):
    return float(np.sum(x**3) + np.prod(np.cos(x[:3])))


def cubic_gradient(x):
    found = 3 * x**2
    for k in range(3):
        others = np.prod(np.cos(np.delete(x[:3], k)))
        found[k] -= np.sin(x[k]) * others
    return found


def test_a_right_gradient_costs_two_evaluations_an_entry_and_one_ladder_a_leaf(x):
    report = check(cubic, x, gradient=cubic_gradient)
    assert report.verdict is Verdict.AGREES
    assert report.evaluations < 3 * x.size


def test_the_bar_of_what_is_shown_covers_the_truth_within_what_is_material(x):
    (found,) = check(cubic, x, gradient=cubic_gradient).findings
    truth = cubic_gradient(x)[found.index]
    assert abs(found.numerical - truth) <= found.error < 2.5e-7 * abs(truth)


@pytest.mark.parametrize("slip", [1e-5, -1e-5, 1e-3])
def test_a_slip_in_one_entry_is_not_confirmed(x, slip):
    wrong = cubic_gradient(x)
    wrong[17] *= 1 + slip
    report = check(cubic, x, gradient=wrong)
    assert report.verdict is Verdict.DIFFERS
    assert {found.index for found in report.findings} == {(17,)}


def test_the_difference_at_that_very_step_is_no_gradient():
    # f is so rough that its central difference is far from its slope; a claim made of
    # such differences, at any common step, does not pass
    def f(x):
        return float(np.sum(x + 1e-4 * np.sin(x * 2e4)))

    x = np.full(8, 1.0) + np.arange(8) / 7
    for h in (2.0**-12, 1e-4, 1e-5):
        claim = np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(8)])
        assert check(f, x, gradient=claim).verdict is not Verdict.AGREES


def test_a_kink_at_x_is_not_confirmed_by_its_mean_slope():
    x = np.array([0.0, 1.0, 2.0, -1.0])

    def f(x):
        return float(np.sum(np.maximum(3 * x, -x)))

    claim = np.where(x == 0, 1.0, np.where(x > 0, 3.0, -1.0))
    report = check(f, x, gradient=claim)
    assert report.verdict is Verdict.CANNOT_TELL
    assert report.leaves[0].cannot_tell == 1


def test_noise_is_not_confirmed_by_luck(x):
    noise = np.random.default_rng(1)

    def f(x):
        return cubic(x) * (1 + 1e-3 * noise.normal())

    assert check(f, x, gradient=cubic_gradient).verdict is not Verdict.AGREES


def test_below_float64_no_step_is_spent_on_it():
    x = torch.linspace(0.5, 2.0, 20, dtype=torch.float32)

    def f(x):
        return (x**2).sum()

    report = check(f, x, upcast=False, probes=False)
    assert report.verdict is Verdict.AGREES
    assert report.evaluations >= LADDER * x.numel()


def test_an_interruption_leaves_what_was_not_reached_unconfirmed(x):
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        if calls == 60:
            raise KeyboardInterrupt
        return cubic(x)

    interrupted = sys.modules["clinometer.check.interruption"].Interrupted
    with pytest.raises(interrupted) as stop:
        check(f, x, gradient=cubic_gradient(x))
    assert stop.value.report.verdict is Verdict.CANNOT_TELL
