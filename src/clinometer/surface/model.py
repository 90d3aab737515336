"""Everything that is trained: field, colours, sharpness, exposures."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from clinometer.surface.colour import ColourNetwork, Surroundings
from clinometer.surface.kernel.choice import field_for, rays_for
from clinometer.surface.kernel.fused import FusedField
from clinometer.surface.scenes.scene import Background
from clinometer.surface.settings import Settings

__all__ = ["Model"]

PER_LOG = 10.0
"""The sharpness is exp(10 v) of the number v that is trained. Source: Wang et al. 2021,
arXiv 2106.10689, appendix E."""

SHARPEST = 1e5
"""Sharpness beyond which float32 distances could no longer be told apart."""


@final
class Model(nn.Module):
    """A field with its colours, as the settings and the scene ask for.

    field : distances and features. colours : the surface's. surroundings : what stands
    behind the ball; None where that is known. gains : (V, 3) log of each photograph's
    exposure; None where all are alike. rays : the kernel's functions of rays; None
    where plain PyTorch is to be taken.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        views: int,
        background: Background,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.colours = ColourNetwork(settings.features)
            learned = background == "learned"
            self.surroundings = Surroundings() if learned else None
        self.field = field_for(
            settings.shape, settings.seed, device=device, kernel=settings.kernel
        )
        self.rays = rays_for(
            settings.features,
            self.colours.width,
            threads=settings.threads,
            device=device,
            kernel=settings.kernel,
        )
        if settings.threads is not None and isinstance(self.field, FusedField):
            self.field.use_threads(settings.threads)
        start = math.log(settings.sharpness) / PER_LOG
        self.log_sharpness = nn.Parameter(torch.tensor(start))
        self.gains = nn.Parameter(torch.zeros(views, 3)) if settings.exposure else None
        self.to(device)

    @property
    def sharpness(self) -> Tensor:
        """() of the opacity, in 1 / scene unit."""
        return torch.exp(self.log_sharpness * PER_LOG).clamp(1.0, SHARPEST)
