"""What changes while a field is trained: pure functions of progress.

progress : share of the training that is done, 0 to 1.
"""

from __future__ import annotations

import math

import torch

from clinometer.surface.grid import Grid
from clinometer.surface.settings import Plan

__all__ = ["active_levels", "curvature_weight", "rate_factor", "reach"]

STEADY = 0.3
"""Share of the training after which rates fall; LAST : what they fall to."""
LAST = 0.1


def active_levels(plan: Plan, grid: Grid, progress: float) -> int:
    """Levels of the grid that are open, from the coarsest.

    One more after every equal part of `plan.opened`; all of them from then on.
    """
    if progress >= plan.opened:
        return grid.levels
    closed = grid.levels - plan.first_levels
    return plan.first_levels + int(progress / plan.opened * closed)


def reach(
    plan: Plan, grid: Grid, progress: float, *, draw: torch.Generator | None = None
) -> float:
    """Distance of the taps from their point, in scene units.

    draw : what a random reach is drawn by; without it, the middle of the interval.
    """
    finest = grid.cell(grid.levels - 1)
    if plan.reach == "fixed":
        return plan.cells * finest
    if plan.reach == "shrinking":
        return plan.cells * grid.cell(active_levels(plan, grid, progress) - 1)
    # the interval ends at the finest cell; its other end comes down to it, too
    longest = finest * (grid.cell(0) / finest) ** (1 - progress)
    share = 0.5 if draw is None else float(torch.rand((), generator=draw))
    return plan.cells * finest * (longest / finest) ** share


def curvature_weight(plan: Plan, grid: Grid, progress: float) -> float:
    """Weight of |laplacian|: 0, then it rises, then it shrinks as the reach does.

    Source: Li et al. 2023, arXiv 2306.03092, section 4.1 (linear warm-up; in proportion
    to the step afterwards).
    """
    if plan.taps == "analytical" or not plan.curvature:
        return 0.0
    gone = progress - plan.curvature_from
    rise = float(gone >= 0)
    if plan.curvature_warm:
        rise = min(1.0, max(0.0, gone / plan.curvature_warm))
    if plan.reach == "fixed":
        return plan.curvature * rise
    first = grid.cell(plan.first_levels - 1)
    now = grid.cell(active_levels(plan, grid, progress) - 1)
    return plan.curvature * rise * now / first


def rate_factor(iteration: int, iterations: int, warm: int) -> float:
    """What rates of learning are multiplied with at an iteration, counted from 0."""
    rise = min(1.0, (iteration + 1) / warm) if warm else 1.0
    late = max(0.0, iteration / iterations - STEADY) / (1 - STEADY)
    return rise * math.exp(late * math.log(LAST))
