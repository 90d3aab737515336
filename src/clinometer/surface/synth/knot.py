"""A tube round a trefoil knot: thin, curved everywhere, in front of itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats

__all__ = ["Trefoil"]

SAMPLES = 512
"""Points of the knot from which the search for the nearest one starts. Its speed is
below 5.84 scales, so that they lie at most 5.84 · 2π / 512 = 0.072 scales apart."""

THICKEST = 0.6
"""Radius of a tube in scales: places of the knot far apart along it come as near as
1.214 scales, and it never bends tighter than with radius 1.287 scales."""

STEPS = 4
"""Newton's steps: an angle off by 2π / 1024 is off by rounding after three."""

_SPATIAL: Any = spatial
"""Untyped."""


@final
@dataclass(frozen=True)
class Trefoil:
    """All points within `radius` of the knot scale · c(t), t = 0 ... 2π, with

    c(t) = (sin t + 2 sin 2t, cos t - 2 cos 2t, -sin 3t).

    scale : a third of the knot's reach in the plane z = 0, scene units, > 0.
    radius : of the tube, > 0, at most 0.6 scales; a thicker one would meet itself.
    The distance is exact to rounding within two radii of the knot; farther away, where
    two places of the knot are about as near, it may be too large by half the spacing of
    the samples squared over the distance.
    """

    scale: float
    radius: float
    exact = True

    def __post_init__(self) -> None:
        if (
            not 0.0 < self.scale < np.inf
            or not 0.0 < self.radius / self.scale <= THICKEST
        ):
            raise InputError(
                "a knot needs a positive scale and a positive radius of at most "
                f"{THICKEST} scales, beyond which it meets itself, got {self.scale} "
                f"and {self.radius}"
            )

    def distance(self, x: Floats) -> Floats:
        """From the nearest point of the knot, less the radius."""
        given = x / self.scale
        tree, angles = _nearest()
        first, index = tree.query(given)
        t: Floats = angles[index]
        for _ in range(STEPS):
            place, speed, bend = _curve(t)
            off = place - given
            slope = np.einsum("nk,nk->n", off, speed)
            square = np.einsum("nk,nk->n", speed, speed)
            # far off, where the knot bends away from x, Newton would seek a maximum
            second = square + np.einsum("nk,nk->n", off, bend)
            t = t - slope / np.maximum(second, 0.25 * square)
        found = np.linalg.norm(_curve(t)[0] - given, axis=-1)
        return self.scale * np.minimum(found, first) - self.radius


def _curve(t: Floats) -> tuple[Floats, Floats, Floats]:
    """(N, 3) places, first and second derivatives of the knot of scale 1."""
    zero = np.zeros_like(t)
    waves = np.array([1.0, 2.0, 3.0])
    sine, cosine = np.sin(t[:, None] * waves), np.cos(t[:, None] * waves)
    s1, s2, s3 = sine.T
    c1, c2, c3 = cosine.T
    place = np.stack([s1 + 2 * s2, c1 - 2 * c2, zero - s3], axis=-1)
    speed = np.stack([c1 + 4 * c2, 4 * s2 - s1, -3 * c3], axis=-1)
    bend = np.stack([-s1 - 8 * s2, 8 * c2 - c1, 9 * s3], axis=-1)
    return place, speed, bend


@lru_cache(maxsize=1)
def _nearest() -> tuple[Any, NDArray[np.float64]]:
    angles = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
    return _SPATIAL.cKDTree(_curve(angles)[0]), angles
