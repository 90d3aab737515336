"""Losses under gradients with bars are held against a bound that can be broken."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.descent import RATE, agreement
from benchmarks.descent_page import measured
from clinometer import minimise
from clinometer.descend import Analytic, Barred, GradientDescent, Stop, compare

X0 = np.array([1.0, -2.0, 0.5])
CURVATURE = 4.0  # of f: cosh is at most cosh 2 < 3.8 on the way


def f(x):
    return np.cosh(x).sum()


def descent(slope):
    return minimise(f, X0, GradientDescent(RATE), slope, stop=Stop(iterations=10))


@pytest.fixture(scope="module")
def exact():
    return descent(Analytic(np.sinh))


@pytest.fixture(scope="module")
def barred():
    return descent(Barred())


def test_bars_that_hold_the_error_of_the_gradient_bound_that_of_the_loss(exact, barred):
    found = agreement(exact, barred, CURVATURE)

    assert found.holds
    assert found.apart <= found.bound + found.rounding < 1e-8


def test_a_gradient_that_is_off_by_more_than_its_bar_is_seen(exact, barred):
    wrong = descent(Analytic(lambda x: (1 + 1e-6) * np.sinh(x)))

    found = agreement(exact, replace(wrong, error=barred.error), CURVATURE)

    assert not found.holds


def test_nothing_is_claimed_for_a_rate_that_may_spread_points_apart(exact, barred):
    assert not agreement(exact, barred, 2.01 / RATE).holds


@pytest.mark.parametrize(("holds", "word"), [(True, "no more"), (False, "MORE")])
def test_the_page_says_what_was_found(exact, barred, holds, word):
    found = replace(agreement(exact, barred, CURVATURE), holds=holds)

    page = measured(
        compare(exact, barred), compare(exact, barred), found, machine="some machine"
    )

    assert f"differs by {word} than the bars allow" in page
    assert f"| {exact.slope} | {exact.loss[-1]:.9f} | 11 | 11 | – |" in page
