"""Difference quotients, their extrapolation, and what residuals say."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.judge.rows import (
    LEVELS,
    extrapolate,
    granularity,
    residuals,
    rows_of,
)
from tests.judge.ladders import WIDE, sampled, steps, window

U = 2.0**-53
fixed = settings(derandomize=True, deadline=None)


def quotients(f, h):
    """Rows of f at steps h (R), one component."""
    h = np.array(h, dtype=float)[:, None]
    here = np.full_like(h, f(0.0))
    return rows_of(np.stack([f(-h), here, f(h)]), np.stack([-h, h]), U)


# --- quotients ----------------------------------------------------------------


def test_the_quotients_of_a_cubic_are_those_of_the_formula():
    """f = 3 + 5 t + 7 t**2 + 2 t**3 on binary steps, where nothing is rounded."""
    h = np.array([2.0, 0.5, 0.125])
    rows = quotients(lambda t: 3 + t * (5 + t * (7 + 2 * t)), h)

    assert rows.step[:, 0].tolist() == h.tolist()
    assert rows.odd[:, 0].tolist() == (5 + 2 * h**2).tolist()
    assert rows.even[:, 0].tolist() == [14, 14, 14]
    assert rows.bend[:, 0].tolist() == (7 * h**2).tolist()


def test_size_and_floor_follow_the_largest_value_of_each_row():
    """A value is rounded by at most U of itself, when computed and when combined."""
    rows = quotients(lambda t: 1 + np.pi * t, [1.0, 0.25])
    assert rows.size[:, 0].tolist() == [1 + np.pi, 1 + np.pi / 4]
    assert rows.floor.tolist() == (2 * U * rows.size).tolist()


def test_rows_on_which_nothing_moves_are_flat():
    flat = quotients(lambda t: np.where(np.abs(t) > 0.3, t, 0.0) + 1, [1.0, 0.25]).flat
    assert flat[:, 0].tolist() == [False, True]


def test_a_row_without_values_has_no_quotients():
    rows = sampled(np.exp)
    seen = np.isfinite(rows.odd[:, 0])
    assert np.flatnonzero(seen).tolist() == list(WIDE.start)
    assert np.isfinite(rows.even[:, 0]).tolist() == seen.tolist()


@pytest.mark.parametrize(("below", "above"), [(1.0, 1.25), (0.75, 0.5)])
def test_unequal_offsets_leave_a_line_straight_and_a_parabola_nearly(below, above):
    """A line has no second derivative; that of t**2 is off by (skew / 2 step)**2."""
    offsets = np.array([[[-below]], [[above]]])
    step, skew = (below + above) / 2, above - below

    def rows(f):
        values = np.array([f(-below), f(0.0), f(above)])[:, None, None]
        return rows_of(values, offsets, U)

    line, parabola = rows(lambda t: 1 + 3 * t), rows(lambda t: t * t)
    assert line.odd[0, 0] == 3
    assert abs(line.even[0, 0]) <= 16 * U / step**2
    assert parabola.even[0, 0] == pytest.approx(2 * (1 - (skew / (2 * step)) ** 2))


# --- granularity --------------------------------------------------------------


@given(
    whole=st.lists(st.integers(-(2**20), 2**20), min_size=9, max_size=9, unique=True),
    power=st.integers(-300, 300),
)
@fixed
def test_granularity_is_the_largest_power_of_two_that_divides_all_values(whole, power):
    values = np.ldexp(np.array(whole, dtype=float), power).reshape(3, 3, 1)
    lowest = min(k & -k for k in whole if k)
    assert granularity(values).tolist() == [math.ldexp(lowest, power)]


def test_values_that_use_all_their_bits_have_no_grid():
    random = np.random.default_rng(0)
    assert granularity(random.normal(size=(3, 4, 100))).tolist() == [0.0] * 100


def test_fewer_than_six_values_are_too_few_to_tell_a_grid():
    five, six = np.array([[0, 1, 2, 3, 4, 4, 4, 4, 4], [0, 1, 2, 3, 4, 5, 5, 5, 5]])
    values = np.stack([five, six], axis=1).reshape(3, 3, 2) / 8
    assert granularity(values).tolist() == [0, 0.125]


@pytest.mark.parametrize(
    ("f", "grid"),
    [
        (lambda t: np.exp(t.astype(np.float32)).astype(float), 2.0**-24),
        (lambda t: 1 - np.cos(1e-4 + 1e-4 * t), 2.0**-53),
        (lambda t: 1e12 + t, 2.0**-13),
    ],
    ids=["float32", "1 - cos", "1e12 + t"],
)
def test_coarse_arithmetic_raises_the_floor_to_half_its_grid(f, grid):
    """exp near 1 in float32 lies on multiples of 2**-24, and so on; U too low a floor.

    The grid is at least what the values are known to be rounded to.
    """
    rows = sampled(f)
    assert rows.floor[WIDE.start[-1], 0] >= grid / 2
    assert (rows.floor[WIDE.start[-1], 0] > 2 * U * rows.size).any() or grid < 1e-12


def test_values_outside_the_domain_say_nothing_of_the_grid():
    values = np.arange(9.0).reshape(3, 3, 1)
    values[0, 0], values[2, 2] = np.nan, np.inf
    assert granularity(values).tolist() == [1]


# --- extrapolation ------------------------------------------------------------


@pytest.mark.parametrize("level", range(LEVELS + 1))
def test_a_level_is_exact_for_so_many_more_powers_of_the_step(level):
    """1 + h**2 + ... + h**2m is met by level m; the next power is not.

    What is left of that is, up to its sign, the product of the squares of its steps.
    """
    h = np.array([1.0, 0.27, 0.05, 0.013])[:, None]
    kept = sum(h ** (2 * k) for k in range(level + 1))
    exact, missed = extrapolate(h**2, kept, h ** (2 * level + 2))

    assert np.abs(exact[level] - 1).max() <= 8 * U
    rows = [np.prod(h[row : row + level + 1] ** 2) for row in range(4 - level)]
    assert np.abs(missed[level][:, 0]) == pytest.approx(rows, rel=1e-12)


@given(st.lists(st.integers(-9, 9), min_size=9, max_size=9))
@fixed
def test_four_rows_are_exact_for_polynomials_of_degree_eight(coefficients):
    """Truncation is gone; what remains is rounding of f over the finest step."""
    size = sum(abs(c) for c in coefficients)

    def f(t):
        return sum(c * t**k for k, c in enumerate(coefficients))

    h = steps()[list(WIDE.start)]
    found = residuals(quotients(f, h))
    noise = 20 * U * size  # ten roundings of nine terms, and their combination
    assert abs(found.odd[3][0, 0] - coefficients[1]) <= noise / h[-1]
    assert abs(found.even[3][0, 0] - 2 * coefficients[2]) <= 8 * noise / h[-1] ** 2


def test_the_tables_agree_with_exact_arithmetic():
    """Lagrange's formula in fractions: the polynomial in h**2 through the quotients."""
    h = [Fraction(1), Fraction(1, 3), Fraction(1, 16), Fraction(3, 256)]
    q = [Fraction(7), Fraction(3, 2), Fraction(5, 16), Fraction(11, 8)]
    squares = [step**2 for step in h]
    exact = Fraction(0)
    for value, own in zip(q, squares, strict=True):
        others = [square for square in squares if square != own]
        exact += value * math.prod(other / (other - own) for other in others)
    power = np.array([[float(square)] for square in squares])
    (table,) = extrapolate(power, np.array([[float(value)] for value in q]))
    assert table[3][0, 0] == pytest.approx(float(exact), rel=16 * U)


# --- residuals ----------------------------------------------------------------


@pytest.mark.parametrize("f", [np.exp, np.sin, np.cos, lambda t: 1 / (1 + t / 2)])
def test_the_residuals_of_a_smooth_function_are_coherent_and_tiny(f):
    rows = window(f)
    found = residuals(rows)
    assert found.coherent.all()
    assert (found.sigma <= 10 * rows.floor[3:]).all()


@pytest.mark.parametrize(
    "f",
    [np.abs, lambda t: np.where(t > 0, t, 0), lambda t: np.where(t > 0, 1.0, 0.0)],
    ids=["kink", "relu", "jump"],
)
def test_the_residuals_of_a_kink_or_jump_are_not_coherent(f):
    rows = window(f)
    found = residuals(rows)
    assert not found.coherent.any()
    assert (found.sigma > 1e3 * rows.floor[3:]).all()


def test_fine_structure_shows_in_the_residuals():
    """A wiggle 40 times shorter than the coarsest step is not converged on them."""
    rows = window(lambda t: t + np.sin(1000 * t) / 1000)
    assert not residuals(rows).coherent.any()


@pytest.mark.parametrize("size", [1e-3, 1e-8, 1e-12])
def test_the_residuals_of_noise_have_its_size(size):
    """0.7 hypot(odd, even) is unbiased in square; its median lies within a factor 2."""
    random = np.random.default_rng(3)
    rows = window(lambda t: 1 + size * random.normal(size=t.shape), count=2000)
    sigma = residuals(rows).sigma[0]
    assert size / 2 <= np.median(sigma) <= 2 * size
    assert size / 2 <= np.sqrt(np.mean(sigma**2)) <= 2 * size


def test_windows_without_all_rows_have_no_residuals():
    rows = sampled(np.exp, (5, 6, 7, 8, 9, 12))
    found = residuals(rows)
    full = ~np.isnan(found.sigma[:, 0])
    assert np.flatnonzero(full).tolist() == [5, 6]
    assert found.coherent[:, 0].tolist() == full.tolist()


def test_the_table_of_each_derivative_is_the_one_that_measures_it():
    rows = window(lambda t: np.exp(3 * t))
    found = residuals(rows)
    assert found.of(1) is found.odd
    assert found.of(2) is found.even
    assert rows.of(1) is rows.odd
    assert rows.of(2) is rows.even
    assert found.of(1)[3][0, 0] == pytest.approx(3, rel=1e-8)
    assert found.of(2)[3][0, 0] == pytest.approx(9, rel=1e-6)
