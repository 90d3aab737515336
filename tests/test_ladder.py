"""Which points are tried: ladders of steps, and lines through x."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clinometer.ladder import (
    REACH,
    Ladder,
    LinePoints,
    coordinates,
    directions,
    pairs,
    scales,
)
from clinometer.trees import Layout

fixed = settings(derandomize=True, deadline=None)
ROUNDOFFS = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
}
entries = st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30) | st.just(0.0)


def lines_of(x, scale=None, *, dtype=np.float64):
    """One line along every entry of an array."""
    layout = Layout.of(np.asarray(x, dtype))
    return coordinates(
        layout, layout.vector(), scales(layout, layout.vector(), scale), free=False
    )


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


def test_arrived_steps_of_mixed_leaves_are_rounded_leaf_by_leaf():
    tree = {"a": np.float32(1.1), "b": 1.1}
    layout = Layout.of(tree)
    lines = coordinates(layout, layout.vector(), np.ones(2))
    fine = 1e-10  # resolved at 1.1 in float64, not in float32
    arrived = lines.arrived(np.full((1, 2), fine))[0]
    assert arrived[0] == 0
    assert arrived[1] == pytest.approx(fine, rel=2e-6)  # eps * 1.1 / 1e-10


# --- scales and lines ---------------------------------------------------------


def test_the_scale_of_an_entry_is_its_own_size():
    layout = Layout.of(np.array([2.0, -3.0, 1e-9]))
    assert scales(layout, layout.vector(), None).tolist() == [2, 3, 1e-9]


def test_an_entry_that_is_zero_takes_the_median_of_its_own_leaf():
    layout = Layout.of([np.array([0.0, 2.0, -4.0, 9.0]), np.zeros(2), 0.0, np.ones(0)])
    assert scales(layout, layout.vector(), None).tolist() == [4, 2, 4, 9, 1, 1, 1]


def test_a_scale_that_is_given_is_taken():
    layout = Layout.of(np.array([0.0, 2.0]))
    given = np.array([1e-6, 5.0])
    assert scales(layout, layout.vector(), given) is given


def test_no_line_reaches_across_zero_unless_the_scale_was_given():
    layout = Layout.of(np.array([2.0, -3.0, 0.0]))
    x = layout.vector()
    bound = coordinates(layout, x, np.ones(3)).reach
    free = coordinates(layout, x, np.ones(3), free=True).reach

    assert bound.tolist() == [2 * REACH, 3 * REACH, np.inf]
    assert (np.sign(x[:2] - bound[:2] * np.sign(x[:2])) == np.sign(x[:2])).all()
    assert free.tolist() == [np.inf] * 3


@given(
    x=st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=5),
    v=st.lists(st.floats(-1e12, 1e12), min_size=5, max_size=5),
)
@fixed
def test_a_direction_moves_entries_by_about_their_own_size(x, v):
    """At t = scale, the most by one to two times its size or that of its leaf.

    scale is a power of two, so that it rounds nothing.
    """
    x, v = np.array(x), np.array(v[: len(x)])
    assume((v != 0).any() and np.abs(x).max() > 1e-100 and np.abs(v).max() > 1e-100)
    layout = Layout.of(x)
    size = scales(layout, x, None)
    (unit,) = directions(layout, x, v[None], scale=size).scale

    typical = np.maximum(size, np.sqrt(np.mean(size**2)))
    assert np.frexp(unit)[0] == 0.5
    assert 1 <= np.max(np.abs(v) * unit / typical) < 2 * (1 + 1e-12)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_directions_of_tiny_and_huge_points_overflow_nowhere(size):
    layout = Layout.of({"a": np.array([1.0, 2.0]) * size, "none": np.ones(0)})
    x = layout.vector()
    lines = directions(layout, x, x[None], scale=scales(layout, x, None))
    assert 0.25 <= lines.scale[0] <= 2


def test_pairs_of_entries_move_together_and_against_each_other():
    layout = Layout.of(np.array([1.0, -2.0, 0.0]))
    x, scale = layout.vector(), np.array([1.0, 2.0, 4.0])
    lines = pairs(layout, x, scale)

    assert lines.entries.tolist() == [[0, 1]] * 2 + [[0, 2]] * 2 + [[1, 2]] * 2
    weights = [[1, 2], [1, -2], [1, 4], [1, -4], [2, 4], [2, -4]]
    assert lines.weights.tolist() == weights
    assert lines.reach.tolist() == [REACH] * 6


# --- points -------------------------------------------------------------------


def test_points_on_coordinate_lines_move_one_entry():
    lines = lines_of([1.0, 2.0, 4.0])
    plan = LinePoints(lines, np.array([0, 2, 1]), np.array([0.0, 0.5, -1.0]))

    assert plan.count == 3
    assert plan.rows(0, 3).tolist() == [[1, 2, 4], [1, 2, 4.5], [1, 1, 4]]
    assert plan.rows(1, 2).tolist() == [[1, 2, 4.5]]
    assert lines.x.tolist() == [1, 2, 4]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_points_on_directions_move_all_entries(n):
    layout = Layout.of(np.arange(1.0, n + 1))
    x = layout.vector()
    v = np.array([[1.0, -2.0, 4.0], [0.0, 1.0, 1.0]])[:, :n] + (n == 1)
    lines = directions(layout, x, v, scale=np.abs(x))
    plan = LinePoints(lines, np.array([1, 0]), np.array([2.0, -0.5]))
    assert plan.rows(0, 2).tolist() == [
        (x + 2 * v[1]).tolist(),
        (x - v[0] / 2).tolist(),
    ]


@pytest.mark.parametrize("n", [2, 3])
def test_points_on_pairs_move_two_entries(n):
    layout = Layout.of(np.arange(1.0, n + 1))
    x = layout.vector()
    lines = pairs(layout, x, 2 * x)
    last = lines.count - 1  # the last two entries, against each other
    point = LinePoints(lines, np.array([last]), np.array([0.5])).rows(0, 1)[0]
    assert point.tolist() == [*x[:-2], 2 * x[-2], 0.0]


def test_some_lines_are_the_lines_of_these_numbers():
    lines = lines_of([1.0, 2.0, 4.0]).some(np.array([2, 0]))
    assert lines.count == 2
    assert lines.entries.tolist() == [[2], [0]]
    assert lines.scale.tolist() == [4, 1]
    assert lines.size.tolist() == [4, 1]
    point = LinePoints(lines, np.array([0]), np.array([0.5])).rows(0, 1)
    assert point.tolist() == [[1, 2, 4.5]]


def test_a_point_is_described_by_its_entry_value_and_step():
    layout = Layout.of({"w": np.ones((2, 2))})
    x = layout.vector()
    lines = coordinates(layout, x, np.abs(x))
    plan = LinePoints(lines, np.array([0, 2, 2]), np.array([0.0, 0.25, -0.25]))

    assert plan.describe(0) == "x itself"
    assert plan.describe(1) == "x['w'][1, 0] = 1.25 (a step of +0.25)"
    assert plan.describe(2) == "x['w'][1, 0] = 0.75 (a step of -0.25)"


def test_a_point_on_a_direction_is_described_by_its_multiple():
    layout = Layout.of(np.ones(2))
    lines = directions(layout, np.ones(2), np.ones((1, 2)), scale=np.ones(2))
    plan = LinePoints(lines, np.array([0, 0]), np.array([0.0, -0.125]))

    assert plan.describe(0) == "x itself"
    assert plan.describe(1) == "x -0.125 times the direction"
