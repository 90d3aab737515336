"""The colour of the surface, and of what lies behind it."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from clinometer.surface.vectors import length

__all__ = ["ColourNetwork", "Surroundings", "harmonics"]

DEGREES = 9
"""Spherical harmonics of degree 0 to 2."""

OCTAVES = 6
"""Frequencies 1, 2, 4, … by which the surroundings are encoded."""

SHELLS = 8
"""Points on a ray behind the ball."""


def harmonics(direction: Tensor) -> Tensor:
    """(N, 9) real spherical harmonics of degree 0 to 2 at directions (N, 3).

    Orthonormal over the sphere. Source: any table; for example Sloan 2013, J. Computer
    Graphics Techniques 2(2), appendix A2.
    """
    x, y, z = direction.unbind(-1)
    one = torch.ones_like(x)
    first = math.sqrt(3 / (4 * math.pi))
    second = math.sqrt(15 / (4 * math.pi))
    return torch.stack(
        [
            math.sqrt(1 / (4 * math.pi)) * one,
            first * y,
            first * z,
            first * x,
            second * x * y,
            second * y * z,
            math.sqrt(5 / (16 * math.pi)) * (3 * z * z - 1),
            second * x * z,
            second / 2 * (x * x - y * y),
        ],
        dim=-1,
    )


@final
class ColourNetwork(nn.Module):
    """Colour from place, direction of view, normal and the field's features."""

    def __init__(self, features: int, width: int = 64) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(
            nn.Linear(3 + DEGREES + 3 + features, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 3),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, 3) colours, 0 to 1.

        inputs : (N, 15 + features) place, harmonics, normal, features.
        """
        return torch.sigmoid(self.layers(inputs))


@final
class Surroundings(nn.Module):
    """Colours behind the ball, from a density in the inverted sphere.

    A point at distance r > 1 in direction u stands as (u, 1 / r), so that all of space
    outside of the ball is a bounded set.
    Source: Zhang et al. 2020 (NeRF++), arXiv 2010.07492, section 4.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        inputs = 4 * (1 + 2 * OCTAVES)
        self.layers = nn.Sequential(
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 4),
        )

    def forward(self, origin: Tensor, direction: Tensor, far: Tensor) -> Tensor:
        """(R, 3) colours seen along rays from where they leave the ball.

        far : (R) distance from the origin to there.
        """
        count = SHELLS + 1
        inverse = torch.linspace(1, 0, count, device=far.device)[:-1] - 0.5 / count
        along = (origin * direction).sum(dim=1, keepdim=True)
        closest = (origin**2).sum(dim=1, keepdim=True) - along**2
        # the distance t at which |origin + t direction| is 1 / inverse
        t = (inverse.reciprocal() ** 2 - closest).clamp_min(0).sqrt() - along
        t = torch.maximum(t, far[:, None])
        place = origin[:, None] + t[..., None] * direction[:, None]
        radius = length(place)[..., None]
        spot = torch.cat([place / radius, 1 / radius], dim=-1)
        waves = [spot] + [
            wave(spot * (2.0**octave * math.pi))
            for octave in range(OCTAVES)
            for wave in (torch.sin, torch.cos)
        ]
        out = self.layers(torch.cat(waves, dim=-1))
        density = nn.functional.softplus(out[..., 0])
        clear = torch.exp(-density)
        # the last shell is opaque: something stands at the end of every ray
        clear = torch.cat([clear[:, :-1], torch.zeros_like(clear[:, -1:])], dim=1)
        reached = torch.cumprod(clear, dim=1)[:, :-1]
        reached = torch.cat([torch.ones_like(clear[:, :1]), reached], dim=1)
        weight = (1 - clear) * reached
        return (weight[..., None] * torch.sigmoid(out[..., 1:])).sum(dim=1)
