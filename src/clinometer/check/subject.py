"""f at x as a check sees it: its value, whether it repeats, how it changes nearby."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.place import Place, sizes_of
from clinometer.check.rays import Rays, here
from clinometer.check.upcast import upcast
from clinometer.check.verdict import ROUNDING, Change
from clinometer.errors import FunctionError
from clinometer.estimate import AMBIGUOUS, FAILED
from clinometer.evaluate import Function
from clinometer.measure import measure
from clinometer.paths import Paths
from clinometer.trees import Tree

__all__ = ["Slopes", "Subject"]

Floats: TypeAlias = NDArray[np.float64]

NEAR = 2.0**-4
"""Move that is small beside an entry, relative to its size: the ladder's first step."""

FAR = (1.0, 4.0)
"""Moves as large as the entries and larger, relative to their size."""


FINE = 1e-8
"""Bar over slope that is narrow enough, a hundredth of what is material in float64."""


@final
@dataclass(frozen=True, eq=False)
class Slopes:
    """Measured slopes along E lines.

    value, error : (E) in units of f / t; NaN and +inf where unknown.
    step : (E) finest step that each rests on, in units of t.
    code : (E) how each came out: place of its `Status` in `OUTCOMES`.
    """

    value: Floats
    error: Floats
    step: Floats
    code: NDArray[np.integer[Any]]

    @classmethod
    def none(cls, count: int) -> Slopes:
        """So many that are unknown."""
        unknown = np.full(count, np.nan)
        return cls(unknown, np.full(count, np.inf), unknown, np.full(count, FAILED))

    @classmethod
    def joined(cls, parts: Sequence[Slopes]) -> Slopes:
        """Those of the parts, one after the other."""
        return cls(
            value=np.concatenate([part.value for part in parts]),
            error=np.concatenate([part.error for part in parts]),
            step=np.concatenate([part.step for part in parts]),
            code=np.concatenate([part.code for part in parts]),
        )

    def part(self, where: slice | NDArray[np.bool_]) -> Slopes:
        """Some of them."""
        return Slopes(
            self.value[where], self.error[where], self.step[where], self.code[where]
        )

    def replaced(self, where: NDArray[np.bool_], other: Slopes) -> Slopes:
        """These, with the other's W in place of those at the W places of where."""
        value, error = self.value.copy(), self.error.copy()
        step, code = self.step.copy(), self.code.copy()
        value[where], error[where] = other.value, other.error
        step[where], code[where] = other.step, other.code
        return Slopes(value, error, step, code)

    def spanning(self, other: Slopes, where: NDArray[np.bool_]) -> Slopes:
        """These, with bars that hold the other's bars, too, at the places of where."""
        with np.errstate(invalid="ignore"):
            both = np.abs(self.value - other.value) + self.error + other.error
        both[np.isnan(both)] = np.inf
        error, code = self.error.copy(), self.code.copy()
        error[where], code[where] = both[where], AMBIGUOUS
        return Slopes(self.value, error, self.step, code)


@final
class Subject:
    """The function and the point of a check.

    place : x and the sizes of its entries.
    values : f(x) as often as it was asked for.
    native : f and x as the user gave them, if f is evaluated in float64 instead.
    """

    def __init__(
        self, function: Function, place: Place, native: Function | None = None
    ) -> None:
        """Evaluate f twice at x.

        Raises FunctionError if f raises there, or if its value is not finite.
        """
        self.function = function
        self.place = place
        self.native = native or function
        self.values: list[float] = []
        self.ask_again()
        self.ask_again()

    def ask_again(self) -> None:
        """Evaluate f at x once more, in a call of its own."""
        value = float(self.function.values(here(self.place))[0, 0])
        if not np.isfinite(value):
            self._raise(value)
        self.values.append(value)

    def _raise(self, value: float) -> None:
        fault = self.function.fault
        if fault is None:
            raise FunctionError(
                f"f(x) must be finite, got {value}; choose a point inside the domain "
                "of f"
            )
        where, error = fault
        raise FunctionError(
            f"f raised {type(error).__name__} at {where}: {error}"
        ) from error

    def finer(self, adapt: Callable[[Tree], Function], scale: Tree | None) -> Subject:
        """The same question with f in float64, if x is coarser and f takes it."""
        function = upcast(self.function, self.value, adapt)
        if function is None:
            return self
        return Subject(function, sizes_of(function.layout, scale), self.function)

    @property
    def value(self) -> float:
        """f(x), as it came first."""
        return self.values[0]

    @property
    def roundoff(self) -> float:
        """Unit roundoff of the coarsest dtype among x and f(x), as they were given."""
        return _coarsest(self.native)

    @property
    def grain(self) -> float:
        """What rounding may do to a value of f, in units of f."""
        return ROUNDING * _coarsest(self.function) * abs(self.value)

    @property
    def repeatable(self) -> bool:
        """Whether f gave the same value each time, up to rounding."""
        return max(self.values) - min(self.values) <= self.grain

    def measure(self, lines: Paths, rtol: float = FINE) -> Slopes:
        """Slopes of f along lines, with their bars.

        rtol : bar over slope at which a line is left alone, dimensionless.
        """
        found = measure(self.function, lines, rtol=rtol)
        return Slopes(
            value=found.value[:, 0],
            error=found.error[:, 0],
            step=found.step[:, 0],
            code=found.code[:, 0],
        )

    def change(self, lines: Rays) -> Change:
        """How f changes along the first of some directions; 6 evaluations.

        Moves that lead out of f's domain count as no change. Of the two small moves the
        one that changes f less counts: f may grow by orders of magnitude to one side.
        """
        moves = np.array([side * t for t in (NEAR, *FAR) for side in (1.0, -1.0)])
        points = lines.points(np.zeros(len(moves), np.intp), moves)
        values = self.function.values(points)[:, 0]
        changes = np.abs(values - self.value)
        changes[~np.isfinite(changes)] = 0.0
        return Change(
            near=float(changes[:2].min()) / NEAR,
            far=float(changes.max()),
        )


def _coarsest(function: Function) -> float:
    """Unit roundoff of the coarsest dtype among x and f(x)."""
    return max(function.outcome.roundoff, *function.layout.roundoff)
