"""What colour a surface has by itself: one colour, a pattern, a texture, or vertices'.

All are functions of where a ray met the mesh and give colours between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.scenes.scene import Floats
from clinometer.surface.synth.casting import Hits

__all__ = ["Albedo", "CornerColours", "Pattern", "Plain", "Texture"]


class Albedo(Protocol):
    """The colour of a surface."""

    def colours(self, hits: Hits) -> Floats:
        """(H, 3) where rays met the mesh."""
        ...


@final
@dataclass(frozen=True)
class Plain:
    """One colour everywhere: shading alone tells where the surface is."""

    colour: tuple[float, float, float] = (0.72, 0.68, 0.62)

    def colours(self, hits: Hits) -> Floats:
        """(H, 3) that colour."""
        return np.broadcast_to(np.asarray(self.colour), hits.places.shape)


@final
@dataclass(frozen=True)
class Pattern:
    """A pattern in space, the same from all sides: broad patches with fine grain.

    broad, fine : angular frequencies in radians a scene unit. The fine one's waves are
    2π / 23 = 0.27 long and bent, about 17 pixels of a picture 128 wide.
    """

    broad: float = 6.0
    fine: float = 23.0

    def colours(self, hits: Hits) -> Floats:
        """(H, 3) two colours mixed by broad waves and darkened by fine ones."""
        x, y, z = np.moveaxis(self.broad * hits.places, -1, 0)
        patches = (
            np.sin(1.7 * x + np.sin(2.1 * y))
            + np.sin(1.3 * y + np.sin(2.7 * z))
            + np.sin(1.9 * z + np.sin(1.1 * x))
        )
        x, y, z = np.moveaxis(self.fine * hits.places, -1, 0)
        grain = np.sin(x + 2.0 * np.sin(0.7 * y)) * np.sin(y + 1.3 * np.sin(z))
        share = (0.5 + patches / 6.0)[..., None]  # three sines: 0 ... 1
        light, dark = np.array([0.78, 0.60, 0.36]), np.array([0.30, 0.46, 0.70])
        return (share * light + (1 - share) * dark) * (1 + 0.28 * grain[..., None])


@final
@dataclass(frozen=True, eq=False)
class CornerColours:
    """Colours at the faces' corners, (F, 3, 3), linear in between."""

    corners: Floats

    def colours(self, hits: Hits) -> Floats:
        """(H, 3) mixed by the barycentric weights."""
        return np.einsum("hc,hck->hk", hits.weights, self.corners[hits.faces])


@final
@dataclass(frozen=True, eq=False)
class Texture:
    """An image laid on the faces.

    image : (height, width, 3) between 0 and 1, the first row at the top.
    corners : (F, 3, 2) texture coordinates of the faces' corners: u runs right from 0
        to 1, v up; beyond, the image repeats.
    """

    image: NDArray[np.float32]
    corners: Floats

    def colours(self, hits: Hits) -> Floats:
        """(H, 3) bilinear between the centres of the four nearest texels."""
        u, v = np.einsum("hc,hck->kh", hits.weights, self.corners[hits.faces])
        height, width = self.image.shape[:2]
        column, row = u * width - 0.5, (1.0 - v) * height - 0.5
        left, top = np.floor(column), np.floor(row)
        a, b = (column - left)[:, None], (row - top)[:, None]
        i, j = left.astype(np.int64) % width, top.astype(np.int64) % height
        right, below = (i + 1) % width, (j + 1) % height
        upper = (1 - a) * self.image[j, i] + a * self.image[j, right]
        lower = (1 - a) * self.image[below, i] + a * self.image[below, right]
        return (1 - b) * upper + b * lower
