"""Minimisers as they are called here: f with noise, a start, a budget."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.noisy.problem import Problem

Floats = NDArray[np.float64]

SIMPLEX_GRADIENTS = 100
"""Budget in units of n + 1 evaluations, as in Moré & Wild 2009, SIAM J. Optim. 20."""


class Spent(Exception):  # noqa: N818 - not an error: the budget did its work
    """The budget of evaluations is used up."""


@final
class Noisy:
    """f times (1 + noise * a normal number), new at each call, up to a budget."""

    def __init__(
        self, problem: Problem, noise: float, *, seed: int, budget: int | None = None
    ) -> None:
        self._problem, self._noise = problem, noise
        self._random = np.random.default_rng([seed, problem.number])
        self.budget = budget or SIMPLEX_GRADIENTS * (problem.size + 1)
        self.evaluations = 0

    def __call__(self, x: Floats) -> float:
        """A value with noise."""
        if self.evaluations >= self.budget:
            raise Spent
        self.evaluations += 1
        return self._problem.value(x) * (1 + self._noise * self._random.normal())


@final
@dataclass(frozen=True)
class Solver:
    """A method of `scipy.optimize.minimize`.

    limit : name of the option that bounds evaluations, if the method has one.
    jac : as minimize takes it.
    """

    name: str
    method: Any
    limit: str | None = None
    jac: str | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def solve(self, f: Noisy, start: Floats) -> Floats:
        """Where it ends; where the budget ends, its last iterate."""
        last = [start]

        def keep(intermediate_result: Any) -> None:
            last[0] = np.array(intermediate_result.x)

        options = dict(self.options)
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


Method = Callable[..., Any]

RIVALS = (
    Solver("L-BFGS-B", "L-BFGS-B", limit="maxfun"),
    Solver("L-BFGS-B, jac='2-point'", "L-BFGS-B", limit="maxfun", jac="2-point"),
    Solver("BFGS", "BFGS"),
    Solver("Nelder-Mead", "Nelder-Mead", limit="maxfev"),
)
"""SciPy's, at their defaults but for the budget."""
