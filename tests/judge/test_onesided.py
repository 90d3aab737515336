"""Where the two sides of x do not agree: edges of the domain, kinks, cusps, jumps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.judge import kink_of, one_sided, one_sided_rows
from clinometer.judge.onesided import ROWS
from clinometer.ladder import Ladder
from tests.judge.ladders import WIDE, sampled, steps

U = 2.0**-53
SIX = list(range(WIDE.start[0], WIDE.start[0] + ROWS))


def edge(f, *, side=1.0, derivative=1, first=SIX[0]):
    """A derivative of f at 0 from one side, from six rows; one component."""
    offset = side * steps()[first : first + ROWS, None]
    rounding = np.array([2 * U * max(1.0, abs(f(0.0)))])
    with np.errstate(all="ignore"):  # as `measure` calls it
        change = f(offset) - f(0.0)
        return one_sided(change, offset, rounding, derivative=derivative)


# --- tables of one side -------------------------------------------------------


@given(
    coefficients=st.lists(st.integers(-9, 9), min_size=6, max_size=6),
    side=st.sampled_from([-1.0, 1.0]),
    derivative=st.sampled_from([1, 2]),
)
@settings(derandomize=True, deadline=None)
def test_one_side_is_exact_for_polynomials_of_degree_five(
    coefficients, side, derivative
):
    """No truncation is left, so the error is rounding, and the bar little wider.

    Rounding of values up to 6 * 9, over the finest step used to its power, times the
    gain of the table; the bar may choose any row, the finest is 5e-5.
    """

    def f(t):
        return sum(c * t**k for k, c in enumerate(coefficients))

    found = edge(f, side=side, derivative=derivative)
    truth = [coefficients[1], 2 * coefficients[2]][derivative - 1]
    assert abs(found.value[0] - truth) <= found.error[0]
    assert found.error[0] <= 1e3 * 54 * 4 * U / found.step[0] ** derivative


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize(
    ("f", "first", "second"),
    [
        (np.exp, 1, 1),
        (np.sin, 1, 0),
        (np.log1p, 1, -1),
        (lambda t: np.cos(10 * t), 0, -100),
        (lambda t: 1e6 + np.tanh(5 * t), 5, 0),
        (lambda t: 1 / (1.5 + t), -1 / 1.5**2, 2 / 1.5**3),
    ],
)
@pytest.mark.parametrize("derivative", [1, 2])
def test_the_bar_of_one_side_holds_the_derivative(f, first, second, side, derivative):
    found = edge(f, side=side, derivative=derivative)
    truth = first if derivative == 1 else second
    assert abs(found.value[0] - truth) <= found.error[0] < 0.1 * (1 + abs(truth))


@pytest.mark.parametrize("power", [1.25, 1.5, 2.5, 3.5])
def test_a_root_in_a_higher_derivative_widens_the_bar(power):
    """t + t**1.5 has the slope 1 at its edge, which no power series reaches fast.

    At t = 5e-5, the finest step, it is off by 5e-5 ** 0.25 = 0.08 for the lowest power.
    """
    found = edge(lambda t: t + np.abs(t) ** power)
    assert abs(found.value[0] - 1) <= found.error[0] < 0.2


@pytest.mark.parametrize(
    "f",
    [np.sqrt, np.cbrt, lambda t: t + t**0.9, lambda t: np.where(t > 0, 1.0, 0.0)],
    ids=["sqrt", "cbrt", "t**0.9", "jump"],
)
def test_slopes_that_grow_without_end_have_no_bar(f):
    found = edge(f)
    assert found.error.tolist() == [np.inf]
    assert np.isnan(found.value).all()


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-5])
@pytest.mark.parametrize("derivative", [1, 2])
def test_the_bar_of_one_side_covers_noise(size, derivative):
    """Gaussian noise in each value of exp: 95 of 100 draws must be covered.

    Ten times one residual is less than the error where that is small by accident, in
    about two draws of 100. A bar at every level must know the noise: entries of the
    table that agree by accident would be taken otherwise.
    """
    random = np.random.default_rng(5)
    offset = steps()[SIX, None] * np.ones(2000)
    noise = size * random.normal(size=(ROWS + 1, 2000))
    change = np.exp(offset) + noise[1:] - 1 - noise[0]
    with np.errstate(all="ignore"):
        found = one_sided(change, offset, np.full(2000, 2 * U), derivative=derivative)

    assert np.mean(np.isfinite(found.error)) >= 0.95
    assert np.mean(np.abs(found.value - 1) <= found.error) >= 0.95


def test_rows_without_a_value_are_left_out():
    """A domain that ends on the other side, too: the two coarsest rows are outside."""
    end = steps()[SIX[1]] / 2
    found = edge(lambda t: np.where(t < end, np.exp(t), np.nan))
    assert abs(found.value[0] - 1) <= found.error[0] < 1e-3


def test_without_any_value_nothing_is_claimed():
    found = edge(lambda t: np.where(t > 0, np.nan, 0.0))
    assert found.error.tolist() == [np.inf]
    assert np.isnan(found.value).all()


@pytest.mark.parametrize("ladder", [WIDE, *map(Ladder.of, (2.0**-24, 2.0**-11, 2**-8))])
def test_six_rows_in_sequence_begin_at_the_coarsest_of_the_first_that_has_a_value(
    ladder,
):
    start = np.array(ladder.start)
    rows = np.arange(ladder.rows)[:, None]
    finite = rows >= np.array([0, start[0], start[1], ladder.rows])
    chosen = one_sided_rows(ladder, finite)

    assert (np.diff(chosen, axis=0) == 1).all()
    assert chosen.shape == (ROWS, 4)
    assert (chosen >= 0).all()
    assert (chosen < ladder.rows).all()
    if ladder is WIDE:
        assert chosen[0].tolist() == [start[0], start[0], start[1], start[0]]


# --- kinks --------------------------------------------------------------------

FIVE = (*WIDE.start, *WIDE.probe)


def kink(f, derivative=1):
    """What the bend of f at 0 tells once the tiny steps were tried."""
    with np.errstate(all="ignore"):
        return kink_of(sampled(f, FIVE), derivative)


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (np.abs, -1, 1),
        (lambda t: np.maximum(t, 0), 0, 1),
        (lambda t: np.maximum(2 * t, -3 * t) + 5, -3, 2),
        (lambda t: np.minimum(np.sin(t), 4 * t), 4, 1),
        (lambda t: np.abs(t) + np.exp(t), 0, 2),
        (lambda t: 1e-3 * np.abs(t) + t**2, -1e-3, 1e-3),
        (lambda t: 1e9 * np.maximum(t, -t), -1e9, 1e9),
    ],
)
def test_the_bar_at_a_kink_holds_the_slopes_of_both_sides(f, left, right):
    """The mean of both slopes, and half their difference, within a per cent of it."""
    found = kink(f)
    half = (right - left) / 2
    assert found.found.all()
    assert not (found.cusp | found.jump).any()
    assert found.value[0] == pytest.approx((left + right) / 2, abs=0.01 * abs(half))
    assert abs(found.value[0] - left) <= found.error[0]
    assert abs(found.value[0] - right) <= found.error[0]
    assert found.error[0] == pytest.approx(abs(half), rel=0.01)


@pytest.mark.parametrize(
    "f",
    [
        np.exp,
        np.sin,
        lambda t: t**2,
        np.ones_like,
        lambda t: 1 + t**3,
        lambda t: t * np.abs(t),
    ],
    ids=["exp", "sin", "square", "constant", "cubic", "t |t|"],
)
def test_a_function_with_one_slope_has_no_kink(f):
    found = kink(f)
    assert not (found.found | found.cusp | found.jump).any()


@pytest.mark.parametrize("f", [np.abs, lambda t: np.maximum(t, 0) + np.exp(t)])
def test_five_rows_are_sure_of_a_kink_unless_its_curvature_shows(f):
    assert kink(f).sure.all()
    assert not kink(lambda t: 1e-3 * f(t) + t**2).sure.any()


@pytest.mark.parametrize("distance", [1e-9, 1e-7, 1e-5])
def test_a_kink_that_the_finest_row_misses_is_not_at_x(distance):
    found = kink(lambda t: np.maximum(t - distance, 0) + 5)
    assert not (found.found | found.sure | found.cusp | found.jump).any()


@pytest.mark.parametrize("size", [1e-8, 1e-3])
def test_noise_is_seldom_taken_for_a_kink_and_never_for_a_jump(size):
    random = np.random.default_rng(6)
    rows = sampled(lambda t: 1 + size * random.normal(size=t.shape), FIVE, count=2000)
    with np.errstate(invalid="ignore"):
        found = kink_of(rows, 1)
    assert not (found.jump | found.cusp | found.sure).any()
    assert np.mean(found.found) < 0.01


@pytest.mark.parametrize("digits", [3, 6, 8, 10])
def test_rounding_to_a_grid_is_hardly_ever_taken_for_a_jump(digits):
    """A row shows a bend of half a stair up or down, or none: chance makes five alike
    in one of 500 cases.
    """
    taken = []
    for start in np.random.default_rng(7).uniform(0.1, 1, size=400):
        found = kink(lambda t, x=start: np.round(2 * (x + t), digits))
        taken.append((found.jump | found.cusp).any())
    assert np.mean(taken) <= 0.01


@pytest.mark.parametrize("power", [1 / 3, 0.5, 0.7])
@pytest.mark.parametrize("odd", [False, True])
def test_a_cusp_is_told_from_a_kink(power, odd):
    """|t|**p shows in the bend, sign(t) |t|**p in the difference of both sides."""
    found = kink(lambda t: np.abs(t) ** power * (np.sign(t) if odd else 1))
    assert found.cusp.all()
    assert not (found.found | found.jump).any()


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.where(t >= 0, 1.0, 0.0),
        lambda t: np.where(t == 0, 1.0, 0.0),
        lambda t: np.exp(t) + np.where(t > 0, 1e3, 0.0),
        lambda t: np.exp(t) + np.sign(t),
    ],
    ids=["step", "single value", "step on a curve", "odd step"],
)
def test_a_jump_is_told_from_a_kink(f):
    found = kink(f)
    assert found.jump.all()
    assert not (found.found | found.cusp).any()


def test_there_is_no_second_derivative_at_a_kink():
    found = kink(np.abs, derivative=2)
    assert found.found.all()
    assert found.error.tolist() == [np.inf]
    assert np.isnan(found.value).all()
