"""A step meets the relaxed conditions, and goes far enough to be seen."""

import numpy as np
import pytest

from clinometer.descend.noisy.search import Conditions, Start, search

RULES = Conditions()


def parabola(least):
    """t -> (t - least)**2 / 2, whose slope at 0 is -least."""
    return lambda t: (t - least) ** 2 / 2


@pytest.mark.parametrize("least", [0.01, 0.3, 1.0, 4.0, 100.0])
def test_the_step_meets_armijo_and_wolfe_where_there_is_no_noise(least):
    f = parabola(least)

    step = search(f, Start(f(0), -least, 0.0, 0.0), RULES)

    assert f(step.length) <= f(0) - 1e-4 * step.length * least
    assert step.length - least >= -0.9 * least  # slope at the end against that at 0


@pytest.mark.parametrize("least", [0.3, 7.0, 100.0])
def test_a_slope_that_is_given_serves_as_well(least):
    f = parabola(least)

    step = search(f, Start(f(0), -least, 0.0, 0.0), RULES, slope=lambda t: t - least)

    assert -0.9 * least <= step.length - least
    assert f(step.length) < f(0)


def test_a_step_too_long_is_shortened_to_the_least_point_of_a_parabola():
    f = parabola(0.2)

    assert search(f, Start(f(0), -0.2, 0.0, 0.0), RULES).length == pytest.approx(0.2)


def test_noise_of_two_sigma_does_not_refuse_a_step():
    start = Start(0.0, -1e-6, 0.0, 1.0)

    assert search(lambda t: 1.9, start, RULES).value == 1.9
    assert search(lambda t: 2.1, start, RULES) is None


def test_a_certain_slope_that_noise_hides_lengthens_the_step_until_it_shows():
    """A slope of 0.1 sigma shows from a step of 28 on: 64 is a power of four.

    Its error in values is 2 sqrt(2) sigma over the step.
    """
    step = search(lambda t: -1e-3 * t, Start(0.0, -1e-3, 1e-4, 1e-2), RULES)

    assert step.length == 64


def test_an_uncertain_slope_does_not():
    step = search(lambda t: 0.0, Start(0.0, -1e-3, 1e-3, 1e-2), RULES)

    assert step.length == 1


def test_uphill_no_step_is_found_but_one_that_the_noise_allows():
    assert search(lambda t: t, Start(0.0, -1.0, 0.0, 0.0), RULES) is None
    assert search(lambda t: t, Start(0.0, -1.0, 0.0, 1e-3), RULES).value < 2e-3


def test_points_outside_the_domain_shorten_the_step():
    """log(1 - t) + ... ends at t = 0.2."""
    f = parabola(0.1)

    step = search(
        lambda t: f(t) if t < 0.2 else np.inf, Start(f(0), -0.1, 0.0, 0.0), RULES
    )

    assert step.length < 0.2
    assert step.value < f(0)
