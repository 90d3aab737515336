"""From rays to colours, with the derivatives of the field on the way.

The field is asked for its distance at every sample, and distances along a ray say how
much each sample counts. Only where that is something are gradient and colour asked for,
and at a chance few of the others, which the length of the gradient concerns as well:
the *lazy stencil*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from clinometer.stencil import Stencil
from clinometer.surface.colour import ColourNetwork, harmonics
from clinometer.surface.kernel.colours import Placed, fused_colours
from clinometer.surface.kernel.opacity import fused_weights
from clinometer.surface.kernel.rays import MOST_SAMPLES, RayLibrary
from clinometer.surface.model import Model
from clinometer.surface.opacity import weights
from clinometer.surface.pixels import Rays
from clinometer.surface.taps import Sloped, slopes

__all__ = ["Rendered", "composite", "render"]

FAINT = 1e-3
"""Weight of a sample below which its colour is not asked for: less than a quarter of
the step between two colours of a byte."""


@final
@dataclass(frozen=True, eq=False)
class Rendered:
    """What R rays see.

    colour : (R, 3), without anything behind the ball. opacity : (R) of the surface.
    sloped : gradient and laplacian of the field at the M points where they were taken;
    weight : (M) how much these count; ray : (M) on which rays they lie.
    depth : (R) weighted mean distance of what is seen, in scene units.
    """

    colour: Tensor
    opacity: Tensor
    sloped: Sloped
    weight: Tensor
    ray: Tensor
    depth: Tensor


def render(
    model: Model,
    rays: Rays,
    t: Tensor,
    *,
    stencil: Stencil | None,
    reach: float,
    eager: Tensor | None = None,
) -> Rendered:
    """Colours along rays.

    t : (R, S) places of the samples, ascending.
    stencil, reach : by which the field's gradient is taken (`taps.slopes`).
    eager : (R * S) bool, points where the gradient is taken whatever their weight.
    """
    count, samples = t.shape
    origin, direction = rays.origin[:, None], rays.direction[:, None]
    x = torch.addcmul(origin, t[..., None], direction).reshape(-1, 3)
    distance, features = model.field.outputs(x)
    weight = _weights(model, distance.view(count, samples), t).reshape(-1)

    shown = weight.detach() > FAINT
    where = (shown if eager is None else shown | eager).nonzero()[:, 0]
    sloped = slopes(
        model.field,
        x.index_select(0, where),
        distance.index_select(0, where),
        stencil=stencil,
        reach=reach,
    )

    seen = shown.index_select(0, where).nonzero()[:, 0]
    colour = _composite(
        model,
        Placed(x, rays.direction, samples, at=where.index_select(0, seen), sloped=seen),
        gradient=sloped.gradient,
        features=features,
        weight=weight,
    )
    by_ray = weight.view(count, samples)
    return Rendered(
        colour=colour,
        opacity=by_ray.sum(dim=1),
        sloped=sloped,
        weight=weight.index_select(0, where),
        ray=where // samples,
        depth=(by_ray.detach() * t).sum(dim=1),
    )


def composite(
    network: ColourNetwork,
    placed: Placed,
    *,
    gradient: Tensor,
    features: Tensor,
    weight: Tensor,
) -> Tensor:
    """(R, 3) colours of points, each times its weight, summed by ray.

    gradient : (K, 3) of the field; its direction is the normal. features : (N, F) of
    the field. weight : (N) share of a ray's light.
    In plain PyTorch, on any device: the specification of the kernel's.
    """
    at, direction = placed.at, placed.direction
    ray = at // placed.samples
    inputs = [
        placed.x[at],
        harmonics(direction)[ray],
        functional.normalize(gradient[placed.sloped], dim=1),
        features[at],
    ]
    surface = network(torch.cat(inputs, dim=1))
    colour = surface.new_zeros(len(direction), 3)
    return colour.index_add(0, ray, surface * weight[at, None])


def _kernel(model: Model, x: Tensor) -> RayLibrary | None:
    """The kernel's functions, where they can take such numbers."""
    known = x.device.type == "cpu" and x.dtype == torch.float32
    return model.rays if known else None


def _weights(model: Model, distance: Tensor, t: Tensor) -> Tensor:
    library = _kernel(model, distance)
    if library is None or t.shape[1] > MOST_SAMPLES:
        return weights(distance, t, model.sharpness)
    return fused_weights(library, distance, t, sharpness=model.sharpness)


def _composite(
    model: Model,
    placed: Placed,
    *,
    gradient: Tensor,
    features: Tensor,
    weight: Tensor,
) -> Tensor:
    library = _kernel(model, weight)
    inputs = {"gradient": gradient, "features": features, "weight": weight}
    if library is None:
        return composite(model.colours, placed, **inputs)
    parameters = tuple(model.colours.parameters())
    return fused_colours(library, placed, **inputs, parameters=parameters)
