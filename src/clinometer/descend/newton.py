"""Newton's rule, with a Hessian from differences, from autodiff, or from a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.objective import Memory, Seen
from clinometer.descend.rules import Ask
from clinometer.errors import InputError

__all__ = ["Newton"]

Floats: TypeAlias = NDArray[np.float64]

FLAT = 1e-8
"""Curvatures below this share of the largest count as so large: a step along them would
be the rounding of the others, magnified."""

SUFFICIENT = 1e-4
"""Share of the decrease that the slope promises with which a step is taken.
Source: Nocedal & Wright, Numerical Optimization (2nd ed.), sec. 3.1."""

HALVINGS = 40
"""Halvings of a step before Newton's rule gives up."""

ROUNDINGS = 4
"""Roundoffs of f within which two values count as equal."""


@final
@dataclass(frozen=True, eq=False)
class Newton:
    """x ← x - t |H|⁻¹ gradient, t halved from 1 until f decreases sufficiently.

    exact : whether H comes from the autodiff of torch or JAX, one product a column;
        otherwise from differences, some 8 n**2 evaluations, or from `hessian`.
    hessian : function of x that returns H, a tree like x of trees like x (of shape
        S + S for one array of shape S).

    In place of H stands the matrix with its eigenvectors and the sizes of its
    eigenvalues: where f is convex that is H, elsewhere it still leads downhill. It
    takes n**3 operations and n**2 memory.

    Source: Nocedal & Wright, Numerical Optimization (2nd ed.), sec. 3.4.
    """

    exact: bool = False
    hessian: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Raises InputError if two sources of H are asked for at once."""
        if self.exact and self.hessian is not None:
            raise InputError(
                "Newton takes its Hessian from autodiff (exact=True) or from the "
                "function hessian, got both; drop one"
            )

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop, or until no step lowers f."""
        if memory is None:
            x = ask.start
            seen = ask.look(x)
            ask.tell(x, seen, _kept(x, seen))
        else:
            x, slope = memory["x"], memory["gradient"]
            seen = Seen(float(memory["loss"]), slope, float("inf"))
        while True:
            way = _downhill(self._matrix(ask, x), seen.gradient)
            found = _shortened(ask, x, way, seen=seen)
            if found is None:
                return f"no step along Newton's direction lowers f ({HALVINGS} tried)"
            x = found
            seen = ask.look(x)
            ask.tell(x, seen, _kept(x, seen))

    def _matrix(self, ask: Ask, x: Floats) -> Floats:
        if self.hessian is not None:
            return ask.given_hessian(self.hessian, x)
        return ask.autodiff_hessian(x) if self.exact else ask.hessian(x)

    def __str__(self) -> str:
        if self.hessian is not None:
            return "Newton, Hessian by formula"
        return "Newton, exact Hessian" if self.exact else "Newton, numerical Hessian"


def _kept(x: Floats, seen: Seen) -> Memory:
    return {"x": x, "gradient": seen.gradient, "loss": np.array(seen.loss)}


def _downhill(hessian: Floats, slope: Floats) -> Floats:
    """(n) -|H|⁻¹ slope; the gradient's own direction where H is not finite."""
    if not (np.isfinite(hessian).all() and np.isfinite(slope).all()):
        return -slope
    curvature, basis = np.linalg.eigh((hessian + hessian.T) / 2)
    size = np.abs(curvature)
    most = float(size.max())
    if most == 0:
        return -slope
    return -basis @ ((basis.T @ slope) / np.maximum(size, FLAT * most))


def _shortened(ask: Ask, x: Floats, way: Floats, *, seen: Seen) -> Floats | None:
    """The point along the way where f has decreased enough; None if none has."""
    promised = float(seen.gradient @ way)
    slack = ROUNDINGS * ask.roundoff * abs(seen.loss)
    t = 1.0
    for _ in range(HALVINGS):
        trial = ask.rounded(x + t * way)
        if np.array_equal(trial, x):
            return None
        if ask.loss(trial) <= seen.loss + SUFFICIENT * t * promised + slack:
            return trial
        t /= 2
    return None
