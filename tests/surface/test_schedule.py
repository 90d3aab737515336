"""Schedules: pure functions of progress."""

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


def test_a_random_reach_lies_between_the_coarsest_and_the_finest_cell():
    plan, draw = PRESETS["random"], torch.Generator().manual_seed(0)
    early = [reach(plan, GRID, 0.0, draw=draw) for _ in range(500)]
    assert GRID.cell(9) <= min(early) < 1.1 * GRID.cell(9)
    assert 0.9 * GRID.cell(0) < max(early) <= GRID.cell(0)
    assert reach(plan, GRID, 1.0, draw=draw) == pytest.approx(GRID.cell(9))


def test_curvature_counts_little_at_first_and_shrinks_with_the_reach():
    assert curvature_weight(PROGRESSIVE, GRID, 0.0) == 0
    warm = curvature_weight(PROGRESSIVE, GRID, PROGRESSIVE.curvature_warm)
    assert warm == PROGRESSIVE.curvature
    late = curvature_weight(PROGRESSIVE, GRID, 1.0)
    assert late == pytest.approx(warm * GRID.cell(9) / GRID.cell(3))
    assert curvature_weight(PRESETS["analytical"], GRID, 0.5) == 0


def test_curvature_may_wait_until_there_is_a_shape():
    late = Plan(reach="fixed", curvature_from=0.4, curvature_warm=0.3)
    assert curvature_weight(late, GRID, 0.0) == 0
    assert curvature_weight(late, GRID, 0.4) == 0
    assert curvature_weight(late, GRID, 0.55) == pytest.approx(late.curvature / 2)
    assert curvature_weight(late, GRID, 0.7) == pytest.approx(late.curvature)
    assert curvature_weight(late, GRID, 1.0) == late.curvature
    sudden = replace(late, curvature_warm=0.0)
    assert curvature_weight(sudden, GRID, 0.39) == 0
    assert curvature_weight(sudden, GRID, 0.4) == late.curvature


def test_rates_rise_stay_and_fall_to_a_tenth():
    factors = [rate_factor(k, 1000, 50) for k in range(1000)]
    assert factors[0] == 1 / 50
    assert factors[49] == factors[299] == 1.0
    assert factors[-1] == pytest.approx(0.1, rel=0.01)
    assert all(b <= a for a, b in itertools.pairwise(factors[300:]))
