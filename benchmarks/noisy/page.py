"""The page docs/noisy.md, from what was measured."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from textwrap import fill
from typing import final

import numpy as np

from benchmarks.noisy.linesearch import EVALUATIONS, SIZES, Break, Relative
from benchmarks.noisy.problem import Problem
from benchmarks.noisy.score import LEVELS, Rule, Run, share
from benchmarks.noisy.solvers import OURS, RIVALS, TOLD

__all__ = ["Results", "page"]

Runs = Mapping[str, Sequence[Run]]


@final
@dataclass(frozen=True)
class Results:
    """Everything that the page shows.

    relative, constant : runs of every solver by its name, by kind of noise.
    scarce : with relative noise, at a smaller budget.
    breaks : of the study of line searches.
    tuned : numbers of the problems that were looked at while the method was made.
    budget, budget_scarce : in units of n + 1.
    """

    relative: Runs
    constant: Runs
    scarce: Runs
    breaks: Sequence[Break]
    tuned: frozenset[int]
    budget: int
    budget_scarce: int
    seeds: Sequence[int]


def _shares(runs: Runs, rule: Rule, levels: Sequence[float] = LEVELS) -> str:
    """A table of shares solved, noise by solver."""
    names = list(runs)
    lines = [
        "| noise | " + " | ".join(names) + " |",
        "| --- |" + " ---: |" * len(names),
    ]
    for level in levels:
        shares = [share(runs[name], level, rule) for name in names]
        best = max(shares)
        cells = [
            f"**{100 * s:.0f} %**" if s == best else f"{100 * s:.0f} %" for s in shares
        ]
        lines.append(f"| {level:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of(runs: Runs, numbers: frozenset[int], *, inside: bool) -> Runs:
    """The runs on those problems, or on the others."""
    return {
        name: [run for run in found if (run.problem.number in numbers) is inside]
        for name, found in runs.items()
    }


def _without(runs: Runs, names: Sequence[str]) -> Runs:
    return {name: found for name, found in runs.items() if name not in names}


def _lost(runs: Runs) -> str:
    """Problems that a rival solves more often than the noise-aware method."""
    lines: list[str] = []
    for level in LEVELS:
        own = _by_problem(runs[OURS.name], level)
        better = {
            rival.name: [
                name
                for name, found in _by_problem(runs[rival.name], level).items()
                if found > own[name]
            ]
            for rival in RIVALS
            if rival.name in runs
        }
        said = "; ".join(
            f"{rival}: {', '.join(names)}" for rival, names in better.items() if names
        )
        lines.append(f"- {level:g}: {said or 'none'}.")
    return "\n".join(lines)


def _by_problem(found: Sequence[Run], level: float) -> dict[str, float]:
    names = dict.fromkeys(run.problem.name for run in found)
    return {
        name: float(
            np.mean(
                [
                    run.solved(Rule.NOISE)
                    for run in found
                    if run.problem.name == name and run.noise.level == level
                ]
            )
        )
        for name in names
    }


def _spent(runs: Runs) -> str:
    """Share of the budget that each solver used, by noise."""
    lines = ["| noise | " + " | ".join(runs) + " |", "| --- |" + " ---: |" * len(runs)]
    for level in LEVELS:
        used = [
            np.mean([run.spent for run in found if run.noise.level == level])
            for found in runs.values()
        ]
        lines.append(f"| {level:g} | " + " | ".join(f"{u:.2f}" for u in used) + " |")
    return "\n".join(lines)


def _study(breaks: Sequence[Break]) -> str:
    """The table of the line searches, a problem a line."""
    lines = [
        "| problem | n | fails from, of ‖g(x₀)‖ | solved to, of ‖g(x₀)‖ | noise-aware "
        "| solved to, of ‖g(x)‖ | noise-aware |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    start = {b.problem.name: b for b in breaks if b.relative is Relative.START}
    here = {b.problem.name: b for b in breaks if b.relative is Relative.HERE}
    for name, at_start in start.items():
        cells = [
            _fails(at_start.fails),
            _solves(at_start.solves),
            _solves(at_start.noise_aware),
            _solves(here[name].solves),
            _solves(here[name].noise_aware),
        ]
        size = at_start.problem.size
        lines.append(f"| {name} | {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _fails(size: float) -> str:
    if size == 0:
        return "exact"
    return f"{size:.0e}" if np.isfinite(size) else "never"


def _solves(size: float) -> str:
    if size < 0:
        return "not even exact"
    return "exact only" if size == 0 else f"{size:.0e}"


def _middle(breaks: Sequence[Break]) -> str:
    """The study in two sentences."""
    start = [b for b in breaks if b.relative is Relative.START]
    here = [b for b in breaks if b.relative is Relative.HERE]
    failing = sorted(b.fails for b in start)
    never = sum(not np.isfinite(b.fails) for b in here)
    ours, scipys = (
        sum(b.noise_aware > b.solves for b in breaks),
        sum(b.noise_aware < b.solves for b in breaks),
    )
    return (
        f"A constant error makes the line search fail, at the median problem, from "
        f"{_fails(failing[len(failing) // 2])} ‖g(x₀)‖ on. An error in proportion to "
        f"the gradient does not end the search on {never} of {len(here)} problems: "
        "L-BFGS-B forgets its pairs after a failed search and starts over along the "
        "gradient (Zhu, Byrd, Lu & Nocedal 1997). Of the "
        f"{len(breaks)} pairs of columns the noise-aware method gets further in "
        f"{ours}, L-BFGS-B in {scipys}."
    )


def _text(words: str) -> str:
    return fill(words, 96, break_long_words=False, break_on_hyphens=False)


def _solved(results: Results, plain: Runs) -> list[str]:
    """Who solves what."""
    problems = {run.problem.number: run.problem for run in plain[OURS.name]}
    told = [solver.name for solver in TOLD]
    return [
        "## Share solved",
        _text(
            f"All {len(problems)} problems of Moré, Garbow & Hillstrom (written afresh "
            f"from the paper, `benchmarks/noisy`), {_sizes(problems.values())} "
            "variables. f(x) (1 + e ξ) with ξ normal and new at each evaluation, seeds "
            f"{results.seeds[0]} to {results.seeds[-1]}; at most {results.budget} "
            "(n + 1) evaluations, SciPy's methods at their defaults, none told the "
            "noise. The point that a method returns, or its last iterate where the "
            "budget ended, counts as solved if f without noise is above a known "
            "minimum by no more than 3 standard deviations of f there, or 1e-6 of the "
            "descent from the start."
        ),
        _shares(plain, Rule.NOISE),
        "On the problems that no constant of the method was set on:",
        _shares(_of(plain, results.tuned, inside=False), Rule.NOISE),
        "On those that constants were set on, with other seeds than these:",
        _shares(_of(plain, results.tuned, inside=True), Rule.NOISE),
        _text(
            "By the wider rule of Moré & Wild 2009, no more than e, or 1e-6, of the "
            "descent from the start, all problems:"
        ),
        _shares(plain, Rule.DESCENT),
        f"With {results.budget_scarce} (n + 1) evaluations, the strict rule:",
        _shares(_without(results.scarce, told), Rule.NOISE),
        "With constant noise instead, uniform, of standard deviation e (f(x0) − f*):",
        _shares(_without(results.constant, told), Rule.NOISE, LEVELS[1:]),
        "Evaluations used, as a share of the budget:",
        _spent(plain),
    ]


def page(results: Results) -> str:
    """The whole page as Markdown."""
    told = [solver.name for solver in TOLD]
    plain = _without(results.relative, told)
    versions = ", ".join(f"{name} {version(name)}" for name in ("scipy", "numpy"))
    parts = [
        "# Minimising noisy functions",
        _text(
            "Written by `.venv/bin/python -m benchmarks.noisy --write` "
            f"({versions}, Python {platform.python_version()})."
        ),
        _INTRODUCTION,
        *_solved(results, plain),
        "## Where others win",
        "Problems that another method solves in more runs, by noise:",
        _lost(plain),
        _text(
            "SciPy's methods with a step √e for their differences, which they have to "
            "be told:"
        ),
        _shares(
            {name: results.relative[name] for name in (OURS.name, *told)}, Rule.NOISE
        ),
        "## At which error of the gradient the line search breaks",
        _text(
            "f exact, its gradient with an error of a given size in a random "
            f"direction, new at each evaluation; sizes {SIZES[0]:.0e} to "
            f"{SIZES[-1]:.0e} by decades, three runs each, {EVALUATIONS} evaluations. "
            "*Fails from*: least size at which L-BFGS-B reports a failed line search, "
            "before the problem is solved, in half of the runs. *Solved to*: largest "
            "size up to which it solves half of them, to 1e-6 of the descent. The "
            "noise-aware method measures the error, and is not told it."
        ),
        _study(results.breaks),
        _text(_middle(results.breaks)),
        _METHOD,
    ]
    return "\n\n".join(parts) + "\n"


def _sizes(problems: Iterable[Problem]) -> str:
    sizes = [problem.size for problem in problems]
    return f"{min(sizes)} to {max(sizes)}"


_INTRODUCTION = """\
`scipy.optimize.minimize(f, x0, method=clinometer.noise_aware_lbfgs)` minimises a
function whose values carry noise: a simulation, an integral by quadrature, a sum in low
precision. It is not told the noise; it measures it, and lets it settle the intervals of
its differences, when a step is accepted, and which changes of the gradient are
believed.

```python
import numpy as np
from scipy.optimize import minimize

from clinometer import noise_aware_lbfgs

random = np.random.default_rng(0)


def f(x):
    return 1 + ((x - [3, -2]) ** 2).sum() + 1e-3 * random.normal()


found = minimize(f, np.zeros(2), method=noise_aware_lbfgs)
print(found.message)
print(f"noise {found.noise:.0e}; x {found.x.round(1)}; {found.nfev} evaluations")
```

```text
the decrease still to be had is hidden by noise or rounding
noise 7e-04; x [ 3. -2.]; 100 evaluations
```

With a gradient (`jac=`) the noise of that is measured too. The docstring lists options:
a budget, tolerances, noise or error where they are known. `examples/noisy_minimum.py`
fits a decay."""

_METHOD = """\
## How it works

- **Noise** σ of f: from differences of order 1 to 6 of seven values in a row (Moré &
  Wild 2011), measured again as f changes; between, σ follows a power of |f|.
- **Intervals** of the differences: that of least error, for each entry. Forward:
  8^¼ √(σ / |f″|); central: (3 σ / (√2 |f‴|))^⅓. f″ and f‴ are measured where they stand
  out of the noise by 10 σ (Shi, Xie, Xuan & Nocedal 2022), and every gradient carries
  its error. Forward differences serve until the decrease they foretell nears their
  error, 30 σ an entry; then central ones.
- **Steps**: Armijo's condition relaxed by 2 σ, Wolfe's by the error of the slopes (Xie,
  Byrd & Nocedal 2020). Where noise hides whether a step went far enough, but its slope
  at the start is certain, it is lengthened fourfold until the values show it.
- **Curvature**: a pair (s, y) is kept if sᵀy exceeds its error; if the error hides it,
  it is measured along a longer step (Shi, Xie, Byrd & Nocedal 2022).
- **The end**: three gradients in a row, of the better kind, that foretell a decrease of
  less than 0.1 σ, or than the rounding of x to floats changes f, where σ shrinks with f
  and never hides the rest; or no step that lowers f, with everything measured anew.

The result is an `OptimizeResult` with `jac_error` and `noise` beside the usual."""
