"""The stencil as a value, and what it does with arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import Array, is_array, namespace
from clinometer.errors import InputError
from clinometer.stencil.moments import Exponents, Vector, truncation
from clinometer.stencil.traced import Row, divide, plan, require_values, weigh

__all__ = ["Stencil"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Stencil:
    """Offsets and weights that measure a derivative; equal ones are equal and hash so.

    offsets : (K, D) or (K) where to look, distinct, in units of the step h.
    weights : (G, K) or (K) what to multiply the values with, dimensionless.
    derivative : the power of h to divide by, >= 0: the order of the derivative.

    In one dimension (D = 1) there is one row, G = 1, and it measures the derivative of
    that order at 0. In more, derivative = 1, G = D, and row g measures the slope along
    axis g. Computed from the moments, never taken on trust:

    order : p >= 1 in error = O(h**p), the least of all rows.
    error_constant : C >= 0 in |error| <= C h**p max |∂**α f| + O(h**(p + 1)), where
        |α| = derivative + p; the largest of the rows of that order.

    Under `jax.jit` it may be a static argument; `torch.compile` takes one that was made
    outside of the compiled function.

    Raises InputError where shapes do not fit, numbers are not finite, offsets repeat,
    or a moment shows that the weights do not measure the derivative.
    """

    offsets: Vector
    weights: Vector
    derivative: int = 1
    order: int = field(init=False)
    error_constant: float = field(init=False)
    _rows: tuple[Row, ...] = field(init=False)
    _laplacian_weight: float | None = field(init=False)

    def __post_init__(self) -> None:
        offsets, weights = _checked(self)
        errors = [
            truncation(offsets, row, _power(len(weights), axis, self.derivative))
            for axis, row in enumerate(weights)
        ]
        order = min(error.order for error in errors)
        computed = {
            "offsets": offsets,
            "weights": weights,
            "order": order,
            "error_constant": max(e.constant for e in errors if e.order == order),
            "_rows": tuple(_row(row) for row in weights),
            "_laplacian_weight": _laplacian_weight(offsets),
        }
        for name, value in computed.items():
            object.__setattr__(self, name, value)

    # --- what it is -----------------------------------------------------------

    @property
    def dimensions(self) -> int:
        """D, the number of axes the offsets are measured along."""
        return self.offsets.shape[1]

    @property
    def noise_gain(self) -> float:
        """2-norm of the weights, the largest of all rows.

        Independent noise of standard deviation s in the values becomes one of
        noise_gain * s / h**derivative in the result.
        """
        return float(np.max(np.linalg.norm(self.weights, axis=1)))

    @property
    def laplacian_order(self) -> int:
        """Order of accuracy of `laplacian`, computed from the moments.

        Raises InputError where the offsets give no laplacian.
        """
        weight = self._require_laplacian()
        offsets = np.vstack([self.offsets, np.zeros(self.dimensions)])
        weights = np.append(np.full(len(self.offsets), weight), 0.0)
        weights[-1] = -math.fsum(weights)
        squares = [_power(self.dimensions, axis, 2) for axis in range(self.dimensions)]
        return truncation(offsets, weights, *squares).order

    def moment(self, powers: int | Sequence[int]) -> Vector:
        """Moment of each row: how much of one derivative of f there is in the result.

        powers : α, one power per dimension; a single number where D = 1.
        Returns (G) Σ_k w_k o_k**α / α!: what multiplies h**(|α| - derivative) ∂**α f.
        """
        alpha = np.atleast_1d(np.asarray(powers))
        if alpha.shape != (self.dimensions,) or alpha.dtype.kind not in "iu":
            raise InputError(
                f"powers must be {self.dimensions} integers, one per dimension, "
                f"got {powers!r}"
            )
        factorial = math.prod(math.factorial(power) for power in alpha.tolist())
        return self.weights @ np.prod(self.offsets**alpha, axis=1) / factorial

    # --- what it does ---------------------------------------------------------

    def points(self, x: Array, h: Array, directions: Array | None = None) -> Array:
        """Where to evaluate: x + h * offset, for each offset.

        x : (..., N) points, floating; sets library, dtype and device. Where D = 1 and
            no directions are given: (...) points on a line, each number one point.
        h : number or (...) array that broadcasts, the step in units of x, > 0. Numbers
            and NumPy arrays are checked; tensors are trusted, as they may be traced.
        directions : (D, N) or (..., D, N) the axes the offsets are measured along, in
            units that h completes to those of x; also (N) where D = 1. The default is
            the coordinate axes, which needs N = D.
        Returns (K, ..., N), or (K, ...) for points on a line.
        Raises InputError where x is not real and floating, h is not positive and
        finite, shapes do not fit, or a NumPy array meets a torch tensor: through a
        NumPy step no gradient could flow.
        """
        return plan(self.offsets, x, h, directions=directions)

    def combine(self, values: Array, h: Array) -> Array:
        """The derivative, from the values at the points.

        values : (K, ...) f at `points(x, h)`, floating or complex.
        h : number or (...) array that broadcasts to values[0], the step, > 0.
        Returns (...) the derivative in units of f / x**derivative, where D = 1; else
        (D, ...) the gradient, one row per axis.

        Differences come first and are then weighted: values of nearly one size are
        subtracted without rounding, a constant f gives exactly 0, and a tap of weight 0
        is not touched, so a NaN there stays there.
        Raises InputError as `points` does, and where values are not one per offset.
        """
        require_values(values, self.offsets)
        taps = list(values)
        total = float(self.derivative == 0)
        rows = [weigh(taps, row, total) for row in self._rows]
        result = rows[0] if self.dimensions == 1 else namespace(values).stack(rows)
        return divide(result, values, h, power=self.derivative)

    def laplacian(self, values: Array, centre: Array, h: Array) -> Array:
        """The sum of second derivatives along the axes, from the same taps.

        values : (K, ...) f at `points(x, h)`, floating or complex.
        centre : (...) f at x, of the same library, or a number.
        h : number or (...) array that broadcasts to values[0], the step, > 0.
        Returns (...) in units of f / x**2: Σ_k (f_k - f_0) * 2 D / Σ_k |o_k|**2 / h**2,
        which is exact for quadratic f. Its order is `laplacian_order`.
        Raises InputError as `combine` does, and where the offsets give no laplacian:
        they must sum to zero, and Σ o oᵀ must be a multiple of the identity.
        """
        weight = self._require_laplacian()
        require_values(values, self.offsets)
        xp = namespace(values, centre) if is_array(centre) else namespace(values)
        total = xp.sum(values - centre, axis=0)
        return divide(total * weight, values, h, power=2)

    def _require_laplacian(self) -> float:
        if self._laplacian_weight is None:
            raise InputError(
                "a laplacian needs offsets that sum to zero and reach equally far on "
                "all axes (Σ o oᵀ a multiple of the identity), got "
                f"{self.offsets.tolist()}; use central_gradient() or tetrahedral()"
            )
        return self._laplacian_weight

    # --- being a value --------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stencil) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        shape = self.weights.shape, self.offsets.shape
        return self.derivative, shape, self.offsets.tobytes(), self.weights.tobytes()

    def __repr__(self) -> str:
        return (
            f"Stencil(offsets={len(self.offsets)}, dimensions={self.dimensions}, "
            f"derivative={self.derivative}, order={self.order})"
        )

    def __reduce__(self) -> tuple[type[Stencil], tuple[Vector, Vector, int]]:
        # Through the constructor, so that a copy's arrays are read-only as well.
        return Stencil, (self.offsets, self.weights, self.derivative)


def _numbers(given: object, name: str) -> NDArray[np.float64]:
    """A float64 copy of one or two axes, finite, without -0.0."""
    try:
        array = np.array(given, dtype=np.float64) + 0.0
    except (TypeError, ValueError) as reason:
        raise InputError(
            f"{name} must be real numbers in one or two axes, got {given!r}"
        ) from reason
    if array.ndim not in {1, 2} or not array.size or not np.all(np.isfinite(array)):
        raise InputError(
            f"{name} must be finite numbers in one or two axes, got {given!r}"
        )
    return array


def _checked(stencil: Stencil) -> tuple[Vector, Vector]:
    """Offsets (K, D) and weights (G, K) of a new stencil, read-only copies.

    Raises InputError as the class says, the moments apart.
    """
    derivative = stencil.derivative
    if type(derivative) is not int or derivative < 0:
        raise InputError(f"derivative must be an integer >= 0, got {derivative!r}")
    offsets = _numbers(stencil.offsets, "offsets")
    offsets = offsets[:, None] if offsets.ndim == 1 else offsets
    weights = np.atleast_2d(_numbers(stencil.weights, "weights"))
    count, dimensions = offsets.shape
    if len({row.tobytes() for row in offsets}) < count:
        raise InputError(f"offsets must be distinct, got {offsets.tolist()}")
    if weights.shape != (dimensions, count):
        raise InputError(
            f"weights must have the shape ({dimensions}, {count}), a row per dimension "
            f"and an entry per offset, got {weights.shape}"
        )
    if dimensions > 1 and derivative != 1:
        raise InputError(
            f"in {dimensions} dimensions derivative must be 1, got {derivative}; "
            "for higher ones use a stencil in one dimension along directions"
        )
    for array in (offsets, weights):
        array.flags.writeable = False
    return offsets, weights


def _power(dimensions: int, axis: int, power: int) -> Exponents:
    """The multi-index of a power of one coordinate."""
    return tuple(power * (axis == other) for other in range(dimensions))


def _row(weights: Vector) -> Row:
    return tuple((k, weight) for k, weight in enumerate(weights.tolist()) if weight)


def _laplacian_weight(offsets: Vector) -> float | None:
    """Weight of every difference to the centre that makes the laplacian, if one does.

    offsets : (K, D).
    Σ_k (f_k - f_0) is h Σ o·∇f + h²/2 Σ o oᵀ : ∇∇f + ..., so the first sum must vanish
    and the second be s times the identity; then the weight is 2 / s.
    """
    count, dimensions = offsets.shape
    second = offsets.T @ offsets
    size = float(np.trace(second))
    # A sum of count products, each rounded: no exact zero, but no more than this.
    rounding = 2 * count * 2.0**-53
    drift = np.max(np.abs(offsets.sum(axis=0)))
    skew = np.max(np.abs(second - np.eye(dimensions) * size / dimensions))
    if drift > rounding * np.sum(np.abs(offsets)) or skew > rounding * size or not size:
        return None
    return 2 * dimensions / size
