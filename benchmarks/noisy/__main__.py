"""`python -m benchmarks.noisy`: who minimises noisy functions; --write stores it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.noisy.linesearch import Break, Relative, breaks
from benchmarks.noisy.page import Results, page
from benchmarks.noisy.problems import PROBLEMS
from benchmarks.noisy.score import LEVELS, Plan, Run, runs
from benchmarks.noisy.solvers import OURS, RIVALS, TOLD, Kind

PAGE = Path(__file__).parents[2] / "docs" / "noisy.md"

TUNED = frozenset(problem.number for problem in PROBLEMS if problem.number % 2)
"""Problems on which the method was tried while it was made, with seeds 0 to 2."""

BUDGET, SCARCE = 100, 25
"""Evaluations in units of n + 1."""


def _run(plan: Plan, what: str) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for solver in (OURS, *RIVALS, *TOLD):
        start = time.perf_counter()
        found[solver.name] = runs(solver, plan)
        spent = time.perf_counter() - start
        print(f"{what}: {solver.name}, {spent:.0f} s", file=sys.stderr)
    return found


def _study(every: int) -> list[Break]:
    return [
        breaks(problem, relative, range(3))
        for problem in PROBLEMS[::every]
        for relative in Relative
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the page, and write it where that was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.noisy", description=__doc__
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--seed", type=int, default=100, help="first of three")
    parser.add_argument("--quick", action="store_true", help="every fifth problem")
    options = parser.parse_args(arguments)
    every = 5 if options.quick else 1
    seeds = range(options.seed, options.seed + 3)
    problems = PROBLEMS[::every]
    constant = Plan(
        problems, seeds, levels=LEVELS[1:], kind=Kind.CONSTANT, budget=BUDGET
    )
    results = Results(
        relative=_run(Plan(problems, seeds, budget=BUDGET), "relative noise"),
        constant=_run(constant, "constant noise"),
        scarce=_run(Plan(problems, seeds, budget=SCARCE), "few evaluations"),
        breaks=_study(every),
        tuned=TUNED,
        budget=BUDGET,
        budget_scarce=SCARCE,
        seeds=seeds,
    )
    written = page(results)
    print(written)
    if options.write:
        PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
