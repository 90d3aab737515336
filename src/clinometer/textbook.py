"""The gradient check of the textbooks: one step, one number, no error bar.

    numerical, error = gradient_check(f, x, analytical_grad)

It is here because everyone knows it. Its step is the same for every coordinate and its
verdict is left to the reader; `clinometer.check` chooses steps and says how far the
numbers can be trusted.

x : NumPy array of any shape, or nested lists of floats; real and floating-point. It is
    never written to: f gets a copy at each evaluation.
f : takes such an array and returns a single real number.
epsilon : the step in units of x, > 0.

All functions of f raise InputError where these rules are broken or a step vanishes
beside a coordinate, and FunctionError where f raises, is not finite or writes into its
argument; the message names the point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clinometer.arrays import is_array, library, to_float64
from clinometer.errors import FunctionError, InputError
from clinometer.evaluate import Function
from clinometer.stencil import Stencil, backward, central, forward

__all__ = [
    "backward_difference",
    "central_difference",
    "forward_difference",
    "gradient_check",
    "relative_error",
]

Floats = NDArray[np.float64]
Scalar = Callable[[NDArray[Any]], Any]

EPSILON = 1e-7
"""Step of the textbooks, in units of x. For x and f of size 1 in double precision the
central difference then errs by about 1e-9, nearly all of it rounding."""


def gradient_check(  # noqa: PLR0917 (the signature by which it is known)
    f: Scalar, x: ArrayLike, analytical_grad: ArrayLike, epsilon: float = EPSILON
) -> tuple[Floats, float]:
    """Central differences of f at x, and their relative distance from a gradient.

    analytical_grad : the gradient claimed at x, of its shape.
    Returns (numerical_grad, relative_error): a float64 array of x's shape, from two
    evaluations per entry, and ‖n - a‖₂ / (‖n‖₂ + ‖a‖₂); see `relative_error`.

        >>> numerical, error = gradient_check(
        ...     lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 4.0], [6.0, 8.0]
        ... )
        >>> numerical.round(6).tolist(), error < 1e-8
        ([6.0, 8.0], True)
    """
    at = _point(x)
    claimed = _gradient(analytical_grad, "analytical_grad")
    if claimed.shape != at.shape:
        raise InputError(
            f"analytical_grad must have the shape {at.shape} of x, got {claimed.shape}"
        )
    numerical = _difference(f, at, central(), epsilon=epsilon)
    return numerical, relative_error(numerical, claimed)


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    """Distance between two gradients, relative to their size: from 0 to 1.

    a, b : real and finite, of one shape; numbers, nested lists or arrays.
    Returns ‖a - b‖₂ / (‖a‖₂ + ‖b‖₂), dimensionless; 0 where both are zero. The largest
    entry is scaled to about 1 first, by a power of two: nothing overflows, and the unit
    of the gradient makes no difference.
    Raises InputError where shapes differ or an entry is not a finite real number.
    """
    first, second = _gradient(a, "a"), _gradient(b, "b")
    if first.shape != second.shape:
        raise InputError(
            f"gradients must have one shape, got {first.shape} and {second.shape}"
        )
    largest = max(np.max(np.abs(first)), np.max(np.abs(second)))
    if largest == 0.0:
        return 0.0
    exponent = int(np.frexp(largest)[1])
    first, second = np.ldexp(first, -exponent), np.ldexp(second, -exponent)
    size = np.linalg.norm(first) + np.linalg.norm(second)
    return float(np.linalg.norm(first - second) / size)


def central_difference(f: Scalar, x: ArrayLike, epsilon: float = EPSILON) -> Floats:
    """Gradient of f at x from (f(x + ε eᵢ) - f(x - ε eᵢ)) / 2ε: 2 n evaluations.

    Returns a float64 array of x's shape, in units of f / x.
    """
    return _difference(f, _point(x), central(), epsilon=epsilon)


def forward_difference(f: Scalar, x: ArrayLike, epsilon: float = EPSILON) -> Floats:
    """Gradient of f at x from (f(x + ε eᵢ) - f(x)) / ε: n + 1 evaluations.

    Returns a float64 array of x's shape, in units of f / x.
    """
    return _difference(f, _point(x), forward(), epsilon=epsilon)


def backward_difference(f: Scalar, x: ArrayLike, epsilon: float = EPSILON) -> Floats:
    """Gradient of f at x from (f(x) - f(x - ε eᵢ)) / ε: n + 1 evaluations.

    Returns a float64 array of x's shape, in units of f / x.
    """
    return _difference(f, _point(x), backward(), epsilon=epsilon)


@final
@dataclass(frozen=True, eq=False)
class _Plan:
    """The points of one stencil along each coordinate; x itself only once.

    x : (n) the base point.
    places : (K, n) where each coordinate goes for each offset that is not 0.
    base : 1 if f is needed at x itself, else 0; that point comes first.
    name : the printable name of a coordinate, by its number.
    """

    x: Floats
    places: Floats
    base: int
    name: Callable[[int], str]

    @property
    def count(self) -> int:
        """How many points."""
        return self.base + self.places.size

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""
        moved = np.arange(max(start, self.base), stop)
        coordinate, offset = np.divmod(moved - self.base, len(self.places))
        rows = np.tile(self.x, (stop - start, 1))
        rows[moved - start, coordinate] = self.places[offset, coordinate]
        return rows

    def describe(self, point: int) -> str:
        """Where a point lies, in words for an error message."""
        if point < self.base:
            return "x"
        coordinate, offset = divmod(point - self.base, len(self.places))
        place = float(self.places[offset, coordinate])
        return f"x with {self.name(coordinate)} = {place!r}"


def _difference(
    f: Scalar, x: NDArray[Any], stencil: Stencil, *, epsilon: float
) -> Floats:
    """Gradient of f by a stencil on a line, its offsets rising."""
    if not _is_step(epsilon):
        raise InputError(f"epsilon must be positive and finite, got {epsilon!r}")
    function = Function(f, x, scalar="a gradient")
    offsets = stencil.offsets[:, 0]
    with np.errstate(over="ignore"):  # what leaves the range of x's dtype is refused
        places = to_float64(stencil.points(x.reshape(-1), epsilon))
    _require_steps(places, x, epsilon, name=function.layout.place)

    moving = offsets != 0.0
    base = int(not moving.all())
    plan = _Plan(function.x, places[moving], base, function.layout.place)
    found = function.values(plan)[:, 0]
    _require_values(found, plan, function.fault)

    values = np.empty_like(places)
    values[moving] = found[base:].reshape(x.size, -1).T
    values[~moving] = found[:base, None]
    # f saw x rounded to its dtype: divide by the step that was made, not by epsilon.
    steps = (places[-1] - places[0]) / (offsets[-1] - offsets[0])
    return stencil.combine(values, steps).reshape(x.shape)


def _is_step(epsilon: Any) -> bool:
    numbers: tuple[type[Any], ...] = (int, float, np.integer, np.floating)
    is_number = isinstance(epsilon, numbers) and not isinstance(epsilon, bool)
    return is_number and bool(0.0 < epsilon < np.inf)


def _require_steps(
    places: Floats, x: NDArray[Any], epsilon: float, *, name: Callable[[int], str]
) -> None:
    """Raise InputError unless epsilon moves every coordinate, and keeps it finite."""
    moves = np.all(np.diff(places, axis=0) > 0.0, axis=0) & np.isfinite(places).all(
        axis=0
    )
    if moves.all():
        return
    first = int(np.flatnonzero(~moves)[0])
    raise InputError(
        f"epsilon must move every coordinate, got {epsilon!r}, which vanishes beside "
        f"{name(first)} = {x.flat[first]!r} in {x.dtype}; take a larger epsilon, or "
        "clinometer.gradient, which chooses steps"
    )


def _require_values(
    found: Floats, plan: _Plan, fault: tuple[str, Exception] | None
) -> None:
    """Raise FunctionError unless f returned finite values, naming the point."""
    if fault is not None:
        place, error = fault
        raise FunctionError(
            f"f must be defined around x, but at {place} it raised "
            f"{type(error).__name__}: {error}"
        ) from error
    bad = np.flatnonzero(~np.isfinite(found))
    if bad.size:
        raise FunctionError(
            f"f must be finite around x, got {found[bad[0]]} at "
            f"{plan.describe(int(bad[0]))}"
        )


def _point(x: ArrayLike) -> NDArray[Any]:
    """x as a NumPy array; that it is real and floating is for `Function` to check."""
    if is_array(x) and library(x) != "numpy":
        raise InputError(
            f"x must be a NumPy array or nested lists of floats, got a {library(x)} "
            "array; clinometer.gradient and clinometer.check take those"
        )
    return _array(x, "x")


def _gradient(given: ArrayLike, name: str) -> Floats:
    """A gradient as float64: finite real numbers, integers welcome."""
    if callable(given):
        raise InputError(f"{name} must be an array, got a function; call it at x")
    values = to_float64(given if is_array(given) else _array(given, name))
    if not values.size:
        raise InputError(f"{name} must hold at least one number, got {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"{name} must be finite, got {values.tolist()}")
    return values


def _array(given: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except (TypeError, ValueError) as reason:  # lists of unequal length
        raise InputError(
            f"{name} must be an array or nested lists of numbers, got {given!r}"
        ) from reason
