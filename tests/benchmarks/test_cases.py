"""The benchmark's functions are what they say: exact truths, finite, all categories."""

from __future__ import annotations

from collections import Counter
from typing import Any

import mpmath
import numpy as np
import pytest

from benchmarks.case import Case, Category, Maths
from benchmarks.cases import CASES
from benchmarks.random_functions import random_cases

mpmath.mp.dps = 50


def lift(function: Any) -> Any:
    """An mpmath function that also takes object arrays, elementwise."""
    return np.frompyfunc(function, 1, 1)


MPMATH = Maths(
    exp=lift(mpmath.exp),
    log=lift(mpmath.log),
    log1p=lift(mpmath.log1p),
    expm1=lift(mpmath.expm1),
    sqrt=lift(mpmath.sqrt),
    sin=lift(mpmath.sin),
    cos=lift(mpmath.cos),
    tan=lift(mpmath.tan),
    tanh=lift(mpmath.tanh),
    cosh=lift(mpmath.cosh),
    sinh=lift(mpmath.sinh),
    arctan=lift(mpmath.atan),
    arcsin=lift(mpmath.asin),
    arccos=lift(mpmath.acos),
    arccosh=lift(mpmath.acosh),
    arctanh=lift(mpmath.atanh),
    erf=lift(mpmath.erf),
    gamma=lift(mpmath.gamma),
    gammaln=lift(mpmath.loggamma),
    digamma=lift(mpmath.digamma),
    j0=lift(lambda x: mpmath.besselj(0, x)),
    j1=lift(lambda x: mpmath.besselj(1, x)),
)


def exact_slope(case: Case, i: int) -> float:
    """Partial derivative i by 50-digit central differences of the exact formula.

    The step 1e-20 of the coordinate's own size leaves an error of about 1e-30.
    """
    x = np.array([mpmath.mpf(float(one)) for one in case.x], dtype=object)
    step = mpmath.mpf(10) ** -20 * (abs(x[i]) or 1)
    above, below = x.copy(), x.copy()
    above[i] += step
    below[i] -= step
    rise = case.exact(MPMATH, above) - case.exact(MPMATH, below)
    return float(mpmath.mpf(np.asarray(rise).item()) / (2 * step))


def looked_at(case: Case) -> list[int]:
    """The coordinates worth checking: all of a few, three of a thousand."""
    n = case.x.size
    return list(range(n)) if n <= 5 else [0, n // 2, n - 1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_truth_is_the_gradient_of_the_exact_formula(case: Case) -> None:
    """A few last bits where the formula runs in extended precision, else 1e-13."""
    wide = np.finfo(np.longdouble).eps < np.finfo(float).eps
    exact_enough = 6 * np.finfo(float).eps if wide else 1e-13
    for i in looked_at(case):
        assert case.truth[i] == pytest.approx(
            exact_slope(case, i), rel=exact_enough, abs=1e-300
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value_is_finite_and_near_the_exact_one_at_the_point(case: Case) -> None:
    """1e-2: the noisiest functions carry 1e-3, gaussian; scale is the exact value."""
    x = np.array([mpmath.mpf(float(one)) for one in case.x], dtype=object)
    exact = float(np.asarray(case.exact(MPMATH, x)).item())

    values = np.asarray(case.f(np.stack([case.x, case.x])))

    assert values.shape == (2,)
    assert np.isfinite(values).all()
    assert values == pytest.approx(exact, rel=1e-2, abs=1e-9)


def test_names_are_unique() -> None:
    assert max(Counter(case.name for case in CASES).values()) == 1


def test_there_are_at_least_ninety_functions_in_all_categories() -> None:
    count = Counter(case.category for case in CASES)

    assert len(CASES) >= 90
    assert set(count) == set(Category)
    assert min(count.values()) >= 8


def test_points_and_truths_cannot_be_written_to() -> None:
    assert not any(case.x.flags.writeable for case in CASES)
    assert not any(case.truth.flags.writeable for case in CASES)


def test_random_functions_of_one_seed_are_the_same_each_time() -> None:
    first, second = random_cases(5, 40), random_cases(5, 40)

    for one, other in zip(first, second, strict=True):
        points = one.x * np.array([[1.0], [1.01]])
        assert one.name == other.name
        assert np.array_equal(one.truth, other.truth)
        assert np.array_equal(one.f(points), other.f(points))


def test_random_functions_of_another_seed_differ() -> None:
    first, second = random_cases(5, 10), random_cases(6, 10)

    assert [case.name for case in first] != [case.name for case in second]


def test_random_functions_hold_clean_noisy_and_float32_ones_in_their_shares() -> None:
    """1,000 draws: five deviations of a binomial share are 0.08, 0.08 and 0.05."""
    count = Counter(case.category for case in random_cases(1, 1000))

    assert count[Category.SMOOTH] / 1000 == pytest.approx(0.5, abs=0.08)
    assert count[Category.NOISY] / 1000 == pytest.approx(0.4, abs=0.08)
    assert count[Category.FLOAT32] / 1000 == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("case", random_cases(2, 60), ids=lambda case: case.name)
def test_truth_of_a_random_function_is_its_gradient(case: Case) -> None:
    """Without extended precision the rounding of w (x - c) grows near zeros of phi'."""
    wide = np.finfo(np.longdouble).eps < np.finfo(float).eps
    size = np.abs(case.truth).max()
    exact_enough = (4 * np.finfo(float).eps if wide else 1e-11) * size
    for i in range(case.x.size):
        assert case.truth[i] == pytest.approx(exact_slope(case, i), abs=exact_enough)
    assert np.isfinite(case.f(case.x[None])).all()
