"""Schedules: pure functions of progress."""

import functools
import itertools
from dataclasses import replace

import pytest
import torch

from clinometer.surface.grid import Grid
from clinometer.surface.schedule import (
    active_levels,
    curvature_weight,
    rate_factor,
    reach,
)
from clinometer.surface.settings import PRESETS, Plan

GRID = Grid()
PROGRESSIVE = Plan(reach="shrinking", first_levels=4, opened=0.6)
weight = functools.partial(curvature_weight, iterations=1000)

TIMES = [k / 200 for k in range(201)]


def test_levels_open_one_after_the_other_and_all_in_time():
    levels = [active_levels(PROGRESSIVE, GRID, time) for time in TIMES]
    assert levels[0] == 4
    assert {b - a for a, b in itertools.pairwise(levels)} == {0, 1}
    assert active_levels(PROGRESSIVE, GRID, 0.6) == GRID.levels
    assert active_levels(PROGRESSIVE, GRID, 0.59) < GRID.levels


def test_nothing_is_closed_where_all_levels_open_at_once():
    assert active_levels(replace(PROGRESSIVE, opened=0.0), GRID, 0.0) == GRID.levels


def test_a_shrinking_reach_is_the_cell_of_the_finest_open_level():
    for time in TIMES:
        level = active_levels(PROGRESSIVE, GRID, time) - 1
        assert reach(PROGRESSIVE, GRID, time) == GRID.cell(level)
    quarter = replace(PROGRESSIVE, cells=0.25)
    assert reach(quarter, GRID, 1.0) == 0.25 * 2 / 256


def test_a_growing_reach_is_full_when_the_curvature_is():
    plan = Plan(reach="growing", cells=2.0, curvature_from=0.4, curvature_warm=0.2)
    finest = GRID.cell(9)
    assert reach(plan, GRID, 0.0) == reach(plan, GRID, 0.4) == 0.5 * finest
    assert reach(plan, GRID, 0.5) == pytest.approx(finest)  # half way, in its logarithm
    assert reach(plan, GRID, 0.6) == pytest.approx(2 * finest)
    assert reach(plan, GRID, 1.0) == 2 * finest
    assert weight(plan, GRID, 0.5) == pytest.approx(plan.curvature / 2)


def test_a_weight_may_be_less_in_long_trainings():
    plan = Plan(reach="fixed", curvature=1e-3, curvature_until=2000)
    weights = [
        curvature_weight(plan, GRID, 1.0, iterations=n) for n in (500, 2000, 8000)
    ]
    assert weights == pytest.approx([1e-3, 1e-3, 0.25e-3])


def test_a_random_reach_lies_between_the_coarsest_and_the_finest_cell():
    plan, draw = PRESETS["random"], torch.Generator().manual_seed(0)
    early = [reach(plan, GRID, 0.0, draw=draw) for _ in range(500)]
    assert GRID.cell(9) <= min(early) < 1.1 * GRID.cell(9)
    assert 0.9 * GRID.cell(0) < max(early) <= GRID.cell(0)
    assert reach(plan, GRID, 1.0, draw=draw) == pytest.approx(GRID.cell(9))


def test_curvature_counts_little_at_first_and_shrinks_with_the_reach():
    assert weight(PROGRESSIVE, GRID, 0.0) == 0
    warm = weight(PROGRESSIVE, GRID, PROGRESSIVE.curvature_warm)
    assert warm == PROGRESSIVE.curvature
    late = weight(PROGRESSIVE, GRID, 1.0)
    assert late == pytest.approx(warm * GRID.cell(9) / GRID.cell(3))
    assert weight(PRESETS["analytical"], GRID, 0.5) == 0


def test_curvature_may_wait_until_there_is_a_shape():
    late = Plan(reach="fixed", curvature_from=0.4, curvature_warm=0.3)
    assert weight(late, GRID, 0.0) == 0
    assert weight(late, GRID, 0.4) == 0
    assert weight(late, GRID, 0.55) == pytest.approx(late.curvature / 2)
    assert weight(late, GRID, 0.7) == pytest.approx(late.curvature)
    assert weight(late, GRID, 1.0) == late.curvature
    sudden = replace(late, curvature_warm=0.0)
    assert weight(sudden, GRID, 0.39) == 0
    assert weight(sudden, GRID, 0.4) == late.curvature


def test_rates_rise_stay_fall_and_cool_at_the_end():
    factors = [rate_factor(k, 1000, 50) for k in range(1000)]
    assert factors[0] == 1 / 50
    assert factors[49] == factors[299] == 1.0
    # the exponential alone, half way from 0.3 to 1, and where the cooling begins
    assert factors[650] == pytest.approx(0.1**0.5)
    assert factors[850] == pytest.approx(0.1 ** (0.55 / 0.7))
    # half of the cooling is over: its factor is the mean of 1 and 0.03
    assert factors[925] == pytest.approx(0.1 ** (0.625 / 0.7) * (1 + 0.03) / 2)
    assert factors[-1] == pytest.approx(0.1 * (0.03 + 0.97 / 150), rel=0.01)
    assert all(b <= a for a, b in itertools.pairwise(factors[300:]))
