"""Values of f on a ladder of steps, and what rounding x makes of a slope."""

import numpy as np
import pytest

from clinometer.errors import FunctionError
from clinometer.evaluate import Function
from clinometer.ladder import Ladder, coordinates, directions, scales
from clinometer.sample import Sample, conditioning

X = np.array([1.0, -2.0, 0.5])
START = Ladder.of(2.0**-53).start


def sampled(f, x=X, **options):
    """A sample of f along the entries of x, and the function it asks."""
    function = Function(f, x, **options)
    layout, vector = function.layout, function.x
    lines = coordinates(layout, vector, scales(layout, vector, None))
    return Sample(function, lines), function


def cubes(x):
    """A smooth function of three entries."""
    return x[0] ** 3 + 2 * x[1] ** 3 + x[0] * x[2]


# --- the plan and its answers -------------------------------------------------


def test_f_is_evaluated_at_x_and_to_both_sides_of_it_on_the_first_rows():
    seen = []
    sample, function = sampled(lambda x: seen.append(x.copy()) or cubes(x))
    sample.begin()

    assert function.evaluations == 1 + 2 * len(START) * 3
    assert seen[0].tolist() == X.tolist()
    moved = np.array(seen[1:]) - X
    assert (np.count_nonzero(moved, axis=1) == 1).all()
    assert len({tuple(point) for point in seen}) == len(seen)


def test_every_value_stands_where_its_point_was():
    sample, _ = sampled(cubes)
    sample.begin()
    below, above = sample.offsets
    assert (below < 0).all()
    assert (above > 0).all()
    for row in range(len(START)):
        for line in range(3):
            for side, place in ((0, below), (2, above)):
                x = X.copy()
                x[line] += place[row, line]
                assert sample.values[side, row, line, 0] == cubes(x)
            assert sample.values[1, row, line, 0] == cubes(X)


def test_values_outside_the_domain_are_missing():
    sample, _ = sampled(lambda x: np.where(x[1] > -2, np.inf, x.sum()))
    sample.begin()
    missing = np.isnan(sample.values[..., 0])
    assert missing[2, :, 1].all()
    assert missing.sum() == len(START)


def test_rows_of_some_lines_are_evaluated_on_wish():
    sample, function = sampled(cubes)
    sample.begin()
    before = function.evaluations
    sample.keep(np.array([2, 0]))
    want = np.zeros((2, *sample.steps.shape), np.bool_)
    want[:, START[-1] + 1, 1] = True  # both sides of entry 0
    want[0, START[0] - 1, 0] = True  # below entry 2
    sample.evaluate(want)

    assert function.evaluations == before + 3
    assert sample.seen.sum() == 2 * len(START) + 2
    x = X.copy()
    x[2] += sample.offsets[0, START[0] - 1, 0]
    assert sample.values[0, START[0] - 1, 0, 0] == cubes(x)
    assert np.isnan(sample.values[2, START[0] - 1, 0, 0])


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_no_later_row_lets_an_infinite_value_in(value):
    sample, _ = sampled(lambda x: np.where(x[0] > 1, value, x.sum()))
    sample.begin()
    sample.keep(np.arange(3))
    want = np.zeros((2, *sample.steps.shape), np.bool_)
    want[:, START[-1] + 1] = True
    sample.evaluate(want)
    row = sample.values[:, START[-1] + 1, :, 0]
    assert np.isnan(row).tolist() == [[False] * 3, [False] * 3, [True, False, False]]


def test_lines_that_are_kept_keep_their_values():
    sample, _ = sampled(cubes)
    sample.begin()
    before = sample.values[:, :, [2, 0]]
    sample.keep(np.array([2, 0]))
    assert np.array_equal(sample.values[:, list(START)], before)
    assert sample.kept.tolist() == [2, 0]


def test_asking_for_nothing_costs_nothing():
    sample, function = sampled(cubes)
    sample.begin()
    before = function.evaluations
    sample.keep(np.array([1]))
    sample.evaluate(np.zeros((2, *sample.steps.shape), np.bool_))
    assert function.evaluations == before


# --- f at x itself ------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_at_x_that_is_not_finite_is_a_fault_of_f(value):
    sample, _ = sampled(lambda x: value)
    with pytest.raises(
        FunctionError, match=rf"f\(x\) must be finite, got {value}; cho"
    ):
        sample.begin()


def test_a_value_at_x_that_is_not_finite_is_not_blamed_on_another_point():
    """f raises beside x, too, but what is wrong is its value at x."""

    def f(x):
        if (x != X).any():
            raise ValueError("elsewhere")
        return np.nan

    sample, _ = sampled(f)
    with pytest.raises(FunctionError, match=r"f\(x\) must be finite, got nan"):
        sample.begin()


def test_an_exception_at_x_itself_is_passed_on():
    sample, _ = sampled(lambda x: x[7])
    with pytest.raises(
        FunctionError, match="f raised IndexError at x itself"
    ) as caught:
        sample.begin()
    assert isinstance(caught.value.__cause__, IndexError)


# --- units --------------------------------------------------------------------


@pytest.mark.parametrize("power_f", [-1000, -31, 0, 7, 900])
@pytest.mark.parametrize("power_x", [-900, -2, 0, 33, 1000])
def test_rows_are_the_same_to_the_last_bit_in_other_units_of_f_and_x(power_f, power_x):
    """Multiplying by powers of two is exact, even near the ends of float64's range."""

    def f(x):
        return np.ldexp(cubes(np.ldexp(x, -power_x)), power_f)

    plain, _ = sampled(cubes)
    scaled, _ = sampled(f, np.ldexp(X, power_x))
    one, other = plain.begin(), scaled.begin()

    for part in ("step", "odd", "even", "size", "floor", "flat"):
        assert np.array_equal(getattr(one, part), getattr(other, part)), part


def test_components_are_lines_times_numbers_in_the_value():
    sample, _ = sampled(lambda x: np.stack([x[0], x[1] ** 2, x[2] + x[0]]))
    whole = sample.begin()
    some = sample.rows(np.array([4, 0]))
    assert whole.odd.shape == (len(START), 9)
    assert np.array_equal(some.odd, whole.odd[:, [4, 0]])
    assert np.array_equal(some.floor, whole.floor[:, [4, 0]])


def test_one_side_gives_changes_and_offsets_in_the_units_of_the_rows():
    sample, _ = sampled(cubes)
    sample.begin()
    sample.keep(np.arange(3))
    change, offset, here = sample.side(np.array([0, 0, 1]), np.array([0, 1, 1]))
    unit = 2.0 ** sample.span[[0, 0, 1]]
    size = 2.0 ** sample.size[0]

    row = START[1]
    x = X.copy()
    x[0] += offset[row, 1] * unit[1]
    assert change[row, 1] * size == pytest.approx(cubes(x) - cubes(X), rel=1e-12)
    assert (offset[row] * unit).tolist() == [
        sample.offsets[0, row, 0],
        sample.offsets[1, row, 0],
        sample.offsets[1, row, 1],
    ]
    assert (here * size).tolist() == [abs(cubes(X))] * 3


# --- conditioning -------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_conditioning_is_what_rounding_x_does_to_a_gradient(dtype):
    """f = sin(w . x): the Hessian is -sin(w . x) w w', known in closed form.

    Where each entry of x is off by one roundoff, the gradient moves by at most
    |w_i sin(w . x)| sum |w_j x_j| roundoffs; allowed are a few of them.
    """
    w = np.array([0.5, -3.0, 20.0], dtype)
    x = np.array([1.3, 0.7, -0.11], dtype)
    sample, _ = sampled(lambda x: np.sin(w @ x), x)
    shift = conditioning(sample, sample.begin())
    unit = 2.0 ** (sample.size[0] - sample.span)

    w, x = w.astype(float), x.astype(float)
    roundoff = np.finfo(dtype).eps / 2
    moved = roundoff * np.abs(w * np.sin(w @ x)) * np.sum(np.abs(w * x))
    assert (shift * unit >= moved).all()
    assert (shift * unit <= 10 * moved).all()


def test_values_on_the_grid_of_float32_betray_its_rounding():
    """A float64 result of float32 arithmetic conditions nearly as float32 does.

    Of a grid half is taken for the rounding, a quarter to one half of what is allowed
    where the dtype tells it.
    """
    x = np.array([1.3, 0.7])

    def f(x):
        y = x.astype(np.float32)
        return np.sin(y[0] * y[1] * np.float32(3))

    as_float32, _ = sampled(f, x)
    widened, _ = sampled(lambda x: float(f(x)), x)
    one = conditioning(as_float32, as_float32.begin())
    other = conditioning(widened, widened.begin())
    assert (other >= 0.2 * one).all()
    assert (other <= 1.1 * one).all()


def test_a_linear_function_has_nothing_to_be_conditioned():
    sample, _ = sampled(lambda x: 3 * x[0] - x[2])
    assert (conditioning(sample, sample.begin()) < 1e-25).all()


def test_directions_are_not_conditioned():
    """Rounding of x along a direction is seen in the values, as noise."""
    function = Function(cubes, X)
    lines = directions(function.layout, X, np.ones((1, 3)), scale=np.abs(X))
    sample = Sample(function, lines)
    assert conditioning(sample, sample.begin()).tolist() == [0]
