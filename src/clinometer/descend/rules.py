"""Rules that turn gradients into steps, as values: gradient descent, momentum, Adam.

A rule asks for losses and slopes and tells of every iteration; what it tells of may end
the descent, by an exception that is not the rule's to catch. What it has to remember it
tells as well, as arrays by name, so that it can go on from there to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.objective import Memory, Seen
from clinometer.descend.stop import require_rate

__all__ = ["Adam", "Ask", "GradientDescent", "Momentum", "Rule"]

Floats: TypeAlias = NDArray[np.float64]


class Ask(Protocol):
    """What a rule may ask, and whom it tells."""

    @property
    def start(self) -> Floats:
        """(n) x0."""
        ...

    @property
    def roundoff(self) -> float:
        """Unit roundoff of f's values; known once f has been asked."""
        ...

    def rounded(self, x: Floats) -> Floats:
        """(n) the nearest point in the dtypes of x0."""
        ...

    def loss(self, x: Floats) -> float:
        """F at a point (n); NaN where it has no value."""
        ...

    def look(self, x: Floats) -> Seen:
        """f and its gradient at a point (n)."""
        ...

    def hessian(self, x: Floats) -> Floats:
        """(n, n) second derivatives by differences, from clinometer.hessian."""
        ...

    def autodiff_hessian(self, x: Floats) -> Floats:
        """(n, n) second derivatives by the library of x.

        Raises InputError for NumPy, or where f cannot be differentiated twice.
        """
        ...

    def given_hessian(self, hessian: Callable[..., object], x: Floats) -> Floats:
        """(n, n) second derivatives from a function of trees.

        Raises InputError unless it returns a tree like x of trees like x.
        """
        ...

    def tell(self, x: Floats, seen: Seen, memory: Memory) -> None:
        """An iteration is done. Ends the descent by an exception of its own."""
        ...


class Rule(Protocol):
    """A way from gradients to steps; its text names it with its parameters."""

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop, or return why the rule itself stopped.

        memory : what an earlier run told last; None at the start.
        """
        ...


Move: TypeAlias = Callable[[Floats, Memory], tuple[Floats, Memory]]
"""From a gradient (n) and what is remembered: the step (n), and what to remember."""


def _walk(ask: Ask, memory: Memory | None, move: Move) -> str:
    """One look an iteration, one step after it; never returns of its own."""
    if memory is None:
        x, kept = ask.start, {}
        seen = ask.look(x)
        ask.tell(x, seen, {"x": x, "gradient": seen.gradient})
        slope = seen.gradient
    else:
        x, slope = memory["x"], memory["gradient"]
        kept = {k: v for k, v in memory.items() if k not in {"x", "gradient"}}
    while True:
        step, kept = move(slope, kept)
        x = ask.rounded(x + step)
        seen = ask.look(x)
        slope = seen.gradient
        ask.tell(x, seen, {"x": x, "gradient": slope, **kept})


@final
@dataclass(frozen=True)
class GradientDescent:
    """x ← x - rate · gradient.

    rate : in units of x**2 / f, > 0.
    """

    rate: float

    def __post_init__(self) -> None:
        """Raises InputError for a rate that is not positive."""
        require_rate("rate", self.rate)

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop."""
        return _walk(ask, memory, lambda slope, kept: (-self.rate * slope, kept))

    def __str__(self) -> str:
        return f"gradient descent, rate {self.rate:g}"


@final
@dataclass(frozen=True)
class Momentum:
    """v ← decay · v - rate · gradient; x ← x + v.

    rate : in units of x**2 / f, > 0.
    decay : share of the last step that is taken again, in [0, 1).

    Source: Polyak 1964, USSR Comput. Math. Math. Phys. 4(5), 1-17.
    """

    rate: float
    decay: float = 0.9

    def __post_init__(self) -> None:
        """Raises InputError for a number out of its range."""
        require_rate("rate", self.rate)
        require_rate("decay", self.decay, below=1)

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop."""

        def move(slope: Floats, kept: Memory) -> tuple[Floats, Memory]:
            step = self.decay * kept.get("v", 0.0) - self.rate * slope
            return step, {"v": step}

        return _walk(ask, memory, move)

    def __str__(self) -> str:
        return f"momentum, rate {self.rate:g}, decay {self.decay:g}"


@final
@dataclass(frozen=True)
class Adam:
    """Steps of about `rate` in every entry, whatever the size of its gradient.

    rate : in units of x, > 0.
    mean, square : decay of the running means of the gradient and of its square, [0, 1).
    epsilon : added to the root of the latter, in units of f / x, > 0.

    Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.
    """

    rate: float = 1e-3
    mean: float = 0.9
    square: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Raises InputError for a number out of its range."""
        require_rate("rate", self.rate)
        require_rate("epsilon", self.epsilon)
        require_rate("mean", self.mean, below=1)
        require_rate("square", self.square, below=1)

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop."""
        return _walk(ask, memory, self._move)

    def _move(self, slope: Floats, kept: Memory) -> tuple[Floats, Memory]:
        count = int(kept.get("count", 0)) + 1
        first = self.mean * kept.get("first", 0.0) + (1 - self.mean) * slope
        second = self.square * kept.get("second", 0.0)
        second = second + (1 - self.square) * np.square(slope)
        size = np.sqrt(second / (1 - self.square**count)) + self.epsilon
        step = -self.rate * (first / (1 - self.mean**count)) / size
        return step, {"first": first, "second": second, "count": np.array(count)}

    def __str__(self) -> str:
        return (
            f"Adam, rate {self.rate:g}, means {self.mean:g} and {self.square:g}, "
            f"epsilon {self.epsilon:g}"
        )
