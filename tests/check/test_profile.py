"""f on wide paths: smooth functions, those that jump, and staircases."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from clinometer import Verdict, check
from clinometer.check.diagnosis import Cause


def root(a):
    """The square root of a, by an iteration that is stopped at 1e-6."""
    y = 1.0
    while True:
        new = 0.7 * y + 0.3 * a / y
        if abs(new - y) < 1e-6:
            return new
        y = new


def roots(x):
    return float(sum(root(a) for a in x))


def decay(x):
    """What is left after time x[1] at rate x[0], by an adaptive solver."""
    return float(
        solve_ivp(lambda t, y: -x[0] * y, (0, x[1]), [1.0], rtol=1e-6).y[0, -1]
    )


POINT = np.array([2.0, 3.0, 5.0])


@pytest.mark.parametrize("shape", [(1,), (3,)])
def test_a_stopped_iteration_explains_a_slight_difference(shape):
    x = np.resize(POINT[::-1], shape)
    report = check(roots, x, gradient=0.5 / np.sqrt(x))
    assert report.verdict is Verdict.CANNOT_TELL
    assert report.causes == (Cause.TOLERANCE,)


def test_a_solvers_tolerance_does_too():
    x = np.array([1.3, 0.8])
    e = math.exp(-x[0] * x[1])
    report = check(decay, x, gradient=np.array([-x[1] * e, -x[0] * e]))
    assert report.verdict is not Verdict.DIFFERS


@pytest.mark.parametrize("slip", [2e-6, 1e-4, -1e-4])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: float(np.sum(x**2)),
        lambda x: float(np.sum(np.log1p(np.exp(-3 * x)))),
        lambda x: float(np.prod(np.sin(x)) / np.sum(x)),
    ],
)
def test_a_slight_slip_in_the_gradient_of_a_smooth_f_differs(f, slip):
    # derivatives by complex steps would need another f; differences do to 1e-9
    step = 1e-4
    exact = [
        (8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / (12 * step)
        for x in [POINT]
        for h in step * np.eye(3)
    ]
    wrong = np.array(exact) * (1 + slip * np.array([1, 0, 0]))
    assert check(f, POINT, gradient=wrong).verdict is Verdict.DIFFERS


def test_a_slip_in_a_single_number_differs():
    report = check(lambda x: x**3, 1.5, gradient=3 * 1.5**2 * (1 + 1e-5))
    assert report.verdict is Verdict.DIFFERS


def rounded(x):
    return round(float(np.sum(x**2)), 2)


def test_an_f_that_rounds_its_result_cannot_be_told():
    report = check(rounded, np.array([0.3, 0.7]), gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.CANNOT_TELL
    assert report.causes == (Cause.STEPS,)


@pytest.mark.parametrize("claim", [[-0.6, -1.4], [2.4, 5.6]])
def test_a_claim_that_its_steps_contradict_differs(claim):
    x = np.array([0.3, 0.7])
    assert check(rounded, x, gradient=np.array(claim)).verdict is Verdict.DIFFERS


@pytest.mark.parametrize(
    "f", [lambda x: float(np.round(x).sum()), lambda x: float(np.maximum(x, 0).sum())]
)
def test_a_slope_claimed_where_f_is_level_differs(f):
    x = np.array([-0.3, 0.7])
    assert check(f, x, gradient=np.ones(2)).verdict is Verdict.DIFFERS


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_infinite_claims_are_wrong_entry_by_entry(dtype):
    x = np.array([-0.3, 0.7], dtype)
    report = check(lambda x: (x**2).sum(), x, gradient=x * dtype(np.inf))
    assert report.verdict is Verdict.DIFFERS
    assert {found.index for found in report.findings} == {(0,), (1,)}


def many_roots(x):
    """The sum of all roots, each component iterated until all have settled."""
    y = np.ones_like(x)
    while True:
        new = 0.7 * y + 0.3 * x / y
        if np.abs(new - y).max() < 1e-6:
            return float(new.sum())
        y = new


def test_a_stopped_iteration_explains_slight_differences_along_directions():
    x = np.linspace(1.0, 4.0, 3000)
    report = check(many_roots, x, gradient=0.5 / np.sqrt(x))
    assert report.verdict is not Verdict.DIFFERS


def test_a_slip_in_one_of_many_entries_differs_along_directions():
    x = np.linspace(1.0, 4.0, 3000)
    wrong = 0.5 / np.sqrt(x)
    wrong[1234] *= 1.01
    report = check(lambda x: float(np.sqrt(x).sum()), x, gradient=wrong)
    assert report.verdict is Verdict.DIFFERS
    assert report.leaves[0].where == "entry 1234"


def fixed_point(x, bound=1e-6):
    """The limit of y = tanh(W y + x) for a W fixed here, stopped at a bound."""
    W = np.random.default_rng(2).normal(size=(6, 6))
    W *= 0.7 / np.linalg.norm(W, 2)
    y = np.zeros(6)
    while True:
        new = np.tanh(W @ y + x)
        if np.abs(new - y).max() < bound:
            return W, new
        y = new


def limits_gradient(x, v):
    W, y = fixed_point(x, 1e-15)
    slope = 1 - y * y
    return np.linalg.solve((np.eye(6) - slope[:, None] * W).T, v) * slope


@pytest.mark.parametrize("seed", range(6))
def test_a_tolerance_that_shows_along_one_entry_explains_the_others(seed):
    rng = np.random.default_rng(seed)
    v, x = rng.normal(size=6), rng.normal(size=6)
    report = check(
        lambda x: float(v @ fixed_point(x)[1]), x, gradient=limits_gradient(x, v)
    )
    assert report.verdict is not Verdict.DIFFERS


def test_a_fault_beyond_a_tolerance_differs():
    rng = np.random.default_rng(1)
    v, x = rng.normal(size=6), rng.normal(size=6)
    wrong = limits_gradient(x, v)
    wrong[3] *= 1.01
    report = check(lambda x: float(v @ fixed_point(x)[1]), x, gradient=wrong)
    assert report.verdict is Verdict.DIFFERS


@pytest.mark.parametrize("digits", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_steps_too_coarse_for_single_entries_show_in_all_together(digits, seed):
    x = np.random.default_rng(seed).normal(size=4)
    report = check(
        lambda x: float(np.round(np.sum(x**2), digits)), x, gradient=lambda x: 2 * x
    )
    assert report.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize("digits", [2, 3])
def test_a_claim_against_which_coarse_steps_climb_differs(digits):
    x = np.random.default_rng(0).normal(size=4)
    report = check(
        lambda x: float(np.round(np.sum(x**2), digits)), x, gradient=lambda x: -8 * x
    )
    assert report.verdict is Verdict.DIFFERS
