"""The textbook's gradient check: its contract, its worked examples, its errors."""

import doctest

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer import textbook
from clinometer.errors import FunctionError, InputError
from clinometer.textbook import (
    backward_difference,
    central_difference,
    forward_difference,
    gradient_check,
    relative_error,
)

U = 2.0**-53  # unit roundoff of doubles
DIFFERENCES = [central_difference, forward_difference, backward_difference]
fixed = settings(derandomize=True, deadline=None)

EXAMPLES = [
    (lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 4.0], [6.0, 8.0]),
    (lambda x: x[0] + x[1] + x[2], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
    (lambda x: x[0] ** 3 + x[1] ** 3, [2.0, -1.0], [12.0, 3.0]),
]


def cubes(x):
    """A smooth function of an array of any shape; its gradient is 3 x²."""
    return np.sum(x**3)


# --- worked examples ----------------------------------------------------------


@pytest.mark.parametrize(("f", "x", "gradient"), EXAMPLES)
def test_the_worked_examples_agree_to_the_rounding_floor(f, x, gradient):
    """Two values of f, each rounded in a power and in a sum, are divided by 2e-7.

    The step's own rounding does not count: differences are divided by the step made.
    """
    numerical, error = gradient_check(f, np.array(x), np.array(gradient))

    assert numerical.dtype == np.float64
    of_an_entry = 2 * (2 * U * f(np.abs(x))) / 2e-7
    floor = np.sqrt(len(x)) * of_an_entry / (2 * np.linalg.norm(gradient))
    assert error <= floor < 1e-8
    np.testing.assert_allclose(numerical, gradient, rtol=1e-8)


@pytest.mark.parametrize(("f", "x", "gradient"), EXAMPLES)
def test_a_wrong_gradient_is_far_above_the_rounding_floor(f, x, gradient):
    wrong = np.array(gradient)
    wrong[0] *= 1.01
    assert gradient_check(f, x, wrong)[1] > 1e-4


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(textbook)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize(("f", "x", "gradient"), EXAMPLES)
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_all_differences_find_the_gradient(difference, f, x, gradient):
    """One-sided ones err by epsilon f'' / 2, at most 6e-7 here."""
    np.testing.assert_allclose(difference(f, x), gradient, atol=1e-6)


def test_one_sided_differences_err_to_their_side():
    """f = x²: (x ± h) - x gives 2 x ± h."""
    x = np.array([3.0, -5.0])
    for difference, sign in ((forward_difference, 1.0), (backward_difference, -1.0)):
        found = difference(lambda x: np.sum(x**2), x, 2.0**-10)
        assert found.tolist() == (2 * x + sign * 2.0**-10).tolist()


# --- the contract -------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 2)])
def test_the_numerical_gradient_has_the_shape_of_x(shape):
    x = np.random.default_rng(0).normal(size=shape)
    numerical, error = gradient_check(cubes, x, 3 * x**2)
    assert numerical.shape == shape
    assert error < 1e-7


@pytest.mark.parametrize("x", [[[1.0, 2.0], [3.0, 4.0]], ((1.0, 2.0), (3.0, 4.0)), 2.0])
def test_nested_lists_of_floats_are_taken_for_arrays(x):
    numerical, error = gradient_check(cubes, x, 3 * np.array(x) ** 2)
    assert numerical.shape == np.shape(x)
    assert error < 1e-8


def test_integers_are_welcome_in_the_claimed_gradient():
    assert gradient_check(EXAMPLES[0][0], [3.0, 4.0], [6, 8])[1] < 1e-8


@pytest.mark.parametrize(
    ("difference", "evaluations"),
    [(central_difference, 10), (forward_difference, 6), (backward_difference, 6)],
)
def test_each_difference_needs_as_many_evaluations_as_it_says(difference, evaluations):
    seen = []
    difference(lambda x: seen.append(x.copy()) or cubes(x), np.arange(5.0))
    assert len(seen) == evaluations
    assert len({point.tobytes() for point in seen}) == evaluations


def test_f_gets_arrays_of_the_dtype_and_shape_of_x():
    seen = []
    x = np.ones((2, 3), np.float32)
    central_difference(lambda x: seen.append((x.dtype, x.shape)) or 0.0, x, 1e-3)
    assert set(seen) == {(np.dtype(np.float32), (2, 3))}


def test_float32_is_divided_by_the_step_that_was_made():
    """At 1000 float32 rounds a step of 1e-3 by 2 per cent; a linear f shows no error.

    The only rounding left is that of f's own value, 2**-24 * 1000 over 2e-3: 3 per cent
    were f rounded, but f = x is not.
    """
    x = np.array([1000.0], np.float32)
    assert central_difference(lambda x: x[0], x, 1e-3).tolist() == [1.0]


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_x_is_not_written_to_even_if_f_raises(difference):
    x = np.array([1.0, 2.0, 3.0])

    def f(x):
        if x[1] != 2.0:
            raise ZeroDivisionError("boom")
        return x[0]

    with pytest.raises(
        FunctionError, match=r"at x with x\[1\] = .*ZeroDivisionError: boom"
    ):
        difference(f, x)
    assert x.tolist() == [1.0, 2.0, 3.0]


def test_a_read_only_x_will_do():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    assert gradient_check(cubes, x, 3 * x**2)[1] < 1e-8


def test_an_f_that_writes_into_its_argument_is_named():
    x = np.array([1.0, 2.0])

    def f(x):
        x *= 2
        return x.sum()

    with pytest.raises(FunctionError, match="f must not change its argument"):
        central_difference(f, x)
    assert x.tolist() == [1.0, 2.0]


@fixed
@given(st.integers(-200, 200), st.integers(-200, 200))
def test_powers_of_two_in_f_and_x_change_nothing(of_f, of_x):
    """f -> 2**i f, x -> 2**j x, with the step in the unit of x."""
    x = np.array([0.3, -1.7, 2.9])
    claimed = 3 * x**2 * [1.0, 1.001, 1.0]
    plain = gradient_check(cubes, x, claimed)
    scaled = gradient_check(
        lambda x: cubes(x * 2.0**-of_x) * 2.0**of_f,
        x * 2.0**of_x,
        claimed * 2.0 ** (of_f - of_x),
        epsilon=1e-7 * 2.0**of_x,
    )
    assert scaled[1] == plain[1]
    assert (scaled[0] == plain[0] * 2.0 ** (of_f - of_x)).all()


# --- relative error -----------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([3.0, 4.0], [3.0, 4.0], 0.0),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([3.0, 4.0], [0.0, 0.0], 1.0),
        ([3.0, 4.0], [-3.0, -4.0], 1.0),
        ([3.0, 4.0], [6.0, 8.0], 1 / 3),
        (2.0, 6.0, 0.5),
        ([[1, 0]], [[0, 1]], np.sqrt(2) / 2),
    ],
)
def test_relative_error_is_distance_over_the_sum_of_sizes(a, b, error):
    assert relative_error(a, b) == pytest.approx(error, abs=4 * U)
    assert type(relative_error(a, b)) is float


gradients = st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4)


@fixed
@given(gradients, gradients, st.integers(-900, 900))
def test_relative_error_knows_no_unit_and_no_order(a, b, power):
    """From 0 to 1, to the last rounding; the unit does not matter at all."""
    a, b = np.array(a), np.array(b)
    a[abs(a) < 1e-30] = 0.0  # so that no scaled entry is subnormal
    b[abs(b) < 1e-30] = 0.0
    error = relative_error(a, b)
    assert 0.0 <= error <= 1.0 + 4 * U
    assert relative_error(b, a) == error
    assert relative_error(np.ldexp(a, power), np.ldexp(b, power)) == error


@pytest.mark.parametrize("size", [1e300, 1.7e308, 1e-300, 5e-324])
def test_relative_error_neither_overflows_nor_underflows(size):
    assert relative_error([size, 0.0], [-size, 0.0]) == 1.0
    assert relative_error([size, size], [size, size]) == 0.0


@pytest.mark.parametrize("array", [np.array, torch.tensor, jnp.array])
def test_relative_error_takes_arrays_of_every_library(array):
    assert relative_error(array([3.0, 4.0]), [6.0, 8.0]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1.0], [1.0, 2.0], r"must have one shape, got \(1,\) and \(2,\)"),
        ([[1.0, 2.0]], [1.0, 2.0], "must have one shape"),
        ([np.nan], [1.0], "a must be finite"),
        ([1.0], [np.inf], "b must be finite"),
        ([], [], "a must hold at least one number"),
        ([1j], [1.0], "got complex128"),
        ([None], [1.0], "got the dtype object"),
        ([[1.0], [1.0, 2.0]], [1.0], "a must be an array or nested lists of numbers"),
        ("text", [1.0], "got the dtype <U4"),
        ([1.0], lambda x: x, "b must be an array, got a function; call it at x"),
    ],
)
def test_what_is_no_gradient_has_no_relative_error(a, b, message):
    with pytest.raises(InputError, match=message):
        relative_error(a, b)


# --- bad input ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([3, 4]), "x must be floating-point, got int64"),
        ([3, 4], "x must be floating-point, got int64"),
        (np.array([True]), "x must be floating-point, got bool"),
        (np.array([1.0, 2.0], object), "x must be floating-point, got object"),
        ([None, 1.0], "x must be floating-point, got object"),
        (["a"], "x must be floating-point, got "),
        ([1j, 1.0], "x must be real, got complex128"),
        ([], "x must hold at least one number"),
        (np.ones((2, 0)), "x must hold at least one number"),
        ([1.0, np.nan], r"x must be finite, got x\[1\] = nan"),
        ([np.inf, 1.0], r"x must be finite, got x\[0\] = inf"),
        ([[1.0], [1.0, 2.0]], "x must be an array or nested lists of numbers"),
        (torch.ones(2), "x must be a NumPy array .* got a torch array"),
        (jnp.ones(2), "x must be a NumPy array .* got a jax array"),
    ],
)
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_x_must_be_a_finite_real_floating_array(difference, x, message):
    with pytest.raises(InputError, match=message):
        difference(lambda x: 0.0, x)


@pytest.mark.parametrize(
    "epsilon", [0.0, -1e-7, np.nan, np.inf, "1e-7", None, True, 1j, np.array([1e-7])]
)
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_epsilon_must_be_positive_and_finite(difference, epsilon):
    with pytest.raises(InputError, match="epsilon must be positive and finite, got"):
        difference(cubes, [1.0], epsilon)


@pytest.mark.parametrize("epsilon", [1, np.float32(1e-3), np.int64(1)])
def test_epsilon_may_be_any_real_number(epsilon):
    assert forward_difference(np.sum, [1.0], epsilon) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("x", "epsilon"),
    [
        (np.array([1.0, 1e10]), 1e-7),
        (np.array([0.0, 1.0], np.float32), 1e-8),
        (np.array([0.0, 6e4], np.float16), 1e4),
    ],
)
@pytest.mark.parametrize("difference", [central_difference, forward_difference])
def test_a_step_that_does_not_move_a_coordinate_is_refused(difference, x, epsilon):
    """Beside 1e10 doubles are 2e-6 apart; beyond 65504 float16 ends."""
    with pytest.raises(InputError, match=r"epsilon must move every coordinate.*x\[1\]"):
        difference(np.sum, x, epsilon)


@pytest.mark.parametrize(
    "claimed", [[1.0], [[1.0, 1.0]], 1.0, [1.0, 1.0, 1.0], np.ones((2, 1))]
)
def test_the_claimed_gradient_must_have_the_shape_of_x(claimed):
    with pytest.raises(InputError, match=r"must have the shape \(2,\) of x, got"):
        gradient_check(cubes, [1.0, 2.0], claimed)


@pytest.mark.parametrize(
    ("claimed", "message"),
    [
        ([1.0, np.nan], "analytical_grad must be finite"),
        ([1.0, 1j], "got complex128"),
        ([1.0, None], "got the dtype object"),
        (lambda x: x, "analytical_grad must be an array, got a function; call it at x"),
    ],
)
def test_the_claimed_gradient_must_be_finite_numbers(claimed, message):
    with pytest.raises(InputError, match=message):
        gradient_check(cubes, [1.0, 2.0], claimed)


@pytest.mark.parametrize("value", [np.ones(2), np.ones(1), [1.0], (1.0,)])
def test_f_must_return_a_single_number(value):
    with pytest.raises(InputError, match="a gradient needs an f that returns a single"):
        central_difference(lambda x: value, [1.0, 2.0])


@pytest.mark.parametrize("value", [1j, np.complex128(1), "text", None])
def test_f_must_return_a_real_number(value):
    with pytest.raises(InputError):
        central_difference(lambda x: value, [1.0, 2.0])


def test_f_must_be_callable():
    with pytest.raises(InputError, match="f must be callable, got float"):
        central_difference(1.0, [1.0, 2.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("difference", "place"),
    [
        (central_difference, r"x with x\[1, 0\] = 1.9999999"),
        (forward_difference, r"x with x\[1, 0\] = 2.0000001"),
        (backward_difference, r"x with x\[1, 0\] = 1.9999999"),
    ],
)
def test_a_value_that_is_not_finite_is_named_with_its_point(difference, place, bad):
    x = np.array([[1.0], [2.0]])
    with pytest.raises(
        FunctionError, match=f"f must be finite .* got {bad} at {place}"
    ):
        difference(lambda x: x.sum() if x[1, 0] == 2.0 else bad, x)


def test_a_value_that_is_not_finite_at_x_itself_is_named():
    with pytest.raises(
        FunctionError, match=r"f must be finite around x, got nan at x$"
    ):
        forward_difference(lambda x: np.nan, [1.0])
