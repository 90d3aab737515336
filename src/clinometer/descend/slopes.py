"""Where a descent gets its gradient from: formula, autodiff, or differences.

A slope is a value that says how; `look` asks f, counts what that took, and returns f(x)
with the gradient. A slope that evaluates f at x itself does so once for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import constant, to_float64
from clinometer.derivative import gradient
from clinometer.descend.objective import Objective, Seen
from clinometer.errors import FunctionError, InputError
from clinometer.ladder import coordinates

__all__ = [
    "Analytic",
    "Barred",
    "CentralDifferences",
    "ForwardDifferences",
    "RandomDirections",
    "Slope",
]

Floats: TypeAlias = NDArray[np.float64]

UNKNOWN = float("inf")
"""The error of a gradient without a bar."""


class Slope(Protocol):
    """A way to a gradient; its text names it with its parameters."""

    def look(self, at: Objective, x: Floats) -> Seen:
        """The loss and the gradient at a point (n)."""
        ...


@final
@dataclass(frozen=True, eq=False)
class Analytic:
    """The gradient from a formula, or from the autodiff of x's library.

    gradient : function of x that returns a tree like x. None: reverse mode of torch or
        JAX, which gives f(x) along with it.
    """

    gradient: Callable[..., Any] | None = None

    def look(self, at: Objective, x: Floats) -> Seen:
        """f and its gradient; one evaluation and one gradient.

        Raises InputError where NumPy has no autodiff, or where the gradient is no tree
        like x.
        """
        if self.gradient is None:
            return _by_autodiff(at, x)
        loss = at.loss(x)
        at.count(gradients=1, other=float("nan"))  # nobody knows a formula's price
        found = self.gradient(at.tree(x))
        return Seen(loss, at.vector(found, "gradient"), UNKNOWN)

    def __str__(self) -> str:
        return "analytic" if self.gradient is None else "analytic, by formula"


def _by_autodiff(at: Objective, x: Floats) -> Seen:
    """Loss and gradient by one recording and one way back."""
    scalar = at.listed()
    values, pull = at.engine.vjp(lambda leaves: [scalar(leaves)], at.leaves(x))
    (value,) = values
    if tuple(np.shape(value)) != ():
        raise InputError(
            "minimise needs an f that returns a single number, got shape "
            f"{tuple(np.shape(value))}; reduce it in f, as by a sum"
        )
    at.count(evaluations=1, gradients=1)
    found = np.zeros(at.layout.size)
    slopes = pull([constant(1.0, value)])
    for where, slope in zip(at.layout.slices(), slopes, strict=True):
        if slope is not None:
            found[where] = to_float64(slope).reshape(-1)
    return Seen(float(to_float64(value)), found, UNKNOWN)


@final
@dataclass(frozen=True)
class ForwardDifferences:
    """(f(x + h) - f(x)) / h for every entry: n + 1 evaluations.

    step : h over the size of an entry. None: 2 sqrt(u), which is best where f'' is as
        large as f over the square of that size; u is the roundoff of f's values.
    """

    step: float | None = None

    def __post_init__(self) -> None:
        """Raises InputError for a step that is not positive."""
        _require_step(self.step)

    def look(self, at: Objective, x: Floats) -> Seen:
        """f and its gradient by forward differences."""
        loss = at.loss(x)
        h = _steps(at, x, self.step or 2 * at.roundoff**0.5)
        values, moves = _shifted(at, x, h)
        return Seen(loss, (values - loss) / moves, UNKNOWN)

    def __str__(self) -> str:
        return "forward differences" + _with_step(self.step)


@final
@dataclass(frozen=True)
class CentralDifferences:
    """(f(x + h) - f(x - h)) / 2h for every entry: 2 n evaluations, and one of f(x).

    step : h over the size of an entry. None: the cube root of 3 u, which is best where
        f''' is as large as f over the cube of that size.
    """

    step: float | None = None

    def __post_init__(self) -> None:
        """Raises InputError for a step that is not positive."""
        _require_step(self.step)

    def look(self, at: Objective, x: Floats) -> Seen:
        """f and its gradient by central differences."""
        loss = at.loss(x)
        h = _steps(at, x, self.step or (3 * at.roundoff) ** (1 / 3))
        above, up = _shifted(at, x, h)
        below, down = _shifted(at, x, -h)
        return Seen(loss, (above - below) / (up - down), UNKNOWN)

    def __str__(self) -> str:
        return "central differences" + _with_step(self.step)


@final
@dataclass(frozen=True)
class Barred:
    """`clinometer.gradient`: some 8 evaluations an entry, and a bar with each.

    rtol : bar over value at which an entry is left alone.
    """

    rtol: float = 1e-10

    def __post_init__(self) -> None:
        """Raises InputError for a tolerance out of range."""
        if not 0 < self.rtol < 1:
            raise InputError(f"rtol must lie between 0 and 1, got {self.rtol!r}")

    def look(self, at: Objective, x: Floats) -> Seen:
        """f, its gradient, and the norm of the bars; an entry without one is zero."""
        loss = at.loss(x)
        nothing = Seen(loss, np.full(len(x), np.nan), UNKNOWN)
        if not np.isfinite(loss):
            return nothing
        try:
            found = gradient(
                at.f, at.tree(x), **(at.options_at(x) | {"rtol": self.rtol})
            )
        except FunctionError:  # as where f is finite at x alone
            return nothing
        at.count(evaluations=found.evaluations)
        value = at.vector(found.value, "gradient")
        error = at.vector(found.error, "error")
        return Seen(loss, value, float(np.linalg.norm(error)))

    def __str__(self) -> str:
        return f"with error bars, rtol {self.rtol:g}"


@final
@dataclass(frozen=True)
class RandomDirections:
    """Mean of differences along random directions (SPSA): 2 evaluations a direction.

    directions : how many, each of random signs.
    step : h over the root mean square of the entries' sizes. None: as for central
        differences.
    seed : of the signs; each point of a descent draws its own.

    The mean over the signs is the gradient; one direction alone is off by about
    sqrt(n - 1) times its norm. Source: Spall 1992, IEEE Trans. Automat. Contr. 37, 332.
    """

    directions: int = 1
    step: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InputError for a number out of its range."""
        if type(self.directions) is not int or self.directions < 1:
            raise InputError(
                f"directions must be a whole number >= 1, got {self.directions!r}"
            )
        if type(self.seed) is not int or self.seed < 0:
            raise InputError(f"seed must be a whole number >= 0, got {self.seed!r}")
        _require_step(self.step)

    def look(self, at: Objective, x: Floats) -> Seen:
        """f and a random estimate of its gradient."""
        loss = at.loss(x)
        random = np.random.default_rng([self.seed, at.counts.looks])
        signs = random.choice([-1.0, 1.0], (self.directions, len(x)))
        size = float(np.sqrt(np.mean(np.square(at.sizes(x)))))
        h = size * (self.step or (3 * at.roundoff) ** (1 / 3))
        values = at.values(np.concatenate([x + h * signs, x - h * signs]))
        slopes = (values[: self.directions] - values[self.directions :]) / (2 * h)
        return Seen(loss, slopes @ signs / self.directions, UNKNOWN)

    def __str__(self) -> str:
        many = "direction" if self.directions == 1 else "directions"
        named = f"{self.directions} random {many}, seed {self.seed}"
        return named + _with_step(self.step)


def _steps(at: Objective, x: Floats, relative: float) -> Floats:
    """(n) steps of entries, relative to their sizes, that x can take exactly."""
    lines = coordinates(at.layout, x, at.sizes(x), free=True)
    return lines.representable((relative * lines.scale)[None])[0]


def _shifted(at: Objective, x: Floats, h: Floats) -> tuple[Floats, Floats]:
    """(n) f with one entry moved by its h, and (n) how far it really went."""
    lines = coordinates(at.layout, x, np.abs(h), free=True)
    values = at.function.values(lines.points(np.arange(len(x)), h))
    return values[:, 0], lines.arrived(h[None])[0]


def _require_step(step: float | None) -> None:
    if step is not None and not 0 < step < 1:
        raise InputError(
            f"step is relative to the size of an entry and must lie between 0 and 1, "
            f"got {step!r}; omit it to have one chosen"
        )


def _with_step(step: float | None) -> str:
    return "" if step is None else f", step {step:g}"
