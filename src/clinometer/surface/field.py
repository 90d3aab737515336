"""The field: a signed distance and features at every point. The specification.

`Field` is what training asks of one. `PlainField` computes it in a few lines of
PyTorch, on any device and differentiable twice; every other field must equal it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol, cast, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from clinometer.errors import InputError
from clinometer.stencil import Stencil
from clinometer.surface.grid import Grid, encode

__all__ = ["SHARPNESS", "Field", "FieldShape", "PlainField", "initial"]

SHARPNESS = 100.0
"""β of softplus(z) = log(1 + exp(β z)) / β, which bends like a rectifier but smoothly.
Source: Gropp et al. 2020, arXiv 2002.10099, section 5."""


@final
@dataclass(frozen=True)
class FieldShape:
    """Sizes of a field.

    grid : the hash grid.
    hidden : width of the one hidden layer, a multiple of 8.
    features : numbers per point beside the distance, which the colour depends on.
    radius : of the sphere that an untrained field is close to, in scene units.
    Raises InputError where hidden is no multiple of 8, or radius outside of 0 ... 1.
    """

    grid: Grid = field(default_factory=Grid)
    hidden: int = 32
    features: int = 15
    radius: float = 0.5

    def __post_init__(self) -> None:
        if self.hidden < 8 or self.hidden % 8:
            raise InputError(
                f"hidden must be a positive multiple of 8, got {self.hidden}"
            )
        if self.features < 1:
            raise InputError(f"features must be at least 1, got {self.features}")
        if not 0.0 < self.radius < 1.0:
            raise InputError(
                f"radius must lie between 0 and 1, got {self.radius}: the scene's "
                "own radius is 1"
            )

    @property
    def inputs(self) -> int:
        """Width of what enters the hidden layer: the point itself, then the grid."""
        return 3 + self.grid.width


class Field(Protocol):
    """A signed distance, negative inside, that can be trained.

    All points are (N, 3) float32 in scene units. What comes back can be differentiated
    by the field's parameters, where not said otherwise; not by the points.
    """

    shape: FieldShape
    active: int
    """Levels of the grid that count, from the coarsest."""

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N) distances and (N, features) features."""
        ...

    def taps(self, x: Tensor, stencil: Stencil, h: float) -> Tensor:
        """(K, N) distances at the stencil's points x + h * offset."""
        ...

    def slopes(self, x: Tensor) -> Tensor:
        """(N, 3) the analytical gradient of the distance by x."""
        ...

    def distances(self, x: Tensor) -> Tensor:
        """(N) distances without a record for gradients."""
        ...


@final
@dataclass(frozen=True, eq=False)
class Initial:
    """Parameters of a field before training."""

    table: Tensor
    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor


def initial(shape: FieldShape, seed: int) -> Initial:
    """Parameters under which the distance is close to that of a sphere.

    Returns table (total, features), first (hidden, inputs) with bias (hidden), second
    (1 + features, hidden) with bias (1 + features), float32 on the CPU: the same for
    every field of this shape and seed.
    Source: after Atzmon, Lipman 2020, arXiv 1911.10414, theorem 1. The mean of
    max(0, u · x) over all directions u is |x| / 4; so hidden units that look in evenly
    spread directions, with weights whose product is 4 / hidden, add up to |x|, and the
    bias takes off the radius. Drawn at random, as there, 32 directions make a sphere
    with bumps of a quarter of its radius. The table is small and does not disturb it.
    """
    draw = torch.Generator().manual_seed(seed)
    hidden, outputs = shape.hidden, 1 + shape.features
    spread = math.sqrt(2 / hidden)
    first = torch.randn(hidden, shape.inputs, generator=draw) * spread
    second = torch.randn(outputs, hidden, generator=draw) / math.sqrt(hidden)
    second[0] = math.sqrt(math.pi / hidden)
    first[:, :3] = _directions(hidden, draw) * (4 / hidden / second[0, 0])
    bias = torch.zeros(outputs)
    bias[0] = -shape.radius
    grid = shape.grid
    return Initial(
        table=(torch.rand(grid.total, grid.features, generator=draw) * 2 - 1) * 1e-4,
        first=first,
        first_bias=torch.zeros(hidden),
        second=second,
        second_bias=bias,
    )


def _directions(count: int, draw: torch.Generator) -> Tensor:
    """(count, 3) directions spread evenly, turned as chance has it.

    A spiral of the golden angle, whose steps along the axis are equal.
    """
    k = torch.arange(count, dtype=torch.float64) + 0.5
    height = 1 - 2 * k / count
    angle = math.pi * (1 + math.sqrt(5)) * k
    flat = torch.sqrt(1 - height**2)
    even = torch.stack([flat * angle.cos(), flat * angle.sin(), height], dim=1)
    axes = torch.randn(3, 3, generator=draw, dtype=torch.float64)
    turn = cast("Tensor", torch.linalg.qr(axes)[0])
    return (even @ turn).float()


@final
class PlainField(nn.Module):
    """A field in plain PyTorch: the reference, on any device and in any precision."""

    def __init__(self, shape: FieldShape, seed: int = 0) -> None:
        super().__init__()
        start = initial(shape, seed)
        self.shape = shape
        self.active = shape.grid.levels
        self.table = nn.Parameter(start.table)
        self.first = nn.Parameter(start.first)
        self.first_bias = nn.Parameter(start.first_bias)
        self.second = nn.Parameter(start.second)
        self.second_bias = nn.Parameter(start.second_bias)

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N) distances and (N, features) features; differentiable by x, too."""
        out = functional.linear(self._hidden(x), self.second, self.second_bias)
        return out[:, 0], out[:, 1:]

    def taps(self, x: Tensor, stencil: Stencil, h: float) -> Tensor:
        """(K, N) distances at the stencil's points."""
        points = stencil.points(x, h)
        hidden = self._hidden(points.reshape(-1, 3))
        distance = hidden @ self.second[0] + self.second_bias[0]
        return distance.reshape(points.shape[:2])

    def slopes(self, x: Tensor) -> Tensor:
        """(N, 3) the analytical gradient, which can be differentiated once more."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            distance = self.outputs(x)[0]
            (slope,) = torch.autograd.grad(distance.sum(), x, create_graph=True)
        return slope

    @torch.no_grad()
    def distances(self, x: Tensor) -> Tensor:
        """(N) distances without a record."""
        return self._hidden(x) @ self.second[0] + self.second_bias[0]

    def _hidden(self, x: Tensor) -> Tensor:
        """(N, hidden) the hidden layer."""
        encoded = encode(self.shape.grid, self.table, x, active=self.active)
        inputs = torch.cat([x, encoded], dim=1)
        return functional.softplus(
            functional.linear(inputs, self.first, self.first_bias), beta=SHARPNESS
        )
