"""Pixels and their rays: what a training step draws from the photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from clinometer.surface.scenes.scene import Camera, View, rays
from clinometer.surface.vectors import length

__all__ = ["Pixels", "Rays", "rays_of"]


@final
@dataclass(frozen=True, eq=False)
class Rays:
    """R rays through the scene's ball, with the colours at their ends.

    origin, direction : (R, 3), directions of length 1. near, far : (R) where they enter
    and leave the ball, >= 0. colour : (R, 3) of the photograph, 0 to 1. mask : (R) 1 on
    what is to be reconstructed; None if unknown. view : (R) number of the photograph.
    """

    origin: Tensor
    direction: Tensor
    near: Tensor
    far: Tensor
    colour: Tensor
    mask: Tensor | None
    view: Tensor

    def __len__(self) -> int:
        return len(self.origin)

    def some(self, which: Tensor) -> Rays:
        """Those of the numbers given, or where a mask (R) is true."""
        rows = which.nonzero()[:, 0] if which.dtype == torch.bool else which
        return Rays(
            self.origin.index_select(0, rows),
            self.direction.index_select(0, rows),
            self.near.index_select(0, rows),
            self.far.index_select(0, rows),
            self.colour.index_select(0, rows),
            None if self.mask is None else self.mask.index_select(0, rows),
            self.view.index_select(0, rows),
        )


@final
class Pixels:
    """All pixels of some views, held as bytes."""

    def __init__(self, views: tuple[View, ...], device: torch.device) -> None:
        """Take up the views; masks count only if all of them have one."""

        def tensor(values: object) -> Tensor:
            return torch.as_tensor(np.asarray(values), device=device)

        cameras = [view.camera for view in views]
        self._colour = tensor(np.concatenate([v.image.reshape(-1, 3) for v in views]))
        masks = [v.mask.reshape(-1) for v in views if v.mask is not None]
        self._mask = tensor(np.concatenate(masks)) if len(masks) == len(views) else None
        sizes = np.array([camera.width * camera.height for camera in cameras])
        self._starts = tensor(np.concatenate([[0], np.cumsum(sizes)]))
        self._widths = tensor([camera.width for camera in cameras])
        self._focal = tensor([camera.focal for camera in cameras]).float()
        self._centre = tensor([camera.centre for camera in cameras]).float()
        self._pose = tensor(np.stack([camera.pose for camera in cameras])).float()

    @property
    def count(self) -> int:
        """How many pixels."""
        return len(self._colour)

    def draw(self, count: int, generator: torch.Generator) -> Rays:
        """Rays of so many pixels, drawn evenly, less those that miss the ball."""
        which = torch.randint(self.count, (count,), generator=generator)
        return self.rays(which.to(self._colour.device))

    def of_view(self, view: int) -> Tensor:
        """Numbers of the pixels of a view, row by row."""
        first, last = int(self._starts[view]), int(self._starts[view + 1])
        return torch.arange(first, last, device=self._colour.device)

    def rays(self, which: Tensor) -> Rays:
        """Rays of pixels by their numbers, less those that miss the ball."""
        view = torch.searchsorted(self._starts, which.contiguous(), right=True) - 1
        place = which - self._starts.index_select(0, view)
        width = self._widths.index_select(0, view)
        row = torch.div(place, width, rounding_mode="floor")
        spot = torch.stack([place - row * width, row], dim=1) + 0.5
        centre, focal = (
            part.index_select(0, view) for part in (self._centre, self._focal)
        )
        flat = (spot - centre) / focal
        local = torch.cat([flat, torch.ones_like(flat[:, :1])], dim=1)
        pose = self._pose.index_select(0, view)
        along = torch.bmm(pose[:, :, :3], local[:, :, None])[:, :, 0]
        direction = along / length(along)[:, None]
        near, far, hit = _ball(pose[:, :, 3], direction)
        mask = (
            None
            if self._mask is None
            else self._mask.index_select(0, which).float() / 255
        )
        colour = self._colour.index_select(0, which).float() / 255
        all_of_them = Rays(pose[:, :, 3], direction, near, far, colour, mask, view)
        return all_of_them.some(hit.nonzero()[:, 0])


def rays_of(camera: Camera, device: torch.device) -> tuple[Rays, Tensor]:
    """Rays through all pixels of a camera that meet the ball, and their numbers.

    Pixels are numbered row by row; the rays' colours are black.
    """
    row, column = np.mgrid[: camera.height, : camera.width].reshape(2, -1) + 0.5
    begin, along = rays(camera, column, row)
    origin = torch.tensor(begin, device=device).float()
    direction = torch.tensor(along, device=device).float()
    near, far, hit = _ball(origin, direction)
    view = torch.zeros(len(origin), dtype=torch.long, device=device)
    black = torch.zeros_like(origin)
    which = hit.nonzero()[:, 0]
    whole = Rays(origin, direction, near, far, black, None, view)
    return whole.some(which), which


def _ball(origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(R) where rays enter and leave the unit ball, and whether they do ahead."""
    along = (origin * direction).sum(dim=1)
    beyond = along**2 - (origin**2).sum(dim=1) + 1
    half = beyond.clamp_min(0).sqrt()
    far = half - along
    return (-half - along).clamp_min(0), far, (beyond > 0) & (far > 0)
