"""Stencils worth a name, and `stencil`, which fits weights to any offsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clinometer.errors import InputError
from clinometer.stencil.moments import TOO_CLOSE, fornberg
from clinometer.stencil.value import Stencil

__all__ = [
    "backward",
    "central",
    "central_gradient",
    "forward",
    "stencil",
    "tetrahedral",
]


def stencil(offsets: Sequence[float], derivative: int = 1) -> Stencil:
    """The stencil of highest order on given offsets in one dimension.

    offsets : K distinct numbers in units of the step, in any order; K > derivative.
    derivative : order of the derivative, >= 0; 0 extrapolates to the point itself.
    Returns a stencil of order K - derivative or, where symmetry helps, one more. Each
    weight is the double nearest to the exact one.
    Raises InputError where offsets repeat, are not finite or too few.
    Source: Fornberg 1988, Math. Comp. 51, 699-706.
    """
    try:
        places = [float(offset) for offset in offsets]
    except (TypeError, ValueError) as reason:
        raise InputError(
            f"offsets must be a sequence of real numbers, got {offsets!r}"
        ) from reason
    _require_integer("derivative", derivative, at_least=0)
    if not np.all(np.isfinite(places)) or len(set(places)) < len(places):
        raise InputError(f"offsets must be finite and distinct, got {places}")
    if len(places) <= derivative:
        raise InputError(
            f"derivative {derivative} needs at least {derivative + 1} offsets, "
            f"got {len(places)}"
        )
    made = Stencil(np.array(places), fornberg(places, derivative), derivative)
    # The moment of degree K is a derivative of Π (t - o) at 0. Where it vanishes, that
    # of degree K + 1 does not: the derivative one lower has no double root (Rolle).
    if made.order > len(places) - derivative + 1:
        raise InputError(TOO_CLOSE.format(places))
    return made


def forward(derivative: int = 1, order: int = 1) -> Stencil:
    """Forward difference: offsets 0, 1, 2, ..., as many as the order needs.

    derivative : order of the derivative, >= 1.
    order : order of accuracy, >= 1.
    """
    _require_integer("derivative", derivative, at_least=1)
    _require_integer("order", order, at_least=1)
    return stencil(range(derivative + order), derivative)


def backward(derivative: int = 1, order: int = 1) -> Stencil:
    """Backward difference: the mirror image of `forward`, offsets ..., -2, -1, 0."""
    _require_integer("derivative", derivative, at_least=1)
    _require_integer("order", order, at_least=1)
    return stencil(range(1 - derivative - order, 1), derivative)


def central(derivative: int = 1, order: int = 2) -> Stencil:
    """Central difference: offsets -m, ..., m, without 0 for an odd derivative.

    derivative : order of the derivative, >= 1.
    order : order of accuracy, >= 2 and even: symmetry cancels all odd errors.
    """
    _require_integer("derivative", derivative, at_least=1)
    _require_integer("order", order, at_least=2)
    if order % 2:
        raise InputError(
            f"order of a central difference must be even, got {order}; "
            f"{order + 1} costs no more points than an odd order would"
        )
    reach = (derivative + 1) // 2 + order // 2 - 1
    offsets = [k for k in range(-reach, reach + 1) if k or derivative % 2 == 0]
    return stencil(offsets, derivative)


def central_gradient(dimensions: int = 3) -> Stencil:
    """Gradient from one pair along each axis: 2 D offsets, order 2.

    dimensions : D >= 2. Offsets run +x, -x, +y, -y, ...
    """
    _require_integer("dimensions", dimensions, at_least=2, instead="central()")
    offsets = np.repeat(np.eye(dimensions), 2, axis=0)
    offsets[1::2] *= -1.0
    return Stencil(offsets, offsets.T / 2)


def tetrahedral(*, flip: bool = False) -> Stencil:
    """Gradient in three dimensions from four corners of the cube -1 ... 1.

    flip : take the other four corners.
    The order is 1: the slope along x comes with h ∂²f/∂y∂z added to it, and so on in
    turn; flipped, with the other sign. That is the price of two points less than
    `central_gradient` needs. The points are √3 h away.
    """
    corners = np.array(
        [[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0]]
    )
    offsets = -corners if flip else corners
    return Stencil(offsets, offsets.T / 4)


def _require_integer(
    name: str, value: object, *, at_least: int, instead: str | None = None
) -> None:
    if type(value) is not int or value < at_least:
        hint = f"; use {instead}" if instead else ""
        raise InputError(
            f"{name} must be an integer >= {at_least}, got {value!r}{hint}"
        )
