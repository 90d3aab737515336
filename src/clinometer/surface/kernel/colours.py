"""What rays see of the surface, computed by the kernel: as `render.composite`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast, final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from clinometer.surface.kernel.library import address
from clinometer.surface.kernel.memory import Shelf
from clinometer.surface.kernel.rays import (
    ColourParameters,
    RayLibrary,
    Shown,
    ShownGradient,
    require_singles,
)

__all__ = ["Placed", "fused_colours"]

SHELF = Shelf()
"""Of all colour networks: a training asks for the same memory in every step."""


@final
@dataclass(frozen=True, eq=False)
class Placed:
    """Where colours are asked for: M of N points, which lie on R rays.

    x : (N, 3). direction : (R, 3) of the rays. samples : points on each of them, N / R.
    at : (M) numbers of points, each once. sloped : (M) rows of the gradients that
    belong to them, each once.
    """

    x: Tensor
    direction: Tensor
    samples: int
    at: Tensor
    sloped: Tensor

    def contiguous(self) -> Placed:
        """The same, as the kernel reads it."""
        return Placed(
            self.x.detach().contiguous(),
            self.direction.contiguous(),
            self.samples,
            self.at.contiguous(),
            self.sloped.contiguous(),
        )


def fused_colours(
    library: RayLibrary,
    placed: Placed,
    *,
    gradient: Tensor,
    features: Tensor,
    weight: Tensor,
    parameters: Sequence[Tensor],
) -> Tensor:
    """(R, 3) colours of the points, each times its weight, summed by ray.

    gradient : (K, 3) of the field; its direction is the normal. features : (N, F) of
    the field. weight : (N) share of a ray's light. parameters : of the colour network,
    weights and biases layer by layer. All float32 on the CPU.
    Raises InputError for other dtypes and devices.
    Equals `render.composite` to float32 rounding, whatever the number of threads.
    """
    require_singles(
        x=placed.x,
        direction=placed.direction,
        gradient=gradient,
        features=features,
        weight=weight,
        parameters=parameters[0],
    )
    return _recorded(library, placed, gradient, features, weight, *parameters)


class _Colours(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, library: RayLibrary, placed: Placed, *inputs: Tensor
    ) -> Tensor:
        placed = placed.contiguous()
        inputs = tuple(part.contiguous() for part in inputs)
        tiles = -(-len(placed.at) // library.tile_points)
        ctx.save_for_backward(*inputs)
        ctx.library, ctx.placed = library, placed
        ctx.kept = SHELF.lease(tiles * library.tile_bytes)
        colour = torch.zeros(len(placed.direction), 3)
        library.colours(
            ColourParameters(*map(address, inputs[3:])),
            _shown(placed, inputs),
            ctx.kept.address,
            address(colour),
        )
        return colour

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        by_colour = cast("Tensor", grad_outputs[0]).contiguous()
        library: RayLibrary = ctx.library
        placed: Placed = ctx.placed
        inputs: tuple[Tensor, ...] = ctx.saved_tensors
        gradients = [torch.zeros_like(part) for part in inputs]
        parts = -(-len(placed.at) // library.partial_points)
        partial = SHELF.lease(parts * library.partial_bytes)
        library.colours_back(
            ColourParameters(*map(address, inputs[3:])),
            _shown(placed, inputs),
            ctx.kept.address,
            address(by_colour),
            ShownGradient(*map(address, gradients), partial.address),
        )
        return None, None, *gradients


_recorded = cast("Callable[..., Tensor]", _Colours.apply)


def _shown(placed: Placed, inputs: tuple[Tensor, ...]) -> Shown:
    gradient, features, weight = inputs[:3]
    return Shown(
        address(placed.x),
        address(placed.direction),
        address(gradient),
        address(features),
        address(weight),
        address(placed.at),
        address(placed.sloped),
        len(placed.at),
        len(placed.direction),
        placed.samples,
    )
