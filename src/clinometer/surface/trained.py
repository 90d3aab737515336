"""What a training leaves: a field that can be asked, and looked at from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from clinometer.surface.cache import DistanceCache
from clinometer.surface.checkpoint import Checkpoint
from clinometer.surface.colour import harmonics
from clinometer.surface.model import Model
from clinometer.surface.pixels import Rays, rays_of
from clinometer.surface.render import render
from clinometer.surface.scenes.scene import Background, Camera, Floats, Frame
from clinometer.surface.settings import Settings
from clinometer.surface.taps import slopes, stencil_of

__all__ = ["Picture", "Trained"]

SAMPLES = 32
"""Points on a ray of a picture: twice those of a training step."""

CHUNK = 4096
"""Rays, or points, at a time."""


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera sees.

    colour : (height, width, 3) uint8. normal : (height, width, 3) float32 of the
    surface, in the scene's axes, 0 where there is none. depth : (height, width) float32
    along the ray, scene units. opacity : (height, width) float32, 0 to 1.
    """

    colour: NDArray[np.uint8]
    normal: NDArray[np.float32]
    depth: NDArray[np.float32]
    opacity: NDArray[np.float32]


@final
class Trained:
    """A trained model, as it stands.

    frame : where its box lies in the world. background : what stands behind it.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        *,
        frame: Frame,
        background: Background,
    ) -> None:
        self.model, self.settings = model, settings
        self.frame, self.background = frame, background
        self._device = model.log_sharpness.device
        self._cache = DistanceCache(self._device, model.rays)
        self._cache.renew(model.field, 0)

    @staticmethod
    def of(checkpoint: Checkpoint) -> Trained:
        """The model of a checkpoint."""
        scene, settings = checkpoint.scene, checkpoint.settings
        background = scene["background"]
        model = Model(settings, views=int(scene["views"]), background=background)
        model.load_state_dict(checkpoint.part("model"))
        model.field.active = checkpoint.levels
        frame = Frame(np.array(scene["centre"]), float(scene["radius"]))
        return Trained(model, settings, frame=frame, background=background)

    def distances(self, x: Tensor) -> Tensor:
        """(N) signed distances at points (N, 3) float32, scene units."""
        return self.model.field.distances(x)

    def normals(self, x: Tensor) -> Tensor:
        """(N, 3) directions of the field's gradient, of length 1.

        By six taps a cell of the finest open level away.
        """
        field, grid = self.model.field, self.settings.grid
        with torch.no_grad():
            found = slopes(
                field,
                x,
                field.distances(x),
                stencil=stencil_of("central"),
                reach=grid.cell(field.active - 1),
            )
        return functional.normalize(found.gradient, dim=1)

    @torch.no_grad()
    def colours(self, points: Floats, normals: Floats) -> NDArray[np.uint8]:
        """(N, 3) colours of surface points (N, 3), each looked at against its normal.

        normals : (N, 3) of length 1, pointing outwards.
        """
        x = torch.tensor(points, device=self._device).float()
        normal = torch.tensor(normals, device=self._device).float()
        found = [
            self._facing(x[start : start + CHUNK], normal[start : start + CHUNK])
            for start in range(0, len(x), CHUNK)
        ]
        return _bytes(torch.cat(found).cpu().numpy())

    @torch.no_grad()
    def picture(self, camera: Camera) -> Picture:
        """What a camera in the scene sees."""
        rays, pixel = rays_of(camera, self._device)
        count = camera.width * camera.height
        behind = torch.zeros(count, 3, device=self._device)
        behind += 1.0 if self.background == "white" else 0.0
        whole = torch.cat([behind, torch.zeros(count, 5, device=self._device)], dim=1)
        for start in range(0, len(rays), CHUNK):
            some = torch.arange(start, min(start + CHUNK, len(rays)))
            some = some.to(self._device)
            whole[pixel[some]] = self._seen(rays.some(some))
        seen = whole.cpu().numpy().reshape(camera.height, camera.width, -1)
        return Picture(
            colour=_bytes(seen[..., :3]),
            normal=seen[..., 3:6],
            depth=seen[..., 6],
            opacity=seen[..., 7],
        )

    def _seen(self, rays: Rays) -> Tensor:
        """(R, 8) colour, normal, depth and opacity."""
        model, grid = self.model, self.settings.grid
        sharpness = float(model.sharpness)
        t = self._cache.place(rays, SAMPLES, sharpness=sharpness, draw=None)
        seen = render(
            model,
            rays,
            t,
            stencil=stencil_of("central"),
            reach=grid.cell(model.field.active - 1),
        )
        clear = (1 - seen.opacity).clamp_min(0)[:, None]
        colour = seen.colour
        if model.surroundings is not None:
            behind = model.surroundings(rays.origin, rays.direction, rays.far)
            colour = colour + clear * behind
        elif self.background == "white":
            colour = colour + clear
        facing = seen.weight[:, None] * functional.normalize(
            seen.sloped.gradient, dim=1
        )
        normal = torch.zeros_like(colour).index_add(0, seen.ray, facing)
        normal = functional.normalize(normal, dim=1) * (seen.opacity > 0.5)[:, None]
        return torch.cat(
            [colour, normal, seen.depth[:, None], seen.opacity[:, None]], dim=1
        )

    def _facing(self, x: Tensor, normal: Tensor) -> Tensor:
        """(N, 3) colours at points, looked at against their normals."""
        features = self.model.field.outputs(x)[1]
        inputs = [x, harmonics(-normal), normal, features]
        return self.model.colours(torch.cat(inputs, dim=1))


def _bytes(colour: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(colour * 255), 0, 255).astype(np.uint8)
