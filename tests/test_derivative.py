"""Slopes, gradients and Jacobians against the truth, with bars that hold it."""

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import torch

from clinometer import Status, gradient, jacobian, slope

RANDOM = np.random.default_rng(11)
POINT = RANDOM.normal(size=5)


def rosenbrock(x):
    """The banana valley of any library: of one point, or of a batch along axes 1."""
    first, rest = x[..., :-1], x[..., 1:]
    return (100 * (rest - first**2) ** 2 + (1 - first) ** 2).sum(-1)


def log_sum_exp(x, xp=np):
    """A smooth maximum."""
    return xp.log(xp.exp(x).sum(-1))


def by_jax(f, x):
    """Reverse mode of JAX in float64: a second method for the truth."""
    with jax.enable_x64(True):
        return np.asarray(jax.grad(f)(jnp.asarray(x)))


def holds(estimate, truth, rtol=None):
    """Whether every bar holds the truth and, if asked, is narrow beside it."""
    error = np.abs(estimate.value - truth)
    narrow = rtol is None or np.all(estimate.error <= rtol * np.max(np.abs(truth)))
    return bool(np.all(error <= estimate.error)) and bool(narrow)


# --- numbers ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["exp", "sin", "cos", "tan", "atan", "sinh", "tanh", "log", "sqrt", "erf"]
)
@pytest.mark.parametrize("x", [0.1, 0.7, 1.4])
def test_elementary_functions_have_the_slope_that_mpmath_finds(name, x):
    """Truth from 40 digits; bars are within 1e-9 of it: ten digits are tolerance."""
    f = getattr(mpmath, name)
    with mpmath.workdps(40):
        truth = float(mpmath.diff(f, x))
    estimate = gradient(getattr(math, name), x)
    assert holds(estimate, truth, rtol=1e-9)
    assert estimate.status is Status.CONVERGED


def test_the_derivative_of_a_number_is_a_number():
    for estimate in (
        gradient(lambda x: x**3, 2.0),
        slope(lambda x: x @ x, np.ones(2), np.ones(2)),
        slope(lambda x: x**3, 2.0, 1.0),
        gradient(lambda x: x**3, np.array(2.0)),
    ):
        assert isinstance(estimate.value, float)
        assert isinstance(estimate.error, float)
        assert isinstance(estimate.step, float)
        assert isinstance(estimate.status, Status)
        assert isinstance(estimate.evaluations, int)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (1, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_part_has_the_shape_of_x_and_numbers_are_float64(shape, dtype):
    x = [np.ones(shape, dtype), dtype(1)]
    estimate = gradient(lambda x: dtype(3) * np.sum(x[0]) + x[1], x)
    for part in (estimate.value, estimate.error, estimate.step, estimate.status):
        assert [np.shape(leaf) for leaf in part] == [shape, ()]
    assert {np.asarray(leaf).dtype for leaf in estimate.value} == {np.dtype(float)}
    assert np.allclose(estimate.value[0], 3, rtol=1e-3)


# --- gradients ----------------------------------------------------------------


def test_the_gradient_of_a_polynomial_is_exact_up_to_rounding():
    x = np.array([3.0, 4.0, -2.0])
    estimate = gradient(lambda x: x[0] ** 2 + x[1] ** 3 - 5 * x[2] + x[0] * x[1], x)
    assert holds(estimate, [10, 51, -5], rtol=1e-11)
    assert estimate.evaluations == 25


@pytest.mark.parametrize("name", ["Rosenbrock", "log-sum-exp"])
def test_gradients_agree_with_reverse_mode(name):
    f, twin = {
        "Rosenbrock": (rosenbrock, rosenbrock),
        "log-sum-exp": (log_sum_exp, lambda x: log_sum_exp(x, jnp)),
    }[name]
    assert holds(gradient(f, POINT), by_jax(twin, POINT), rtol=1e-9)


def test_badly_scaled_entries_each_have_a_narrow_bar():
    """Every entry is stepped by its own size: no absolute step fits all of them."""
    size = 10.0 ** np.arange(-12, 13, 4)
    estimate = gradient(lambda x: np.sin(x / size).sum(), size)
    truth = np.cos(1) / size
    assert (np.abs(estimate.value - truth) <= estimate.error).all()
    assert (estimate.error <= 1e-8 * truth).all()


def test_a_scale_tells_what_x_equal_to_zero_cannot():
    """sin(x / 1e-9) at 0: without a scale a step of 1/16 sees nothing but noise."""
    blind = gradient(lambda x: np.sin(x / 1e-9), 0.0)
    told = gradient(lambda x: np.sin(x / 1e-9), 0.0, scale=1e-9)
    assert holds(blind, 1e9)
    assert holds(told, 1e9, rtol=1e-9)
    assert told.evaluations == 9


def test_a_scale_may_be_given_leaf_by_leaf():
    x = {"a": np.zeros(2), "b": 0.0}
    scale = {"a": np.array([1e-3, 1e3]), "b": 1e-6}

    def f(x):
        return np.sin(x["a"][0] * 1e3) + np.sin(x["a"][1] / 1e3) + np.sin(x["b"] * 1e6)

    estimate = gradient(f, x, scale=scale)
    assert estimate.evaluations == 25
    assert np.allclose(estimate.value["a"], [1e3, 1e-3], rtol=1e-9)
    assert estimate.value["b"] == pytest.approx(1e6, rel=1e-9)


def test_a_single_number_is_a_scale_for_a_whole_leaf():
    estimate = gradient(lambda x: np.sin(x * 1e6).sum(), np.zeros(4), scale=1e-6)
    assert holds(estimate, 1e6, rtol=1e-9)


# --- slopes -------------------------------------------------------------------


@pytest.mark.parametrize("length", [1e-30, 1.0, 3.0, 1e20])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_slope_along_v_is_the_gradient_times_v(n, length):
    """v is not normalised, however long or short."""
    x, v = POINT[:n], length * RANDOM.normal(size=n)
    estimate = slope(log_sum_exp, x, v)
    truth = by_jax(lambda x: log_sum_exp(x, jnp), x) @ v
    assert holds(estimate, truth, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("v", [0.3, -3.0, 1e8, 1e-8])
def test_a_slope_of_one_entry_counts_in_units_of_v(dtype, v):
    """Steps of float32 used to vanish for |v| > 1."""
    estimate = slope(lambda x: np.exp(x[0]), np.array([0.7], dtype), np.array([v]))
    truth = np.exp(np.float64(dtype(0.7))) * v
    assert holds(estimate, truth, rtol=1e-3 if dtype is np.float32 else 1e-9)


def test_a_slope_along_one_entry_is_that_of_the_gradient():
    estimate = slope(rosenbrock, POINT, np.array([0, 0, 1.0, 0, 0]))
    assert holds(estimate, by_jax(rosenbrock, POINT)[2], rtol=1e-9)


def test_a_slope_of_an_array_has_a_bar_for_each_number():
    x, v = np.array([0.5, 2.0]), np.array([1.0, -1.0])
    estimate = slope(lambda x: {"a": np.sin(x), "b": [x @ x]}, x, v)
    assert holds_leaf(estimate, "a", np.cos(x) * v)
    assert abs(estimate.value["b"][0] - 2 * x @ v) <= estimate.error["b"][0] <= 1e-9
    assert estimate.status["a"].tolist() == [Status.CONVERGED] * 2
    assert estimate.status["b"] == [Status.CONVERGED]
    assert estimate.evaluations == 9


def holds_leaf(estimate, name, truth):
    """Whether the bars of one leaf hold its truth, and are narrow."""
    error = np.abs(estimate.value[name] - truth)
    return (error <= estimate.error[name]).all() and (estimate.error[name] < 1e-9).all()


# --- Jacobians ----------------------------------------------------------------


def test_a_jacobian_has_the_shape_of_the_value_then_that_of_x():
    x = RANDOM.normal(size=(2, 3))
    estimate = jacobian(lambda x: x @ x.T, x)
    with jax.enable_x64(True):
        truth = np.asarray(jax.jacrev(lambda x: x @ x.T)(jnp.asarray(x)))
    assert estimate.value.shape == estimate.status.shape == (2, 2, 2, 3)
    assert holds(estimate, truth, rtol=1e-9)


def test_the_jacobian_of_a_matrix_product_is_the_matrix():
    A = RANDOM.normal(size=(3, 5))
    estimate = jacobian(lambda x: A @ x, POINT)
    assert holds(estimate, A, rtol=1e-10)
    assert estimate.evaluations == 1 + 8 * 5


def test_the_jacobian_of_a_tree_of_a_tree_is_a_tree_of_trees():
    x = {"a": np.array([1.0, 2.0]), "b": 0.5}

    def f(x):
        return (x["b"] * x["a"][:, None] * np.ones(3), [np.exp(x["b"])])

    estimate = jacobian(f, x)
    outer, (inner,) = estimate.value
    assert outer["a"].shape == (2, 3, 2)
    assert outer["b"].shape == (2, 3)
    assert inner["a"].shape == (2,)
    truth = np.einsum("ij,k->ikj", 0.5 * np.eye(2), np.ones(3))
    assert np.allclose(outer["a"], truth, atol=1e-11)
    assert np.allclose(outer["b"], [[1] * 3, [2] * 3], rtol=1e-11)
    assert np.allclose(inner["a"], 0, atol=1e-11)
    assert inner["b"] == pytest.approx(np.exp(0.5), rel=1e-11)


def test_the_jacobian_of_a_scalar_function_is_its_gradient():
    one, other = jacobian(rosenbrock, POINT), gradient(rosenbrock, POINT)
    assert one.value.tolist() == other.value.tolist()
    assert one.error.tolist() == other.error.tolist()


def test_each_output_has_its_own_bar_and_status():
    estimate = jacobian(lambda x: np.array([np.exp(x), abs(x), 1e-6 * np.sin(x)]), 0.0)
    assert holds(estimate, [1, 0, 1e-6])
    assert list(estimate.status) == [Status.CONVERGED, Status.KINK, Status.CONVERGED]
    assert (estimate.error[[0, 2]] <= 1e-9 * np.array([1, 1e-6])).all()


# --- batches ------------------------------------------------------------------

BATCHES = {
    "numpy": (POINT, {}),
    "numpy batched": (POINT, {"batched": True}),
    "torch": (torch.tensor(POINT), {}),
    "torch batched": (torch.tensor(POINT), {"batched": True}),
    "torch vmap": (torch.tensor(POINT), {"vmap": True}),
}


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("memory", [1, 100, 333, 2**28])
def test_batches_maps_and_chunks_give_bit_identical_gradients(name, memory):
    """Rosenbrock's sum has four terms: every library adds them in the same order."""
    x, options = BATCHES[name]
    one = gradient(rosenbrock, POINT)
    other = gradient(rosenbrock, x, memory=memory, **options)

    for part in ("value", "error", "step", "status"):
        assert getattr(one, part).tolist() == getattr(other, part).tolist(), part
    assert one.evaluations == other.evaluations


@pytest.mark.parametrize("options", [{}, {"batched": True}, {"vmap": True}])
def test_jax_in_float64_agrees_with_numpy(options):
    """XLA may fuse a product and a sum: the last bit is free, the bar is not."""
    with jax.enable_x64(True):
        estimate = gradient(rosenbrock, jnp.asarray(POINT), **options)
    assert holds(estimate, by_jax(rosenbrock, POINT), rtol=1e-9)
