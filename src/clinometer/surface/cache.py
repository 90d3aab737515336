"""Distances kept on a lattice, by which samples are placed along rays.

The field itself is asked at a few points of a ray only; where these should lie, the
lattice tells at a fraction of the cost.
"""

from __future__ import annotations

from typing import Protocol, final

import torch
from torch import Tensor
from torch.nn import functional

from clinometer.surface.field import Field
from clinometer.surface.kernel.march import FusedMarcher
from clinometer.surface.kernel.rays import RayLibrary
from clinometer.surface.opacity import weights
from clinometer.surface.pixels import Rays
from clinometer.surface.vectors import length

__all__ = ["DistanceCache", "Marcher", "PlainMarcher"]

SIDE = 96
"""Cells of the lattice along each axis; distances stand at their middles."""

LOOKS = 48
"""Places on a ray where the lattice is looked up."""

NEAR = 0.15
"""Distances, in scene units, below which a cell is renewed often."""

UNCERTAIN = 0.3, 0.02
"""Weight that is dealt out evenly over a ray: that share of what the lattice leaves
transparent, and that much always. A surface the lattice misses is still found."""

STEEPEST = 1.5 * SIDE
"""Sharpness beyond which weights would fall between the places looked at."""

RENEWED, RENEWED_WHOLE = 16, 256
"""Iterations after which near cells, and all cells, are asked for again."""


class Marcher(Protocol):
    """Looks distances up along R rays.

    lattice : (side, side, side) distances at the middles of cells of -1 ... 1; z, y, x.
    """

    def closest(self, lattice: Tensor, rays: Rays, share: Tensor) -> Tensor:
        """(R) the least distance at shares (T) of the way through the ball."""
        ...

    def place(
        self,
        lattice: Tensor,
        rays: Rays,
        *,
        looked: Tensor,
        share: Tensor,
        sharpness: float,
        uncertain: tuple[float, float],
    ) -> Tensor:
        """(R, S) places t, ascending, most of them where opacity changes.

        looked : (R, T) shares of the way where the lattice is looked up, ascending.
        share : (R, S) shares of the weight at which places are wanted, ascending.
        uncertain : as UNCERTAIN.
        """
        ...


@final
class PlainMarcher:
    """In plain PyTorch, on any device: the specification of the kernel's."""

    def closest(self, lattice: Tensor, rays: Rays, share: Tensor) -> Tensor:
        """As `Marcher` says."""
        t = rays.near[:, None] + (rays.far - rays.near)[:, None] * share
        return look(lattice, _along(rays, t)).amin(dim=1)

    def place(
        self,
        lattice: Tensor,
        rays: Rays,
        *,
        looked: Tensor,
        share: Tensor,
        sharpness: float,
        uncertain: tuple[float, float],
    ) -> Tensor:
        """As `Marcher` says."""
        t = rays.near[:, None] + (rays.far - rays.near)[:, None] * looked
        distance = look(lattice, _along(rays, t))
        weight = weights(distance, t, torch.tensor(sharpness, device=t.device))
        # a surface between two places may lie closer to either of them
        weight[:, 1:] = torch.maximum(weight[:, 1:], weight[:, :-1].clone())
        more, always = uncertain
        missing = 1 - weight.sum(dim=1, keepdim=True).clamp(max=1)
        weight = weight + (always + more * missing) / looked.shape[1]
        return _invert(t, weight, share)


@final
class DistanceCache:
    """Distances of a field on a lattice over the ball."""

    def __init__(self, device: torch.device, library: RayLibrary | None = None) -> None:
        """All distances are 1 until they are renewed.

        library : of the kernel, which then looks them up on the CPU; None takes
            PyTorch.
        """
        middle = (torch.arange(SIDE, device=device) + 0.5) / SIDE * 2 - 1
        z, y, x = torch.meshgrid(middle, middle, middle, indexing="ij")
        self._points = torch.stack([x, y, z], dim=-1).reshape(-1, 3)
        inside = length(self._points) < 1 + 2 / SIDE
        self._inside = inside.nonzero()[:, 0]
        self.values = torch.ones(SIDE**3, device=device)
        self._marcher: Marcher = PlainMarcher()
        if library is not None and device.type == "cpu":
            self._marcher = FusedMarcher(library)

    def renew(self, field: Field, iteration: int) -> None:
        """Ask the field again, where the iteration's number says so."""
        if iteration % RENEWED_WHOLE == 0:
            which = self._inside
        elif iteration % RENEWED == 0:
            which = self._inside[self.values[self._inside].abs() < NEAR]
        else:
            return
        self.values[which] = field.distances(self._points[which])

    @property
    def lattice(self) -> Tensor:
        """(SIDE, SIDE, SIDE) the distances; z, y, x."""
        return self.values.view(SIDE, SIDE, SIDE)

    def look(self, x: Tensor) -> Tensor:
        """(...) distances at points (..., 3), interpolated between the middles."""
        return look(self.lattice, x)

    def closest(self, rays: Rays) -> Tensor:
        """(R) the least distance that rays come across, as far as the lattice knows."""
        share = (torch.arange(12, device=rays.near.device) + 0.5) / 12
        return self._marcher.closest(self.lattice, rays, share)

    def place(
        self,
        rays: Rays,
        count: int,
        *,
        sharpness: float,
        draw: torch.Generator | None,
    ) -> Tensor:
        """(R, count) places t on rays, ascending, most of them where opacity changes.

        sharpness : of the opacity, in 1 / scene unit.
        draw : by which places are shifted within their strata; None takes the middles.
        """
        device = rays.near.device
        return self._marcher.place(
            self.lattice,
            rays,
            looked=_strata(len(rays), LOOKS, device, draw=draw),
            share=_strata(len(rays), count, device, draw=draw),
            sharpness=min(sharpness, STEEPEST),
            uncertain=UNCERTAIN,
        )


def look(lattice: Tensor, x: Tensor) -> Tensor:
    """(...) distances of a lattice at points (..., 3); outside, those of its rim."""
    found = functional.grid_sample(
        lattice[None, None],
        x.reshape(1, 1, 1, -1, 3),
        align_corners=False,
        padding_mode="border",
    )
    return found.reshape(x.shape[:-1])


def _along(rays: Rays, t: Tensor) -> Tensor:
    """(R, T, 3) points at places t (R, T)."""
    return rays.origin[:, None] + t[..., None] * rays.direction[:, None]


def _strata(
    rows: int, count: int, device: torch.device, *, draw: torch.Generator | None
) -> Tensor:
    """(rows, count) one number in each of count equal parts of 0 ... 1."""
    first = torch.arange(count, device=device)
    if draw is None:
        return ((first + 0.5) / count).expand(rows, count).contiguous()
    return (first + torch.rand(rows, count, generator=draw).to(device)) / count


def _invert(t: Tensor, weight: Tensor, share: Tensor) -> Tensor:
    """(R, S) where the running sum of weights (R, T) at t reaches shares (R, S)."""
    total = torch.cumsum(weight, dim=1)
    total = total / total[:, -1:]
    above = torch.searchsorted(total, share).clamp(1, t.shape[1] - 1)
    low, high = total.gather(1, above - 1), total.gather(1, above)
    part = ((share - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    start, end = t.gather(1, above - 1), t.gather(1, above)
    return start + part * (end - start)
