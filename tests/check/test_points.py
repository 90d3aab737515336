"""More points: those made from x, those given, and what a report says of them."""

import numpy as np
import pytest

from clinometer import Verdict, check
from clinometer.check.diagnosis import Cause
from clinometer.check.points import points_of
from clinometer.errors import InputError

X = np.array([0.7, -1.3, 2.1, 0.4])


def test_special_points_are_like_x_and_differ():
    x = {"a": X, "b": (np.float32([1.0, 2.0]), 3.0)}

    found = points_of(x, np.random.default_rng(0))

    assert len(found) >= 6
    for words, point in found:
        assert words.startswith("x ")
        assert point["a"].shape == (4,)
        assert point["b"][0].dtype == np.float32
        assert isinstance(point["b"][1], float)
    assert len({point["a"].tobytes() for _, point in found}) >= 6
    assert not np.shares_memory(found[0][1]["a"], X)


def softplus(x):
    return np.logaddexp(0, 40 * x).sum()


def sigmoid(x):
    return 40 / (1 + np.exp(-40 * x))


def test_a_right_gradient_passes_at_all_points():
    report = check(softplus, X, gradient=sigmoid, points=True)

    assert report.verdict is Verdict.AGREES
    assert "other points" in report.notes[-1]


def test_a_gradient_wrong_at_zero_only_is_found_with_the_point():
    def gradient(x):
        return np.where(x == 0, 0.0, sigmoid(x))

    assert check(softplus, X, gradient=gradient).verdict is Verdict.AGREES
    report = check(softplus, X, gradient=gradient, points=True)

    assert report.verdict is Verdict.DIFFERS
    assert report.causes[0] is Cause.SPECIAL_POINTS
    assert "x with some entries zero" in report.diagnoses[0].where


@pytest.mark.parametrize(
    "points", [[X, -X], lambda random: random.normal(size=4)], ids=["held", "made"]
)
def test_points_of_the_user_are_checked(points):
    def gradient(x):
        return 3 * x * np.abs(x)

    report = check(lambda x: (x**3).sum(), X, gradient=gradient, points=points)

    assert report.verdict is Verdict.DIFFERS


def test_points_outside_the_domain_are_left_out():
    x = np.abs(X)

    report = check(lambda x: np.log(x).sum(), x, gradient=lambda x: 1 / x, points=True)

    assert report.verdict is Verdict.AGREES
    assert "f has no value at" in report.notes[-1]


def test_a_gradient_that_holds_at_x_only_is_refused():
    with pytest.raises(InputError, match="function of x"):
        check(lambda x: (x**2).sum(), X, gradient=2 * X, points=True)


def test_conventions_at_ties_of_many_are_no_difference():
    """Of equal numbers each may take any place in order; moved alone, it is an end."""
    weights = np.array([3.0, -1.0, 0.5, 2.0, 7.0, -4.0])
    x = np.array([0.7, -1.3, 2.1, 0.4, 1.9, -0.2])

    def gradient(x):
        found = np.empty(6)
        found[np.argsort(x, kind="stable")] = weights
        return found

    report = check(lambda x: weights @ np.sort(x), x, gradient=gradient, points=True)

    assert report.verdict is Verdict.AGREES
    assert "cannot be told" in report.notes[-1]


def test_a_wrong_slope_at_zero_is_found_beside_a_kink():
    def gradient(x):
        return np.where(x == 0, 2.0, x > 0)

    report = check(lambda x: np.maximum(x, 0).sum(), X, gradient=gradient, points=True)

    assert report.verdict is Verdict.DIFFERS
    assert report.causes[0] is Cause.SPECIAL_POINTS
    assert "with one entry of each array zero" in report.diagnoses[0].where


def test_a_norm_without_a_derivative_at_zero_is_told_not_blamed():
    def norm(x):
        return np.sqrt((x**2).sum())

    def gradient(x):
        with np.errstate(invalid="ignore"):
            return x / norm(x)

    report = check(norm, X, gradient=gradient, points=True)

    assert report.verdict is Verdict.AGREES
    assert "every entry zero, where f has a kink" in report.notes[-2]


def test_where_f_is_noise_at_x_no_other_points_are_tried():
    def noisy(x):
        return np.round(x.sum(), 3)

    report = check(noisy, X, gradient=np.ones_like, points=True)

    assert report.verdict is Verdict.CANNOT_TELL
    assert "no other points were tried" in report.notes[-1]
