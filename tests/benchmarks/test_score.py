"""Answers are judged as the head of benchmarks/score.py says, the same for all."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from benchmarks.answer import Answer
from benchmarks.case import Case, Category, define
from benchmarks.score import judge, sizes, summarise

CUBES = define(
    "cubes",
    Category.SMOOTH,
    lambda _, x: x[0] ** 3 + x[1] ** 3 + 5 * x[2] ** 2,
    slopes=lambda _, x: [3 * x[0] ** 2, 3 * x[1] ** 2, 10 * x[2]],
    at=[2.0, 1.0, 0.0],
)  # truth (12, 3, 0), f = 9


def answer(
    value: list[float], bar: list[float] | None, fault: str | None = None
) -> Answer:
    """An answer of 30 evaluations in two calls."""
    width = None if bar is None else np.array(bar)
    return Answer(np.array(value), width, 30, 2, 0.1, fault)


def test_size_is_the_truth_and_where_that_is_zero_what_f_or_its_largest_pull_allows():
    """The largest pull is 12 * 2 = 24, more than f = 9; x_2 = 0 counts as 1."""
    assert sizes(CUBES) == pytest.approx([12, 3, 24])


def test_rescaling_a_coordinate_by_a_power_of_two_changes_no_relative_error():
    wide = define(
        "wide cubes",
        Category.SMOOTH,
        lambda _, x: (x[0] / 64) ** 3 + x[1] ** 3,
        slopes=lambda _, x: [3 * x[0] ** 2 / 64**3, 3 * x[1] ** 2],
        at=[128.0, 1.0],
    )

    assert sizes(wide) == pytest.approx([12 / 64, 3])


def test_a_bar_covers_if_the_error_is_within_it():
    score = judge(CUBES, answer([12.1, 3.0, 0.0], [0.11, 0.0, 0.0]))

    assert score.covered == 1
    assert score.error == pytest.approx(0.1 / 12)


def test_a_bar_below_a_tenth_of_a_material_error_is_confidently_wrong():
    wrong = judge(CUBES, answer([12.1, 3.0, 0.0], [0.009, 1.0, 1.0]))
    modest = judge(CUBES, answer([12.1, 3.0, 0.0], [0.02, 1.0, 1.0]))
    immaterial = judge(CUBES, answer([12.001, 3.0, 0.0], [0.0, 1.0, 1.0]))

    assert [s.wrong for s in (wrong, modest, immaterial)] == [True, False, False]
    assert wrong.covered == pytest.approx(2 / 3)


def test_a_covering_bar_certifies_only_if_it_is_narrow():
    """Bars of 5e-4, 2e-3 and 5e-4 of the sizes 12, 3 and 24; all cover."""
    score = judge(CUBES, answer([12.0, 3.0, 0.0], [6e-3, 6e-3, 1.2e-2]))

    assert score.covered == 1
    assert score.certified == pytest.approx(2 / 3)


@pytest.mark.parametrize("bar", [math.inf, math.nan])
def test_no_value_is_neither_covered_nor_certified_and_infinitely_wrong(bar: float):
    score = judge(CUBES, answer([math.nan] * 3, [bar] * 3, "ValueError: no"))

    assert (score.covered, score.certified, score.wrong) == (0, 0, False)
    assert score.error == math.inf


def test_a_summary_counts_every_function_once_and_effort_only_without_crashes():
    good = judge(CUBES, answer([12.0, 3.0, 0.0], [1e-9] * 3))
    crash = dataclasses.replace(
        answer([math.nan] * 3, None, "ValueError: no"), points=1, calls=1
    )
    total = summarise([good, judge(CUBES, crash)], bars=True)

    assert (total.cover, total.certified, total.crashes) == (0.5, 0.5, 1)
    assert (total.per_coordinate, total.calls, total.off) == (10, 2, 1)


def test_a_library_without_bars_has_no_cover():
    total = summarise([judge(CUBES, answer([12.0, 3.0, 0.0], None))], bars=False)

    assert (total.cover, total.components, total.wrong, total.certified) == (None,) * 4


def test_a_case_hands_out_its_function_one_point_at_a_time():
    case: Case = CUBES

    assert case.single(np.array([1.0, 2.0, 3.0])) == 54
