"""Whole checks name their causes: from functions to diagnoses."""

import numpy as np
import pytest

from clinometer import Verdict, check
from clinometer.check.diagnosis import Cause
from tests.check.losses import DECAY, WEIGHTS, loss, slopes

X = np.array([0.0, 1.2, -0.7])


def relu(x):
    return (np.maximum(x, 0) + 0.5 * x).sum()


def test_a_right_gradient_has_no_diagnosis():
    assert check(loss, WEIGHTS, gradient=slopes).diagnoses == ()


def test_a_forgotten_regulariser_is_named_with_its_weight():
    report = check(loss, WEIGHTS, gradient=lambda w: slopes(w) - 2 * DECAY * w)

    assert report.causes == (Cause.MISSING_REGULARISER,)
    assert "2 * lambda = 0.1, lambda = 0.05" in report.diagnoses[0].evidence
    assert "lambda = 0.05" in str(report)


def test_a_subgradient_at_a_kink_is_called_one():
    report = check(relu, X, gradient=lambda x: (x > 0) + 0.5)

    assert report.verdict is Verdict.CANNOT_TELL
    assert report.causes == (Cause.KINK_INSIDE,)
    assert "a valid subgradient, in [0.5, 1.5]" in report.diagnoses[0].evidence


def test_a_value_beyond_both_slopes_of_a_kink_is_wrong():
    report = check(relu, X, gradient=lambda x: np.where(x == 0, 2, (x > 0) + 0.5))

    assert report.verdict is Verdict.DIFFERS
    assert report.causes[0] is Cause.KINK_OUTSIDE
    assert "is not in [0.5, 1.5]" in report.diagnoses[0].evidence


def test_an_f_that_does_not_repeat_is_the_cause():
    random = np.random.default_rng(0)

    report = check(
        lambda x: (x**2).sum() + random.normal(), X, gradient=lambda x: 2 * x
    )

    assert report.causes == (Cause.NOT_REPEATABLE,)
    assert report.verdict is Verdict.CANNOT_TELL


def test_noise_is_the_cause_where_it_hides_the_slope():
    def noisy(x):
        return (x**2).sum() * (1 + 1e-2 * np.sin(1e9 * x.sum()))

    report = check(noisy, X[1:], gradient=lambda x: 2 * x)

    assert report.verdict is Verdict.CANNOT_TELL
    assert report.causes[0] is Cause.NOISE


def test_the_form_of_a_claim_is_a_cause():
    report = check(lambda x: (x**2).sum(), X, gradient=lambda x: 2 * x[:2])

    assert report.causes == (Cause.FORM,)


ROWS = np.random.default_rng(3).normal(size=(60, 60))


def curved(x):
    return (ROWS * np.sin(x)).sum() + 0.5 * (x**2).sum()


def exact(x):
    return ROWS * np.cos(x) + x


@pytest.mark.parametrize(
    ("claim", "cause"),
    [
        (lambda x: -exact(x), Cause.SIGN),
        (lambda x: exact(x) - x, Cause.MISSING_REGULARISER),
        (lambda x: exact(x).T, Cause.TRANSPOSED),
        (lambda x: np.roll(exact(x), 1, 0), Cause.PERMUTED),
        (lambda x: exact(x).mean(0) + 0 * x, Cause.BROADCAST),
        (lambda x: np.where(np.arange(60) >= 56, 0, exact(x)), Cause.TAIL),
        (lambda x: np.where(np.arange(60) == 7, -exact(x), exact(x)), Cause.SIGN),
    ],
)
def test_the_cause_in_a_large_leaf_is_told_from_a_few_entries(claim, cause):
    """3,600 entries: the bound is a ninth of a call for each."""
    report = check(curved, ROWS[::-1].copy(), gradient=claim)

    assert report.causes == (cause,)
    assert report.evaluations < 400


def test_a_factor_in_a_leaf_is_named_with_a_length_of_the_data():
    x = {"w": np.array([0.3, -1.1, 0.8]), "data": np.linspace(-1, 1, 37)[:, None]}

    def mean(x):
        return np.mean(np.tanh(x["data"] @ x["w"][None, :]) ** 2) * 3

    def gradient(x):
        z = np.tanh(x["data"] @ x["w"][None, :])
        slope = 2 * z * (1 - z**2)
        return {
            "w": (slope * x["data"]).sum(0),
            "data": (slope * x["w"]).sum(1, keepdims=True) / 37,
        }

    found = check(mean, x, gradient=gradient).diagnoses[0]

    assert found.cause is Cause.FACTOR
    assert "37 = the length of axis 0 of x['data']" in found.evidence
