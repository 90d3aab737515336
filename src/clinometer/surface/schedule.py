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

COOLING = 0.15
"""Share of the training, its last, in which rates fall once more; COLD : what to,
beside what they would be. At a tenth, steps of Adam still throw the surface about by
more than it is off: with 48 views of an animal, 2000 iterations end 0.7e-3 off instead
of 1.9e-3. Were they to fall earlier, hollows would not be carved out by then."""
COLD = 0.03

NEAREST = 0.25
"""What a reach that grows begins with, beside what it ends with."""


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
    if plan.reach == "growing":
        return plan.cells * finest * NEAREST ** (1 - _risen(plan, progress))
    if plan.reach == "shrinking":
        return plan.cells * grid.cell(active_levels(plan, grid, progress) - 1)
    # the interval ends at the finest cell; its other end comes down to it, too
    longest = finest * (grid.cell(0) / finest) ** (1 - progress)
    share = 0.5 if draw is None else float(torch.rand((), generator=draw))
    return plan.cells * finest * (longest / finest) ** share


def curvature_weight(
    plan: Plan, grid: Grid, progress: float, *, iterations: int
) -> float:
    """Weight of |laplacian|: 0, then it rises, then it shrinks as the reach does.

    iterations : of the whole training.
    Source: Li et al. 2023, arXiv 2306.03092, section 4.1 (linear warm-up; in proportion
    to the step afterwards).
    """
    if plan.taps == "analytical" or not plan.curvature:
        return 0.0
    weight = plan.curvature * _risen(plan, progress)
    if plan.curvature_until is not None:
        weight *= min(1.0, plan.curvature_until / iterations)
    if plan.reach in {"fixed", "growing"}:
        return weight
    first = grid.cell(plan.first_levels - 1)
    now = grid.cell(active_levels(plan, grid, progress) - 1)
    return weight * now / first


def _risen(plan: Plan, progress: float) -> float:
    """Share of its full weight that the curvature has, 0 to 1."""
    gone = progress - plan.curvature_from
    if not plan.curvature_warm:
        return float(gone >= 0)
    return min(1.0, max(0.0, gone / plan.curvature_warm))


def rate_factor(iteration: int, iterations: int, warm: int) -> float:
    """What rates of learning are multiplied with at an iteration, counted from 0."""
    rise = min(1.0, (iteration + 1) / warm) if warm else 1.0
    done = iteration / iterations
    late = max(0.0, done - STEADY) / (1 - STEADY)
    warmth = min(1.0, (1 - done) / COOLING)
    return rise * math.exp(late * math.log(LAST)) * (COLD + (1 - COLD) * warmth)
