"""What training minimises: colours, and two properties of the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from clinometer.surface.model import Model
from clinometer.surface.pixels import Rays
from clinometer.surface.render import Rendered
from clinometer.surface.scenes.scene import Background
from clinometer.surface.vectors import length

__all__ = ["Losses", "colour_loss", "composed", "curvature_loss", "eikonal_loss"]


@final
@dataclass(frozen=True, eq=False)
class Losses:
    """The terms of a step, each a scalar tensor, with their weights in it."""

    colour: Tensor
    eikonal: Tensor
    curvature: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.colour + self.eikonal + self.curvature

    def as_dict(self) -> dict[str, float]:
        """Their values by name."""
        names = ("colour", "eikonal", "curvature")
        return {name: float(getattr(self, name).detach()) for name in names}


def composed(
    model: Model,
    seen: Rendered,
    rays: Rays,
    *,
    background: Background,
    draw: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """(R, 3) colours that rays see with what stands behind, and what they should see.

    With "random" the photograph counts where its mask says so; elsewhere both sides
    show the same chance colour, which a surface there would hide.
    """
    target = rays.colour
    clear = (1 - seen.opacity).clamp_min(0)[:, None]
    if background == "learned":
        assert model.surroundings is not None
        behind = model.surroundings(rays.origin, rays.direction, rays.far)
    elif background == "random":
        behind = torch.rand(len(rays), 3, generator=draw).to(target.device)
        assert rays.mask is not None
        inside = rays.mask[:, None]
        target = target * inside + behind * (1 - inside)
    else:
        behind = torch.full_like(target, 1.0 if background == "white" else 0.0)
    colour = seen.colour + clear * behind
    if model.gains is not None:
        colour = colour * model.gains[rays.view].exp()
    return colour, target


def colour_loss(colour: Tensor, target: Tensor) -> Tensor:
    """() mean of |ĉ - c| over rays and colours.

    Source: Li et al. 2023, arXiv 2306.03092, equation 6.
    """
    return (colour - target).abs().mean()


def eikonal_loss(seen: Rendered, slack: float = 0.0) -> Tensor:
    """() mean of d² over the points where the gradient was taken.

    d = |g| - 1 where the gradient g is longer than 1; where it is shorter, what of
    1 - |g| is more than slack |l|, with the laplacian l.
    slack : in scene units, of the size of the taps' reach. Taps measure a mean of the
        slope, and the mean of vectors of length 1 is shorter where they turn: at an
        edge of two planes at right angles |g| = √½, and |l| = 2 / reach. Without slack
        the loss would straighten what bends. An analytical gradient is allowed none.
    Source: Gropp et al. 2020, arXiv 2002.10099, equation 1, which has no slack.
    """
    excess = length(seen.sloped.gradient) - 1
    laplacian = seen.sloped.laplacian
    if slack and laplacian is not None:
        # detached: nothing shall bend more for the sake of being allowed to be short
        allowed = slack * laplacian.detach().abs()
        excess = excess.clamp_min(0) + (excess + allowed).clamp_max(0)
    return (excess**2).mean()


def curvature_loss(
    seen: Rendered, bound: float | None = None, *, hollows: float = 1.0
) -> Tensor:
    """() mean of w |l| / (1 + w |l| / bound) over the points of `eikonal_loss`.

    l = ∂²s/∂x² + ∂²s/∂y² + ∂²s/∂z², the laplacian.
    bound : what a point counts at most, in 1 / scene unit; None: no bound.
    hollows : w where l is negative, as it is where the surface is hollow; elsewhere, as
        on bulges, w is 1. Noise has both signs and is taken off by either.
    Source: Li et al. 2023, arXiv 2306.03092, equation 8, which has no bound and w = 1
    everywhere; with a bound it is the robust function of Geman, McClure 1985 of the
    root of w |l|.
    """
    laplacian = seen.sloped.laplacian
    if laplacian is None:
        return seen.colour.new_zeros(())
    size = torch.where(laplacian < 0, -hollows * laplacian, laplacian)
    return (size if bound is None else size / (1 + size / bound)).mean()
