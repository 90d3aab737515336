"""Questions that cannot be asked raise, with the rule and the way out."""

import numpy as np
import pytest

from clinometer.check import Verdict, check
from clinometer.errors import FunctionError, InputError

ONES = np.ones(2)


def _square(x):
    return (x**2).sum()


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.array([1, 2]), "int64"),
        (np.array([1.0, None]), "object"),
        (np.array([]), "at least one"),
        (np.array([True]), "bool"),
        (np.array([1.0, np.nan]), r"x\[1\] = nan"),
        (np.array([np.inf]), "inf"),
        ("abc", "str"),
        ({"w": np.array([1])}, r"x\['w'\]"),
    ],
)
def test_an_x_that_cannot_be_varied_is_refused(x, said):
    with pytest.raises(InputError, match=said):
        check(lambda x: 0.0, x, gradient=x)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: x, r"single number"),
        (lambda x: x.sum() * 1j, "real"),
        (lambda x: None, "must return"),
        (lambda x: "7", "str"),
        (3.0, "callable"),
    ],
)
def test_an_f_without_a_real_number_is_refused(f, said):
    with pytest.raises(InputError, match=said):
        check(f, ONES, gradient=ONES)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_f_that_is_not_finite_at_x_is_refused(value):
    with pytest.raises(FunctionError, match="finite"):
        check(lambda x: x.sum() * value, ONES, gradient=ONES)


def test_an_f_that_raises_at_x_is_named_with_its_exception():
    def f(x):
        raise ZeroDivisionError("no data")

    with pytest.raises(FunctionError, match=r"ZeroDivisionError at x.*no data"):
        check(f, ONES, gradient=ONES)


def test_an_f_that_raises_on_both_sides_of_x_is_named():
    def f(x):
        if (x != 1).any():
            raise ValueError("outside")
        return x.sum()

    with pytest.raises(FunctionError, match="both sides"):
        check(f, ONES, gradient=ONES)


def test_an_f_that_writes_into_its_argument_is_caught_and_x_stays():
    x = np.array([1.0, 2.0])

    def f(x):
        x *= 2
        return x.sum()

    with pytest.raises(FunctionError, match="argument"):
        check(f, x, gradient=ONES)
    assert x.tolist() == [1.0, 2.0]


def test_numpy_without_a_gradient_is_told_the_way_out():
    with pytest.raises(InputError, match="pass gradient="):
        check(_square, ONES)


@pytest.mark.parametrize(
    "options",
    [
        {"rtol": -1e-3},
        {"rtol": np.nan},
        {"rtol": 1.0},
        {"seed": -1},
        {"entries": -1},
        {"scale": np.zeros(2)},
        {"scale": np.ones(3)},
        {"batched": True, "vmap": True},
        {"vmap": True},
    ],
)
def test_a_bad_option_is_refused(options):
    with pytest.raises(InputError, match=r"got|must"):
        check(_square, ONES, gradient=2 * ONES, **options)


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(TypeError, match="epsilon"):
        check(_square, ONES, gradient=2 * ONES, epsilon=1e-6)


def test_an_empty_leaf_beside_others_is_fine():
    x = {"w": np.array([1.0, 2.0]), "none": np.zeros((0, 3))}
    right = {"w": 2 * x["w"], "none": np.zeros((0, 3))}
    report = check(lambda p: _square(p["w"]), x, gradient=right)
    assert report.verdict is Verdict.AGREES
