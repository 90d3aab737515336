"""Which points are tried: ladders of steps, and lines through x."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clinometer.ladder import (
    Ladder,
    coordinates,
    directions,
)
from clinometer.trees import Layout
from tests.points import lines_of

fixed = settings(derandomize=True, deadline=None)
ROUNDOFFS = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
}
entries = st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30) | st.just(0.0)


# --- the ladder ---------------------------------------------------------------


@pytest.mark.parametrize("roundoff", ROUNDOFFS.values(), ids=ROUNDOFFS.keys())
def test_every_row_is_some_four_times_finer_than_the_one_before(roundoff):
    """By powers of four but for a factor between 0.73 and 0.9, another in each row."""
    ladder = Ladder.of(roundoff)
    steps = ladder.steps(lines_of([1.0], np.array([1e9])))[:, 0]
    factor = steps / 1e9 * np.exp2(np.array(ladder.exponents, dtype=float))

    assert set(np.diff(ladder.exponents)) == {2}
    assert len(steps) == ladder.rows
    assert (factor >= 0.73).all()
    assert (factor <= 0.9).all()
    assert (
        np.abs(np.subtract.outer(factor, factor))[np.triu_indices(ladder.rows, 1)].min()
        > 1e-3
    )


@pytest.mark.parametrize("roundoff", ROUNDOFFS.values(), ids=ROUNDOFFS.keys())
def test_rows_tried_first_and_tiny_rows_lie_on_the_ladder_in_order(roundoff):
    ladder = Ladder.of(roundoff)
    assert list(np.diff(ladder.start)) == [1] * (len(ladder.start) - 1)
    assert ladder.start[0] > 0
    assert list(ladder.probe) == sorted(ladder.probe)
    assert ladder.start[-1] < ladder.tiny <= ladder.rows
    assert all(ladder.tiny <= row < ladder.rows for row in ladder.probe)


@pytest.mark.parametrize("roundoff", ROUNDOFFS.values(), ids=ROUNDOFFS.keys())
def test_the_first_rows_extrapolate_over_a_wide_range_of_steps(roundoff):
    """A 64-fold range where the dtype has room for it, 16-fold in bfloat16."""
    ladder = Ladder.of(roundoff)
    assert len(ladder.start) == (4 if roundoff < 2.0**-8 else 3)


@pytest.mark.parametrize(
    ("dtype", "spacings"), [(np.float64, 2**7), (np.float32, 2**4), (np.float16, 2)]
)
def test_the_finest_row_is_still_resolved_by_x(dtype, spacings):
    """Just above 1 numbers lie closest to x in units of x, just below 2 farthest."""
    for x in (1.0, 1.9, 1e3):
        lines = lines_of([x], dtype=dtype)
        finest = Ladder.of(float(np.finfo(dtype).eps) / 2).steps(lines)[-1, 0]
        assert finest >= spacings * float(np.spacing(dtype(x)))


@given(x=st.lists(entries, min_size=1, max_size=5))
@fixed
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps_to_and_fro_are_exact_where_numbers_lie_as_close_as_at_x(dtype, x):
    """x + h and x - h are numbers of the dtype, so that 2 h is what lies between.

    Beyond the next power of two there may be none such: the last bit of x is lost.
    """
    assume(any(x))
    lines = lines_of(x, dtype=dtype)
    steps = Ladder.of(float(np.finfo(dtype).eps) / 2).steps(lines)
    for place, column in zip(lines.x, steps.T, strict=True):
        _, next_power = np.frexp(place or np.inf)
        for h in column[abs(place) + column <= np.ldexp(1.0, next_power)]:
            for point in (place + h, place - h):
                assert Fraction(float(dtype(point))) - Fraction(place) in {h, -h}


@given(
    x=st.floats(-1e9, 1e9, width=32).filter(lambda x: abs(x) > 1e-3),
    v=st.floats(1e-20, 1e20) | st.floats(-1e20, -1e-20),
)
@fixed
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_single_entry_with_a_direction_steps_in_its_own_units(dtype, x, v):
    """t counts in units of x / v: the same points are met whatever the length of v.

    v scales the steps by the rounding of v and of t, a relative 2**-52 each.
    """
    layout = Layout.of(np.array([x], dtype))
    lines = directions(
        layout, layout.vector(), np.array([[v]]), scale=np.array([abs(x)])
    )
    steps = Ladder.of(float(np.finfo(dtype).eps) / 2).steps(lines)

    spacing = float(np.spacing(dtype(abs(x))))
    assert (steps * abs(v) >= 0.99 * spacing).all()
    arrived = lines.arrived(steps)
    points = x + arrived * v
    off = np.abs(points - points.astype(dtype).astype(float))
    assert (off <= 2.0**-51 * (np.abs(x) + np.abs(arrived * v))).all()
    assert np.allclose(
        arrived,
        steps,
        rtol=0,
        atol=0.51 * float(np.finfo(dtype).eps) * np.abs(points / v),
    )


@pytest.mark.parametrize("scale", [1e-3, 1e-9, 1e-20, 1e-300])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_step_is_too_fine_to_move_x(dtype, scale):
    """A scale far below the spacing of x once made steps of zero, and a crash."""
    lines = lines_of([1.0], np.array([scale]), dtype=dtype)
    steps = Ladder.of(float(np.finfo(dtype).eps) / 2).steps(lines)
    assert (dtype(1) + steps.astype(dtype) > 1).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_step_that_arrives_is_the_one_that_rounding_leaves(dtype):
    random = np.random.default_rng(1)
    x = random.normal(size=50).astype(dtype)
    t = random.normal(size=(2, 3, 50)) * 2.0 ** -random.integers(0, 20, size=50)
    arrived = lines_of(x, dtype=dtype).arrived(t)

    rounded = (x.astype(np.float64) + t).astype(dtype).astype(np.float64)
    assert np.array_equal(arrived, rounded - x.astype(np.float64))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("x", [1.0, 3.0, 200.0])
def test_subnormal_numbers_step_on_their_own_grid(dtype, x):
    """Below the least normal number the spacing no longer falls with x."""
    least = float(np.finfo(dtype).smallest_subnormal)
    lines = lines_of([x * least], dtype=dtype)
    steps = Ladder.of(float(np.finfo(dtype).eps) / 2).steps(lines)
    t = np.array([0.3, 0.6, 10.2])[:, None] * least

    assert np.array_equal(steps, np.rint(steps / least) * least)
    assert (steps >= least).all()
    rounded = (lines.x + t).astype(dtype).astype(float) - lines.x
    assert np.array_equal(lines.arrived(t), rounded)


def test_arrived_steps_of_mixed_leaves_are_rounded_leaf_by_leaf():
    tree = {"a": np.float32(1.1), "b": 1.1}
    layout = Layout.of(tree)
    lines = coordinates(layout, layout.vector(), np.ones(2))
    fine = 1e-10  # resolved at 1.1 in float64, not in float32
    arrived = lines.arrived(np.full((1, 2), fine))[0]
    assert arrived[0] == 0
    assert arrived[1] == pytest.approx(fine, rel=2e-6)  # eps * 1.1 / 1e-10
