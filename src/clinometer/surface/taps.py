"""How the gradient of a field is taken: by a stencil, or analytically."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, final, get_args

import torch
from torch import Tensor

from clinometer.errors import InputError
from clinometer.stencil import Stencil, central_gradient, tetrahedral
from clinometer.surface.field import Field

__all__ = ["Sloped", "Taps", "slopes", "stencil_of"]

Taps: TypeAlias = Literal["analytical", "central", "tetrahedral", "flipped"]
"""analytical: no stencil. central: six taps. tetrahedral: four. flipped: four, or the
opposite four, as chance has it: the first-order errors of the two cancel on average."""

CENTRAL = central_gradient()
CORNERS = tetrahedral(), tetrahedral(flip=True)


@final
@dataclass(frozen=True, eq=False)
class Sloped:
    """Derivatives of a field at N points.

    gradient : (N, 3). laplacian : (N), None where the gradient is analytical.
    """

    gradient: Tensor
    laplacian: Tensor | None


def stencil_of(taps: Taps, draw: torch.Generator | None = None) -> Stencil | None:
    """The stencil to use; None for the analytical gradient.

    draw : decides between the two stencils of "flipped".
    Raises InputError for a name that is none of them.
    """
    if taps == "analytical":
        return None
    if taps == "central":
        return CENTRAL
    if taps == "tetrahedral":
        return CORNERS[0]
    if taps == "flipped":
        return CORNERS[int(torch.randint(2, (), generator=draw))]
    raise InputError(f"taps must be one of {', '.join(get_args(Taps))}, got {taps!r}")


def slopes(
    field: Field, x: Tensor, distance: Tensor, *, stencil: Stencil | None, reach: float
) -> Sloped:
    """Gradient and laplacian of the field at points x (N, 3), to be trained through.

    distance : (N) the field at x.
    stencil : in three dimensions, all of its taps equally far away; None asks for the
        analytical gradient.
    reach : how far away they are, in scene units.
    Source: Li et al. 2023 (Neuralangelo), arXiv 2306.03092, equations 3 and 4.
    """
    if stencil is None:
        return Sloped(field.slopes(x), None)
    h = reach / math.hypot(*stencil.offsets[0])
    values = field.taps(x, stencil, h)
    gradient = stencil.combine(values, h)
    # in rows: torch takes ten times as long for the lengths of columns
    return Sloped(gradient.T.contiguous(), stencil.laplacian(values, distance, h))
