"""How an estimate comes out at smooth points, under noise, at kinks and at edges."""

import math

import numpy as np
import pytest
import torch

from benchmarks.noise import HashNoise, Shape
from clinometer import Status, gradient, hessian, jacobian, slope


def holds(estimate, truth):
    """Whether the bar holds the truth."""
    return abs(estimate.value - truth) <= estimate.error


# --- converged ----------------------------------------------------------------


@pytest.mark.parametrize("x", [-3.0, 1e-300, 0.5, 20.0])
def test_exp_converges(x):
    estimate = gradient(np.exp, x)
    assert estimate.status is Status.CONVERGED
    assert holds(estimate, np.exp(x))
    assert estimate.error <= 1e-10 * np.exp(x) * (1 + abs(x)) or x == 1e-300


def test_a_constant_converges_to_zero():
    estimate = gradient(lambda x: 7.0, np.array([1.0, 0.0]))
    assert estimate.value.tolist() == [0, 0]
    assert set(estimate.status) == {Status.CONVERGED}
    assert (estimate.error < 1e-9).all()


def test_zero_everywhere_has_no_bar_at_all():
    estimate = gradient(lambda x: 0.0, np.array([1.0, 0.0]))
    assert estimate.value.tolist() == estimate.error.tolist() == [0, 0]


# --- noise --------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6, 1e-4])
def test_noise_limits_the_bar_and_says_so(size):
    random = np.random.default_rng(1)
    estimate = gradient(lambda x: np.exp(x) * (1 + size * random.normal()), 0.8)
    assert estimate.status is Status.NOISE_LIMITED
    assert holds(estimate, np.exp(0.8))
    assert size <= estimate.error <= 1e5 * size


@pytest.mark.parametrize("size", [1e-10, 1e-7, 1e-4])
def test_bars_under_random_noise_hold_the_truth_in_95_of_100_seeds(size):
    """Noise drawn anew at every call, relative to f, as of a Monte Carlo estimate."""
    held = []
    for seed in range(200):
        random = np.random.default_rng(seed)

        def f(x, random=random):
            return np.sin(3 * x) * (1 + size * random.normal(size=np.shape(x)[:1]))

        estimate = gradient(lambda x: f(x[:, 0]), np.array([0.3]), batched=True)
        held.append(abs(estimate.value[0] - 3 * np.cos(0.9)) <= estimate.error[0])
    assert np.mean(held) >= 0.95


@pytest.mark.parametrize("shape", list(Shape))
def test_noise_that_repeats_itself_is_noise_as_well(shape):
    """A solver's stopping error is the same at the same x; repeating shows nothing."""
    held = []
    for salt in range(100):
        f = HashNoise(lambda p: np.exp(p[:, 0]), 1e-7, shape, salt)
        estimate = gradient(f, np.array([0.5]), batched=True)
        held.append(abs(estimate.value[0] - np.exp(0.5)) <= estimate.error[0])
    assert np.mean(held) >= 0.95


@pytest.mark.parametrize("widen", [False, True])
@pytest.mark.parametrize("x", [0.3, 1.0, 2.7])
def test_arithmetic_in_float32_is_noise_even_if_returned_as_float64(x, widen):
    """f works in float32 from x on; the bar knows, and is not absurdly wide."""

    def f(x):
        value = np.exp(np.float32(x)) * np.sin(np.float32(x))
        return float(value) if widen else value

    estimate = gradient(f, x)
    truth = np.exp(x) * (np.sin(x) + np.cos(x))
    assert holds(estimate, truth)
    assert estimate.error <= 1e-3 * np.exp(x)
    assert estimate.status is not Status.CONVERGED


@pytest.mark.parametrize("x", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_cancellation_inside_f_is_noise(x):
    """1 - cos x keeps few digits near 0: rounding of 1e-16 in a value of x**2 / 2."""
    estimate = gradient(lambda x: 1 - np.cos(x), x)
    assert holds(estimate, np.sin(x))
    assert estimate.error <= 1e-12 / x


@pytest.mark.parametrize("offset", [1e6, 1e12, 1e17])
def test_a_large_offset_widens_the_bar(offset):
    """Of x added to 1e12 four digits are left, of x added to 1e17 none."""
    estimate = gradient(lambda x: offset + x, 1.0)
    assert holds(estimate, 1)
    assert estimate.error >= 1e-16 * offset


@pytest.mark.parametrize("f", [math.log1p, lambda x: math.log(1 + x)])
def test_a_staircase_of_rounding_inside_f_does_not_look_converged(f):
    """log(1 + x) rounds 1 + x to steps of 2e-16; log1p does not.

    Where steps h are powers of four times each other, their counts of stairs are so
    too, at 3 of 200 points: all quotients then agree, 4,000 bars from the truth.
    """
    held, far = [], []
    random = np.random.default_rng(2)
    for x in 10 ** random.uniform(-6, -1, size=600):
        estimate = gradient(f, x)
        truth = 1 / (1 + x)
        held.append(holds(estimate, truth))
        far.append(abs(estimate.value - truth) > 100 * estimate.error)
    assert np.mean(held) >= 0.98
    assert not any(far)


@pytest.mark.parametrize("digits", [4, 6, 8, 12])
def test_a_function_that_rounds_its_result_is_noisy(digits):
    """As one that reads its value from printed text. Failing is honest, but rare."""
    held, known = [], []
    for x in np.random.default_rng(3).uniform(0.5, 2, size=200):
        estimate = gradient(lambda x: float(f"{2 * np.exp(x):.{digits}g}"), x)
        known.append(np.isfinite(estimate.error))
        held.append(holds(estimate, 2 * np.exp(x)) or not known[-1])
    assert np.mean(held) >= 0.98
    assert np.mean(known) >= 0.9


# --- kinks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (abs, -1, 1),
        (lambda x: max(x, 0.0), 0, 1),
        (lambda x: max(2 * x, -x) + np.sin(x), 0, 3),
    ],
    ids=["absolute value", "relu", "two slopes on a curve"],
)
def test_the_bar_at_a_kink_holds_both_slopes(f, left, right):
    """Never 0 ± 0: any slope between left and right is as good as another."""
    estimate = gradient(f, 0.0)
    assert estimate.status is Status.KINK
    assert estimate.value == pytest.approx((left + right) / 2, abs=1e-3)
    assert estimate.error == pytest.approx((right - left) / 2, rel=1e-2)
    assert holds(estimate, left)
    assert holds(estimate, right)


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (torch.relu, torch.tensor(0.0), 0, 1),
        (torch.abs, torch.tensor(0.0), -1, 1),
        (lambda x: abs(x - 1), np.float32(1), -1, 1),
        (lambda x: np.maximum(x - 1, 0) + 2 * x, np.float32(1), 2, 3),
        (lambda x: float(abs(x - 1)), np.float32(1), -1, 1),
    ],
    ids=["torch.relu", "torch.abs", "beside 1", "on a slope", "returned as float64"],
)
def test_a_kink_in_float32_is_not_taken_for_noise(f, x, left, right):
    """Its tiny steps are not so tiny: |x| at 0 was once 0 ± 0.05, by noise."""
    estimate = gradient(f, x)
    assert estimate.status is Status.KINK
    assert holds(estimate, left)
    assert holds(estimate, right)
    assert estimate.error <= 2.3 * (right - left) / 2


def test_a_tie_of_two_entries_is_a_kink_in_both():
    estimate = gradient(np.max, np.array([1.0, 1.0]))
    assert estimate.status.tolist() == [Status.KINK] * 2
    assert (np.abs(estimate.value - 0.5) < 1e-3).all()
    assert (np.abs(estimate.error - 0.5) < 1e-3).all()


@pytest.mark.parametrize("distance", [1e-3, 1e-4, 1e-5, -1e-3, -1e-5])
@pytest.mark.parametrize("slopes", [(-1, 1), (0, 1), (2, 5)])
def test_beside_a_kink_the_slope_of_the_right_branch_is_found(distance, slopes):
    """The first steps reach across it; the tiny ones do not."""
    left, right = slopes

    def f(x):
        return np.where(x < 1, left * (x - 1), right * (x - 1))

    estimate = gradient(f, 1.0 + distance)
    truth = right if distance > 0 else left
    assert holds(estimate, truth)
    assert estimate.error < 1e-6


@pytest.mark.parametrize("offset", [0.0, 5.0])
@pytest.mark.parametrize("square", [False, True])
def test_a_dead_unit_has_the_slope_zero_however_near_its_kink_is(offset, square):
    """ReLU and its square, plus a constant, at points before and behind the kink.

    f stands still at the tiny steps, which is not noise: 339 of 1,500 such slopes were
    once 0.5 with a bar of 0.03.
    """
    random = np.random.default_rng(4)
    for distance in random.choice([-1, 1], 200) * 10 ** random.uniform(-6, -0.5, 200):

        def f(x, kink=1 + distance):
            return offset + np.maximum(x - kink, 0) ** (2 if square else 1)

        estimate = gradient(f, 1.0)
        behind = max(-distance, 0.0)
        assert holds(estimate, 2 * behind if square else float(behind > 0))
        assert estimate.error < 1e-3


def test_there_is_no_second_derivative_at_a_kink():
    estimate = hessian(abs, 0.0)
    assert estimate.error == np.inf
    assert estimate.status is Status.KINK


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * abs(x),
        lambda x: abs(x) ** 1.5,
        lambda x: x**2 * np.sin(1 / x) if x else 0.0,
    ],
    ids=["x |x|", "|x|**1.5", "x**2 sin(1/x)"],
)
def test_a_slope_that_exists_without_a_curvature_is_held(f):
    """At 0 all three have the slope zero, and no power series."""
    estimate = gradient(f, 0.0)
    assert holds(estimate, 0)
    assert estimate.error < 1e-3


# --- edges of the domain ------------------------------------------------------


def raising(x):
    """A function of Python's own that raises below its domain."""
    return math.exp(x) + math.pow(x - 1, 2.5)


def complex_below(x):
    """Python's power of a negative number is complex."""
    return np.exp(x) + (x - 1) ** 2.5


@pytest.mark.parametrize(
    "f",
    [lambda x: np.exp(x) + np.power(x - 1, 2.5), raising, complex_below],
    ids=["NaN", "exception", "complex"],
)
def test_at_the_edge_of_the_domain_one_side_is_used(f):
    estimate = gradient(f, 1.0)
    assert estimate.status is Status.ONE_SIDED
    assert holds(estimate, np.e)
    assert estimate.error < 1e-2


@pytest.mark.parametrize("power", [1.25, 1.5, 3.5])
def test_a_root_at_the_edge_is_held(power):
    estimate = gradient(lambda x: np.power(x - 1, power) + 2 * x, 1.0)
    assert estimate.status is Status.ONE_SIDED
    assert holds(estimate, 2)


@pytest.mark.parametrize("size", [1e-12, 1e-8, 1e-5])
def test_noise_at_the_edge_of_the_domain_is_in_the_bar(size):
    """In 95 of 100 draws; bars once knew of the noise at the last level only."""
    held = []
    for seed in range(100):
        random = np.random.default_rng(seed)

        def f(x, random=random):
            noise = 1 + size * random.normal()
            return np.where(x >= 1, np.exp(x) * noise, np.nan)

        estimate = gradient(f, 1.0)
        held.append(holds(estimate, np.e))
        assert estimate.status is Status.ONE_SIDED
    assert np.mean(held) >= 0.95


def test_the_other_end_of_the_domain_is_respected_as_well():
    estimate = gradient(lambda x: np.where((x >= 1) & (x < 1.001), x**2, np.nan), 1.0)
    assert estimate.status is Status.ONE_SIDED
    assert holds(estimate, 2)


@pytest.mark.parametrize("width", [1e-2, 1e-5, 1e-7, 1e-9])
def test_a_narrow_domain_is_found_by_the_tiny_steps(width):
    estimate = gradient(lambda x: np.where(abs(x - 1) < width, np.exp(x), np.nan), 1.0)
    assert holds(estimate, np.e)
    assert estimate.error < 1e-3


# --- failed and ambiguous -----------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        np.sign,
        lambda x: float(x >= 0),
        lambda x: float(x > 0),
        lambda x: np.exp(x) + 1e3 * (x >= 0),
        lambda x: float(x == 0),
        lambda x: np.sqrt(abs(x)),
        np.cbrt,
        lambda x: np.sqrt(x),  # noqa: PLW0108 - one of the lambdas beside it
    ],
    ids=["sign", ">=", ">", "jump on a curve", "spike", "cusp", "cbrt", "sqrt"],
)
def test_where_no_derivative_exists_none_is_claimed(f):
    estimate = gradient(f, 0.0)
    assert estimate.status is Status.FAILED
    assert estimate.error == np.inf
    assert np.isnan(estimate.value)


@pytest.mark.parametrize("width", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("center", [0.0, 0.5])
def test_structure_hidden_from_the_first_steps_is_not_passed_over(width, center):
    """A step of height 1e-3 and that width, at x or half of it away: a slope of
    1e-3 / width that coarse rows see as noise or as a jump.
    """
    x = 1.0 + center * width

    def f(x):
        return x + 1e-3 * np.tanh((x - 1) / width)

    estimate = gradient(f, x)
    assert holds(estimate, 1 + 1e-3 / width / np.cosh(center) ** 2)


def test_each_output_has_a_status_of_its_own():
    estimate = jacobian(lambda x: np.array([np.exp(x), abs(x), np.sign(x)]), 0.0)
    assert list(estimate.status) == [Status.CONVERGED, Status.KINK, Status.FAILED]


def test_a_slope_has_the_same_outcomes():
    x, v = np.zeros(2), np.array([1.0, 2.0])
    assert slope(lambda x: np.exp(x[0]), x, v).status is Status.CONVERGED
    assert slope(lambda x: abs(x[0] - x[1]), x, v).status is Status.KINK
    assert slope(lambda x: np.sign(x @ v), x, v).status is Status.FAILED
