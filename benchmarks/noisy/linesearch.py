"""At which error of the gradient the line search of L-BFGS-B breaks, by problem.

f is exact here and its gradient is not: a random error of a known size is added to the
exact gradient at each evaluation. The size grows by decades until the line search fails
before the problem is solved.
"""

from __future__ import annotations

import enum
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.noisy.problem import Problem
from benchmarks.noisy.score import EXACT
from clinometer.descend.noisy import noise_aware_lbfgs

__all__ = ["SIZES", "Break", "Relative", "breaks"]

Floats = NDArray[np.float64]

SIZES = tuple(10.0**k for k in range(-7, 1))
"""Sizes of the error tried, dimensionless."""

EVALUATIONS = 500
"""Evaluations of f and of the gradient at most in a run."""


class Relative(enum.Enum):
    """What the gradient's error is relative to: its norm there, or at the start."""

    HERE = "|g(x)|"
    START = "|g(x0)|"


@final
class Inexact:
    """The gradient of a problem with an error of a given size in a random direction."""

    def __init__(
        self, problem: Problem, size: float, relative: Relative, *, seed: int
    ) -> None:
        """size : of the error, as a share of the norm that relative names."""
        self._problem, self._size = problem, size
        self._random = np.random.default_rng([seed, problem.number])
        at_start = float(np.linalg.norm(problem.gradient(problem.start)))
        self.constant = size * at_start if relative is Relative.START else None

    def __call__(self, x: Floats) -> Floats:
        """(n) a gradient with its error."""
        exact = self._problem.gradient(x)
        error = self._random.normal(size=x.size)
        size = self.constant
        if size is None:
            size = self._size * float(np.linalg.norm(exact))
        return exact + error * (size / float(np.linalg.norm(error)))


@final
@dataclass(frozen=True)
class Break:
    """What errors of the gradient do to a problem.

    fails : least size at which the line search of L-BFGS-B fails, before the problem is
        solved, in at least half of the runs; 0 if it does with an exact gradient, inf
        if at none.
    solves : largest size up to which L-BFGS-B solves at least half of the runs.
    noise_aware : the same for the noise-aware one, which is not told the size.
    """

    problem: Problem
    relative: Relative
    fails: float
    solves: float
    noise_aware: float


@final
@dataclass(frozen=True)
class _End:
    """How a run ended: whether solved, and whether by a failed line search."""

    solved: bool
    failed: bool


def _scipy(problem: Problem, gradient: Callable[[Floats], Floats]) -> _End:
    found = _minimum(
        problem,
        gradient,
        method="L-BFGS-B",
        options={"maxfun": EVALUATIONS, "maxiter": EVALUATIONS},
    )
    solved = _is_solved(problem, found.x)
    return _End(solved, "ABNORMAL" in found.message and not solved)


def _ours(problem: Problem, gradient: Callable[[Floats], Floats]) -> _End:
    found = _minimum(
        problem,
        gradient,
        method=noise_aware_lbfgs,
        options={"maxfev": EVALUATIONS},
    )
    return _End(_is_solved(problem, found.x), False)


def _is_solved(problem: Problem, x: Floats) -> bool:
    return problem.gap(x) <= EXACT * problem.descent


def _minimum(
    problem: Problem,
    gradient: Callable[[Floats], Floats],
    *,
    method: Any,
    options: dict[str, Any],
) -> Any:
    def stop(intermediate_result: Any) -> None:
        if _is_solved(problem, intermediate_result.x):
            raise StopIteration

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return minimize(
            problem.value,
            problem.start,
            jac=gradient,
            method=method,
            callback=stop,
            options=options,
        )


def breaks(problem: Problem, relative: Relative, seeds: range) -> Break:
    """Where errors of the gradient stop a descent on a problem."""

    def ends(
        run: Callable[[Problem, Callable[[Floats], Floats]], _End], size: float
    ) -> list[_End]:
        return [
            run(problem, Inexact(problem, size, relative, seed=seed)) for seed in seeds
        ]

    sizes = [0.0, *SIZES]
    of_scipy = {size: ends(_scipy, size) for size in sizes}
    failing = (s for s in sizes if np.mean([end.failed for end in of_scipy[s]]) >= 0.5)
    return Break(
        problem,
        relative,
        next(failing, np.inf),
        _last_solved(sizes, of_scipy.__getitem__),
        _last_solved(sizes, lambda size: ends(_ours, size)),
    )


def _last_solved(sizes: Sequence[float], ends: Callable[[float], list[_End]]) -> float:
    """Largest size up to which half of the runs are solved; -1 if not even exact."""
    last = -1.0
    for size in sizes:
        if np.mean([end.solved for end in ends(size)]) < 0.5:
            break
        last = size
    return last
