"""Minimisers as they are called here: f with noise, a start, a budget."""

from __future__ import annotations

import enum
import warnings
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.noisy.problem import Problem
from clinometer.descend.noisy import noise_aware_lbfgs

Floats = NDArray[np.float64]

DEFAULT_STEP = 1.5e-8
"""Step of SciPy's forward differences, sqrt of the rounding of float64."""


class Spent(Exception):  # noqa: N818 - not an error: the budget did its work
    """The budget of evaluations is used up."""


class Kind(enum.Enum):
    """How noise of a level e is added to f; xi and u are new at each evaluation."""

    RELATIVE = "f(x) (1 + e xi), xi normal of variance 1"
    CONSTANT = "f(x) + e (f(x0) - f*) u, u uniform of variance 1"


@final
@dataclass(frozen=True)
class Noise:
    """Noise of f: its level, dimensionless, and what it is relative to."""

    level: float
    kind: Kind = Kind.RELATIVE


@final
class Noisy:
    """A problem's f with noise, up to a budget of evaluations."""

    def __init__(
        self, problem: Problem, noise: Noise, *, seed: int, budget: int
    ) -> None:
        self._problem, self._noise = problem, noise
        self._random = np.random.default_rng([seed, problem.number])
        self._constant = noise.level * problem.descent
        self.level, self.budget = noise.level, budget
        self.evaluations = 0

    def __call__(self, x: Floats) -> float:
        """A value with noise; raises Spent past the budget."""
        if self.evaluations >= self.budget:
            raise Spent
        self.evaluations += 1
        value = self._problem.value(x)
        if self._noise.kind is Kind.RELATIVE:
            return value * (1 + self._noise.level * self._random.normal())
        half = np.sqrt(3.0)
        return value + self._constant * self._random.uniform(-half, half)


@final
@dataclass(frozen=True)
class Solver:
    """A method of `scipy.optimize.minimize`.

    limit : name of the option that bounds evaluations, if the method has one.
    jac : as minimize takes it.
    told : whether it is told the noise, as the step sqrt(level) of its differences.
    """

    name: str
    method: Any
    limit: str | None = None
    jac: str | None = None
    told: bool = False

    def solve(self, f: Noisy, start: Floats) -> Floats:
        """(n) where it ends; where the budget ends first, its last iterate."""
        last = [start]

        def keep(intermediate_result: Any) -> None:
            last[0] = np.array(intermediate_result.x)

        options: dict[str, Any] = {}
        if self.told:
            options["eps"] = max(np.sqrt(f.level), DEFAULT_STEP)
        if self.limit is not None:
            options[self.limit] = f.budget
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                found: Any = minimize(
                    f,
                    start,
                    method=self.method,
                    jac=self.jac,
                    callback=keep,
                    options=options,
                )
            except Spent:
                return last[0]
        return np.asarray(found.x, np.float64)


OURS = Solver("noise-aware", noise_aware_lbfgs, limit="maxfev")
"""clinometer's, at its defaults: it is not told the noise."""

RIVALS = (
    Solver("L-BFGS-B", "L-BFGS-B", limit="maxfun"),
    Solver("L-BFGS-B, 2-point", "L-BFGS-B", limit="maxfun", jac="2-point"),
    Solver("BFGS", "BFGS"),
    Solver("Nelder-Mead", "Nelder-Mead", limit="maxfev"),
)
"""SciPy's, at their defaults but for the budget."""

TOLD = (
    Solver("L-BFGS-B, told", "L-BFGS-B", limit="maxfun", told=True),
    Solver("BFGS, told", "BFGS", told=True),
)
"""SciPy's with steps that suit the noise, which they are told."""
