"""What the check says where f tells little: zero slopes, saturation, noise."""

import numpy as np
import pytest

from clinometer.check import Verdict, check

# Zero gradients: they agree where f shows that it knows, and only there.


def test_a_stationary_point_agrees_with_zero_and_with_dust():
    def f(x):
        return ((x - 1) ** 2).sum() + 3

    x = np.ones(4)
    assert check(f, x, gradient=np.zeros(4)).verdict is Verdict.AGREES
    assert check(f, x, gradient=np.full(4, 1e-16)).verdict is Verdict.AGREES
    assert check(f, x, gradient=np.full(4, 1e-6)).verdict is Verdict.DIFFERS


def test_a_leaf_that_f_does_not_use_agrees_with_zero_only():
    def f(p):
        return (p["used"] ** 2).sum()

    x = {"used": np.array([1.0, 2.0]), "unused": np.array([3.0, 4.0])}
    right = {"used": 2 * x["used"], "unused": np.zeros(2)}
    wrong = {"used": 2 * x["used"], "unused": np.array([0.0, 1e-3])}
    assert check(f, x, gradient=right).verdict is Verdict.AGREES
    report = check(f, x, gradient=wrong)
    assert [finding.where for finding in report.findings] == ["x['unused'][1]"]


def test_an_inactive_unit_agrees_with_zero_and_differs_from_one():
    def f(x):
        return np.maximum(x, 0.0).sum()

    x = np.array([-1.0, -2.0])
    assert check(f, x, gradient=np.zeros(2)).verdict is Verdict.AGREES
    assert check(f, x, gradient=np.ones(2)).verdict is Verdict.DIFFERS


def test_what_f_cannot_resolve_cannot_be_told():
    """x is lost in 1e20: neither the right slope nor a wrong one shows."""
    x = np.array([1.0, 2.0])
    for slope in (1.0, -5.0):
        report = check(lambda x: 1e20 + x.sum(), x, gradient=np.full(2, slope))
        assert report.verdict is Verdict.CANNOT_TELL
        assert "did not change" in report.leaves[0].reason


def _confident(x):
    """Cross-entropy of softmax(x) with class 0, as libraries compute it."""
    top = x.max()
    return top + np.log(np.exp(x - top).sum()) - x[0]


def _confident_slopes(x):
    shares = np.exp(x - x.max())
    shares /= shares.sum()
    return shares - np.eye(len(x))[0]


@pytest.mark.parametrize("margin", [5.0, 20.0, 33.0, 34.5, 36.0, 60.0, 800.0])
def test_a_right_gradient_of_a_saturated_softmax_never_differs(margin):
    """From entries of 1e-2 down to 1e-15 and to underflow."""
    x = np.array([margin, 0.0, 0.4, -1.0])
    report = check(_confident, x, gradient=_confident_slopes)
    assert report.verdict is not Verdict.DIFFERS
    if margin <= 20:
        assert report.verdict is Verdict.AGREES


@pytest.mark.parametrize("margin", [5.0, 20.0, 33.0, 34.5, 36.0])
def test_a_wrong_sign_in_a_saturated_softmax_never_agrees(margin):
    x = np.array([margin, 0.0, 0.4, -1.0])
    report = check(_confident, x, gradient=lambda x: -_confident_slopes(x))
    assert report.verdict is not Verdict.AGREES


# Noise


def _noisy(x):
    """A sum of sines with noise of 1e-4 that is the same whenever x is."""
    return np.sin(x).sum() * (1 + 1e-4 * np.sin(1e12 * x.sum()))


def test_noise_that_hides_the_slope_cannot_be_told_and_says_what_it_resolves():
    report = check(_noisy, np.array([1.0, 2.0]), gradient=np.cos)
    assert report.verdict is Verdict.CANNOT_TELL
    assert "noisy at" in report.leaves[0].reason
    assert "digit" in report.leaves[0].reason


def test_values_rounded_to_three_decimals_cannot_be_told():
    report = check(
        lambda x: np.round(np.sin(x).sum(), 3), np.array([1.0, 2.0]), gradient=np.cos
    )
    assert report.verdict is Verdict.CANNOT_TELL


def test_a_wrong_sign_shows_through_that_noise():
    report = check(_noisy, np.array([1.0, 2.0]), gradient=lambda x: -np.cos(x))
    assert report.verdict is Verdict.DIFFERS


def _random_f(size):
    random = np.random.default_rng(3)
    return lambda x: (x**2).sum() * (1 + size * random.normal())


def test_an_f_that_is_not_repeatable_cannot_be_told_and_says_so():
    report = check(_random_f(1e-9), np.array([1.0, 2.0]), gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.CANNOT_TELL
    assert "not repeatable" in report.notes[0]


def test_a_gross_fault_shows_even_if_f_is_not_repeatable():
    report = check(_random_f(1e-9), np.array([1.0, 2.0]), gradient=lambda x: -2 * x)
    assert report.verdict is Verdict.DIFFERS
    assert "not repeatable" in report.notes[0]


def test_an_f_whose_state_drifts_is_not_repeatable():
    state = [0]

    def f(x):
        state[0] += 1
        return (x**2).sum() + 1e-3 * state[0]

    report = check(f, np.array([1.0, 2.0]), gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.CANNOT_TELL
    assert "not repeatable" in report.notes[0]
