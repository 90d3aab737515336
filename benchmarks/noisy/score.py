"""Who solves what: runs, and when one counts as solved."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from benchmarks.noisy.problem import Problem
from benchmarks.noisy.solvers import Kind, Noise, Noisy, Solver

__all__ = ["LEVELS", "Plan", "Rule", "Run", "runs", "share"]

LEVELS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
"""Noise of f, relative."""

HIDDEN = 3.0
"""Distance from the minimum, in standard deviations of f there, that counts as none."""

EXACT = 1e-6
"""Rest of the descent that counts as none where there is no noise."""


class Rule(enum.Enum):
    """When a run counts as solved: how much f without noise is above a known minimum.

    NOISE : at most 3 standard deviations of f at that minimum, or 1e-6 of the descent
        from the start. The strict one: where the minimum is 0, so is the noise there.
    DESCENT : at most the noise level, or 1e-6, times the descent from the start; the
        convergence test of Moré & Wild 2009, SIAM J. Optim. 20, 172-191.
    """

    NOISE = "noise"
    DESCENT = "descent"


@final
@dataclass(frozen=True)
class Plan:
    """What is run.

    budget : evaluations in units of n + 1.
    seeds : of the noise; without noise the first alone.
    """

    problems: Sequence[Problem]
    seeds: Sequence[int]
    levels: Sequence[float] = LEVELS
    kind: Kind = Kind.RELATIVE
    budget: int = 100


@final
@dataclass(frozen=True)
class Run:
    """How a run ended.

    gap : f without noise where it ended, above a known minimum.
    minimum : that minimum.
    spent : evaluations, as a share of the budget.
    """

    solver: str
    problem: Problem
    noise: Noise
    gap: float
    minimum: float
    spent: float

    def solved(self, rule: Rule) -> bool:
        """Whether it counts as solved."""
        level, descent = self.noise.level, self.problem.descent
        if rule is Rule.DESCENT:
            return self.gap <= max(level, EXACT) * descent
        constant = self.noise.kind is Kind.CONSTANT
        sigma = level * (descent if constant else self.minimum)
        return self.gap <= max(HIDDEN * sigma, EXACT * descent)


def runs(solver: Solver, plan: Plan) -> list[Run]:
    """Every run of a solver."""
    return [
        _run(solver, problem, Noise(level, plan.kind), seed=seed, budget=plan.budget)
        for problem in plan.problems
        for level in plan.levels
        for seed in (plan.seeds if level else plan.seeds[:1])
    ]


def _run(
    solver: Solver, problem: Problem, noise: Noise, *, seed: int, budget: int
) -> Run:
    f = Noisy(problem, noise, seed=seed, budget=budget * (problem.size + 1))
    x = solver.solve(f, problem.start)
    minimum = problem.nearest(x)
    return Run(
        solver.name, problem, noise, problem.gap(x), minimum, f.evaluations / f.budget
    )


def share(found: Iterable[Run], level: float, rule: Rule) -> float:
    """Of the runs at that level, those that count as solved."""
    return float(
        np.mean([run.solved(rule) for run in found if run.noise.level == level])
    )
