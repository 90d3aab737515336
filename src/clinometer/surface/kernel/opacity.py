"""What samples of rays stop, computed by the kernel: as `opacity.weights`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from clinometer.surface.kernel.library import address
from clinometer.surface.kernel.rays import Along, RayLibrary, require_singles

__all__ = ["fused_weights"]


def fused_weights(
    library: RayLibrary, distance: Tensor, t: Tensor, *, sharpness: Tensor
) -> Tensor:
    """(R, S) share of the light that each sample of a ray stops.

    distance, t : (R, S) float32 on the CPU, 2 <= S <= `rays.MOST_SAMPLES`; sharpness :
        (). Gradients are taken by distance and sharpness, not by t.
    Raises InputError for other dtypes and devices.
    Equals `opacity.weights` to float32 rounding, whatever the number of threads.
    """
    require_singles(distance=distance, t=t, sharpness=sharpness)
    return _recorded(library, distance, t, sharpness)


class _Weights(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, library: RayLibrary, distance: Tensor, *others: Tensor
    ) -> Tensor:
        t, sharpness = others
        distance, t = distance.contiguous(), t.contiguous()
        ctx.save_for_backward(distance, t, sharpness)
        ctx.library = library
        weight = torch.empty_like(distance)
        library.weights(_along(distance, t, sharpness), address(weight))
        return weight

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        by_weight = cast("Tensor", grad_outputs[0]).contiguous()
        distance, t, sharpness = ctx.saved_tensors
        by_distance = torch.empty_like(distance)
        by_sharpness = torch.empty(())
        ctx.library.weights_back(
            _along(distance, t, sharpness),
            address(by_weight),
            address(by_distance),
            address(by_sharpness),
        )
        return None, by_distance, None, by_sharpness


_recorded = cast("Callable[..., Tensor]", _Weights.apply)


def _along(distance: Tensor, t: Tensor, sharpness: Tensor) -> Along:
    return Along(address(distance), address(t), *distance.shape, float(sharpness))
