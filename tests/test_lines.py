"""Lines through x: which entries move, how far, and the points on them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clinometer.ladder import (
    REACH,
    LinePoints,
    coordinates,
    directions,
    pairs,
    scales,
)
from clinometer.trees import Layout
from tests.points import lines_of

fixed = settings(derandomize=True, deadline=None)

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
