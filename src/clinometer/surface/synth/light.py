"""Light: what a lit surface looks like, and what stands round it.

Intensities are those of the picture's file: no curve lies between them and the pixels.
"""

from __future__ import annotations

import numpy as np

from clinometer.surface.scenes.scene import Floats

__all__ = ["AMBIENT", "LIGHTS", "SHININESS", "shade", "sky"]

AMBIENT = 0.4
"""Light from everywhere, as a share of white."""

LIGHTS: tuple[tuple[tuple[float, float, float], float], ...] = (
    ((0.5, 0.8, 0.4), 0.45),
    ((-0.7, 0.2, 0.5), 0.3),
    ((0.1, -0.4, -0.9), 0.3),
)
"""Directions towards the lights, of any length, and their intensities: one from above,
one from the side, one from below and behind. No normal receives more than 1 in all."""

SHININESS = 30.0
"""Exponent of the highlight (Phong 1975): half as bright 12 degrees off its middle."""


def shade(
    albedo: Floats, normals: Floats, directions: Floats, *, highlight: float = 0.0
) -> Floats:
    """(N, 3) colours of lit points, at least 0; only a highlight takes them beyond 1.

    albedo : (N, 3) between 0 and 1. normals : (N, 3), directions : (N, 3) from the
    camera to the point; of length 1. highlight : share of a light that is mirrored.
    albedo · (ambient + Σ light · max(n·l, 0)) + highlight · Σ light · max(r·l, 0)³⁰,
    with r the direction mirrored at the surface. No point shadows another.
    """
    lit = np.full(len(normals), AMBIENT)
    mirrored = np.zeros(len(normals))
    cosine = np.einsum("nk,nk->n", directions, normals)[:, None]
    reflected = directions - 2 * cosine * normals if highlight else directions
    for towards, intensity in LIGHTS:
        light = np.asarray(towards) / np.linalg.norm(towards)
        lit += intensity * np.maximum(normals @ light, 0.0)
        if highlight:
            mirrored += intensity * np.maximum(reflected @ light, 0.0) ** SHININESS
    return albedo * lit[:, None] + highlight * mirrored[:, None]


def sky(directions: Floats) -> Floats:
    """(N, 3) colours, between 0 and 1, of a surrounding infinitely far away.

    directions : (N, 3) of length 1. Brown below, blue above, with soft clouds.
    """
    x, y, z = np.moveaxis(directions, -1, 0)
    height = (0.5 + 0.5 * np.tanh(4.0 * y))[:, None]
    clouds = np.sin(3.0 * x + 2.0 * np.sin(2.0 * z)) * np.sin(4.0 * z + 3.0 * y)
    ground, above = np.array([0.36, 0.30, 0.22]), np.array([0.52, 0.66, 0.84])
    return height * above + (1 - height) * ground + 0.14 * clouds[:, None]
