"""Units change nothing: powers of two in f or x scale value and bar to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.noise import HashNoise
from clinometer import gradient, hessian, hessian_product, jacobian, laplacian, slope

fixed = settings(derandomize=True, deadline=None, max_examples=25)
powers = st.integers(-60, 60)
X = np.array([1.3, -0.7, 2.1])
V = np.array([0.5, 3.0, -1.0])


def hashed(x):
    """Noise of 1e-7 that depends on x alone, and on none of its units."""
    noise = HashNoise(lambda p: np.ones(len(p)), 1e-7)
    mantissa, _ = np.frexp(np.atleast_1d(x))
    return float(noise(mantissa[None])[0])


FUNCTIONS = {
    "smooth": lambda x: np.exp(x[0]) * np.sin(x[1]) + x[2] ** 3,
    "linear": lambda x: 2 * x[0] - x[1],
    "constant": lambda x: 4.25,
    "kink": lambda x: abs(x[0] - 1.3) + x[1] ** 2,
    "kink nearby": lambda x: abs(x[0] - 1.3001) + np.maximum(x[1] + 0.71, 0),
    "jump": lambda x: np.where(x[0] >= 1.3, 1.0, 0.0) + x[1],
    "edge": lambda x: np.power(x[0] - 1.3, 2.5) + x[0] * x[2],
    "oscillating": lambda x: np.sin(300 * x[0]) + np.cos(2000 * x[2]),
    "noisy": lambda x: (x[0] ** 2 + x[2]) * hashed(x),
    "float32": lambda x: float(np.float32(x[0]) ** 2 * np.float32(x[2])),
    "cancelling": lambda x: 1 - np.cos(1e-4 * x[0]) + 1e-9 * x[1] ** 2,
}


def same(one, other, power):
    """Whether an estimate is another times 2**power, bit for bit; statuses alike."""
    for name in ("value", "error"):
        expected = np.ldexp(getattr(one, name), power)
        if not np.array_equal(expected, getattr(other, name), equal_nan=True):
            return False
    return (
        np.array_equal(one.status, other.status)
        and one.evaluations == other.evaluations
    )


@pytest.mark.parametrize("name", FUNCTIONS)
@given(k=powers)
@fixed
def test_a_power_of_two_in_f_scales_the_gradient_exactly(name, k):
    f = FUNCTIONS[name]
    scaled = gradient(lambda x: f(x) * 2.0**k, X)
    assert same(gradient(f, X), scaled, k)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "float32"])
@given(k=powers)
@fixed
def test_a_power_of_two_in_x_scales_the_gradient_exactly(name, k):
    """x in other units: f(x / 2**k) at 2**k x. The range of float32 is too short."""
    f = FUNCTIONS[name]
    scaled = gradient(lambda x: f(np.ldexp(x, -k)), np.ldexp(X, k))
    assert same(gradient(f, X), scaled, -k)
    assert np.array_equal(np.ldexp(gradient(f, X).step, k), scaled.step)


@given(k=powers, j=powers)
@fixed
def test_powers_of_two_scale_every_derivative_exactly(k, j):
    """Each in units of f over units of x, as often as it differentiates."""

    def f(x):
        return np.ldexp(FUNCTIONS["smooth"](np.ldexp(x, -j)), k)

    x = np.ldexp(X, j)
    plain = FUNCTIONS["smooth"]
    assert same(slope(plain, X, V), slope(f, x, V), k - j)
    assert same(hessian(plain, X), hessian(f, x), k - 2 * j)
    assert same(laplacian(plain, X), laplacian(f, x), k - 2 * j)
    assert same(hessian_product(plain, X, V), hessian_product(f, x, V), k - 2 * j)
    one = jacobian(lambda x: np.stack([plain(x), abs(x[1])]), X)
    other = jacobian(lambda x: np.stack([f(x), np.ldexp(abs(x[1]), k - j)]), x)
    assert same(one, other, k - j)


@given(k=powers)
@fixed
def test_the_length_of_v_scales_a_slope_exactly(k):
    f = FUNCTIONS["smooth"]
    assert same(slope(f, X, V), slope(f, X, np.ldexp(V, k)), k)


@given(k=powers)
@fixed
def test_a_given_scale_goes_with_the_units_of_x(k):
    def f(x):
        return np.sin(x[0]) + x[1] ** 2 * x[2]

    x, scale = np.array([0.0, 0.0, 1.0]), np.array([0.5, 3.0, 0.25])
    one = gradient(f, x, scale=scale)
    scaled = gradient(
        lambda x: f(np.ldexp(x, -k)), np.ldexp(x, k), scale=np.ldexp(scale, k)
    )
    assert same(one, scaled, -k)


@pytest.mark.parametrize("k", [-900, -300, 300, 900])
def test_far_ends_of_the_range_lose_nothing(k):
    f = FUNCTIONS["smooth"]
    assert same(gradient(f, X), gradient(lambda x: np.ldexp(f(x), k), X), k)


@given(order=st.permutations(range(3)))
@fixed
def test_the_order_of_entries_changes_their_order_alone(order):
    f, order = FUNCTIONS["smooth"], np.array(order)
    one = gradient(f, X)
    other = gradient(lambda x: f(x[np.argsort(order)]), X[order])
    assert np.array_equal(one.value[order], other.value)
    assert one.error[order] == pytest.approx(other.error, rel=1e-12)  # sums reordered
    assert np.array_equal(one.status[order], other.status)
