"""The arithmetic of weights: Fornberg's recursion, moments, orders of accuracy.

The Taylor series of f turns a row of weights w at offsets o into

    Σ_k w_k f(x + h o_k) = Σ_α  m_α h**|α| ∂**α f(x),   m_α = Σ_k w_k o_k**α / α!

over all multi-indices α. So the moments m say which derivative the row measures, and
with which error.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError

__all__ = ["TOO_CLOSE", "Truncation", "fornberg", "moments", "truncation"]

TOO_CLOSE = (
    "offsets must be apart by more than the rounding of their weights shows, got {}; "
    "spread them"
)

Vector = NDArray[np.float64]
Exponents = tuple[int, ...]


@final
@dataclass(frozen=True)
class Truncation:
    """Leading error of a row of weights: constant * h**order * (derivative of f).

    order : least power of h that the error holds, >= 1.
    constant : Σ |m_α| over the leading multi-indices α, those of one degree.
    """

    order: int
    constant: float


def fornberg(offsets: Sequence[float], derivative: int) -> Vector:
    """Weights of a derivative at 0 that are exact on all polynomials they can be.

    offsets : K distinct numbers, K > derivative, in units of the step.
    derivative : order of the derivative, >= 0; 0 interpolates.
    Returns (K) the weights, each the double nearest to the exact one: the recursion
    runs in rational numbers, for in doubles it loses digits on irregular offsets.
    Raises InputError where a weight exceeds the range of doubles.
    Source: Fornberg 1988, Math. Comp. 51, 699-706, the recursion of its section 2.
    """
    at = [Fraction(offset) for offset in offsets]
    weights = [[Fraction(0)] * len(at) for _ in range(derivative + 1)]
    weights[0][0] = Fraction(1)
    last = Fraction(1)  # Π (at[n-1] - at[k]) over k < n - 1
    for n in range(1, len(at)):
        product = math.prod((at[n] - at[k] for k in range(n)), start=Fraction(1))
        # From high to low derivatives: each needs the next lower one of n - 1 offsets.
        for m in range(min(n, derivative), -1, -1):
            below = weights[m - 1][n - 1] if m else Fraction(0)
            new = last / product * (m * below - at[n - 1] * weights[m][n - 1])
            for k in range(n):
                lower = weights[m - 1][k] if m else Fraction(0)
                gap = at[n] - at[k]
                weights[m][k] = (at[n] * weights[m][k] - m * lower) / gap
            weights[m][n] = new
        last = product
    try:
        return np.array([float(weight) for weight in weights[derivative]])
    except OverflowError as reason:
        raise InputError(
            f"offsets must be apart by numbers of about 1, got {list(offsets)}; "
            "put their common factor into the step h"
        ) from reason


def moments(
    offsets: Vector, weights: Vector, degree: int
) -> dict[Exponents, tuple[float, float]]:
    """Moments of one degree that are not zero by their structure, and their size.

    offsets : (K, D) in units of the step.
    weights : (K) one row.
    Returns {α: (m_α, Σ_k |w_k o_k**α| / α!)}; the second says how large rounding can
    be. A multi-index appears only if some offset is non-zero along all of its axes:
    the others, most of them in many dimensions, vanish.
    """
    alive = {
        combination
        for offset in offsets[weights != 0]
        for combination in itertools.combinations_with_replacement(
            np.flatnonzero(offset).tolist(), degree
        )
    }
    found: dict[Exponents, tuple[float, float]] = {}
    for axes in sorted(alive):
        exponents = tuple(axes.count(axis) for axis in range(offsets.shape[1]))
        terms = weights * np.prod(offsets[:, list(axes)], axis=1)
        terms /= math.prod(math.factorial(power) for power in exponents)
        found[exponents] = math.fsum(terms), math.fsum(abs(terms))
    return found


def truncation(offsets: Vector, weights: Vector, *target: Exponents) -> Truncation:
    """Leading error of a row of weights that is meant to measure a derivative.

    offsets : (K, D) in units of the step.
    weights : (K) one row.
    target : multi-indices α of one degree |α|; their moments should be 1, all others 0.
    Raises InputError, naming the moment, if one of degree <= |α| is wrong.
    """
    derivative = sum(target[0])
    # The order does not depend on the unit of the offsets: powers of numbers up to 1
    # neither overflow nor, at the leading degree, vanish.
    unit = float(np.max(np.abs(offsets))) or 1.0
    near, scaled = offsets / unit, weights * unit**derivative
    # Polynomials of degree <= K separate K points, so one of these degrees has a moment
    # that is not zero; unless the only point is x itself, or rounding hides it.
    for degree in range(derivative + len(weights) + 1):
        found = moments(near, scaled, degree)
        wanted = dict.fromkeys(target, 1.0) if degree == derivative else {}
        wrong: dict[Exponents, float] = {}
        for exponents in found.keys() | wanted.keys():
            moment, size = found.get(exponents, (0.0, 0.0))
            excess = moment - wanted.get(exponents, 0.0)
            if abs(excess) > _rounding(size, degree, len(weights)):
                wrong[exponents] = excess
        if wrong and degree <= derivative:
            worst = max(wrong, key=lambda exponents: abs(wrong[exponents]))
            raise InputError(_inconsistent(worst, wrong[worst], wanted))
        if wrong:
            order = degree - derivative
            constant = math.fsum(abs(moment) for moment in wrong.values())
            return Truncation(order, constant * unit**order)
    if not np.any(offsets[weights != 0]):
        raise InputError(
            "some offset with a weight must not be 0: f(x) itself needs no stencil; "
            f"got offsets {offsets.tolist()}, weights {weights.tolist()}"
        )
    raise InputError(TOO_CLOSE.format(offsets.tolist()))


def _rounding(size: float, degree: int, count: int) -> float:
    """Most that rounding makes of a moment that is 0 or 1, of size Σ |terms|.

    A term holds degree + 2 roundings, and its weight, if the caller made it, perhaps as
    many as there are offsets; sixteen times that leaves room for ill-conditioned sums,
    and is far below any moment that is not zero.
    """
    return 16 * (degree + 2 + count) * 2.0**-53 * size


def _inconsistent(
    exponents: Exponents, excess: float, wanted: dict[Exponents, float]
) -> str:
    power = str(exponents) if len(exponents) > 1 else str(sum(exponents))
    goal = wanted.get(exponents, 0.0)
    return (
        f"weights must make the moment of power {power} equal to {goal:g}, got "
        f"{goal + excess:.6g}: they do not measure this derivative; "
        "stencil(offsets, derivative) computes them"
    )
