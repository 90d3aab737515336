"""Differences: intervals that show what they are to show, and errors as announced."""

import numpy as np
import pytest

from clinometer.descend.noisy.differences import Differences
from clinometer.descend.noisy.intervals import Intervals
from clinometer.descend.noisy.values import Values

RATES = np.array([0.1, 1.0, 30.0])
X = np.array([2.0, -1.0, 0.05])
TRUTH = RATES * np.exp(RATES * X)


def noisy(sigma, seed):
    random = np.random.default_rng(seed)

    def f(x):
        return float(np.exp(RATES * x).sum() + sigma * random.normal())

    return Values(f, X, budget=1e6, asks="this test")


@pytest.mark.parametrize("order", [2, 3])
def test_an_interval_is_found_whatever_the_size_of_the_derivative(order):
    """Derivatives over 18 decades and more; at h = unit the difference is 1 sigma."""
    unit = 10.0 ** np.linspace(-6, 2.9, 40)
    trial = Intervals(
        np.ones(40), least=np.zeros(40), limit=np.full(40, 1e6), order=order
    )

    while trial.open.size and trial.left:
        trial.judge((trial.h / unit)[trial.open] ** order)

    assert trial.open.size == 0
    assert ((trial.seen >= 10) & (trial.seen <= 1e4)).all()


def test_where_nothing_shows_the_interval_grows_to_its_limit():
    trial = Intervals(np.full(2, 0.1), least=np.zeros(2), limit=np.ones(2), order=2)

    while trial.open.size and trial.left:
        trial.judge(np.full(trial.open.size, 1.5))

    assert trial.open.size == 0
    assert (trial.tried == 1).all()


def test_an_interval_between_too_short_and_too_long_is_bisected():
    """A step in f: nothing is seen below it, all too much above."""
    trial = Intervals(np.full(1, 0.1), least=np.zeros(1), limit=np.ones(1), order=2)
    for _ in range(4):
        trial.judge(np.where(trial.h > 0.3, np.inf, 0.0))

    assert 0.1 < trial.h[0] < 0.8
    assert trial.h[0] != trial.tried[0]


@pytest.mark.parametrize("sigma", [1e-12, 1e-7, 1e-3])
def test_second_derivatives_are_measured_out_of_the_noise(sigma):
    """Seen at 10 sigma at least, of which a second difference has 2.4: to 25 %.

    The fourth derivative adds the rest.
    """
    f = noisy(sigma, seed=1)
    differences = Differences(f, np.abs(X))

    differences.begin(X, f.one(X), sigma)

    assert differences.bend[1:] == pytest.approx((RATES * TRUTH)[1:], rel=0.5)


@pytest.mark.parametrize("sigma", [1e-12, 1e-7, 1e-3])
@pytest.mark.parametrize("way", ["begin", "forward", "central"])
def test_the_error_announced_is_that_of_the_gradient(way, sigma):
    """Of 90 errors at most 4 in 100 beyond three announced; of normal ones 0.3 are.

    Nor are the bars wide for nothing: the median error is a hundredth at least, where
    begin bounds the third derivative by what the second can hide.
    """
    ratios = []
    for seed in range(30):
        f = noisy(sigma, seed)
        differences = Differences(f, np.abs(X))
        value = f.one(X)
        found = differences.begin(X, value, sigma)
        if way != "begin":
            found = getattr(differences, way)(X, value, sigma)
        ratios.append(np.abs(found.value - TRUTH) / found.error)

    assert (np.array(ratios) > 3).mean() <= 0.04
    assert np.median(ratios) > 1 / 100


def test_central_differences_are_more_exact_than_forward_ones():
    f = noisy(1e-6, seed=2)
    differences = Differences(f, np.abs(X))
    value = f.one(X)
    differences.begin(X, value, 1e-6)

    forward = differences.forward(X, value, 1e-6)
    central = differences.central(X, value, 1e-6)

    assert (central.error < forward.error / 3).all()
    assert (central.sharp, forward.sharp) == (True, False)


def test_a_gradient_costs_n_or_2_n_evaluations_once_its_intervals_are_known():
    f = noisy(1e-6, seed=3)
    differences = Differences(f, np.abs(X))
    value = f.one(X)
    differences.begin(X, value, 1e-6)
    differences.central(X, value, 1e-6)
    counts = []
    for ask in (differences.forward, differences.central):
        before = f.evaluations
        ask(X, value, 1e-6)
        counts.append(f.evaluations - before)

    assert counts == [3, 6]
