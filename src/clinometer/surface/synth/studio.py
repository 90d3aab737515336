"""The studio: how many pictures are taken, from where, of what size, before what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Camera, Floats

__all__ = ["Studio", "camera_at", "cameras"]

Albedo: TypeAlias = Literal["textured", "plain"]
Arrangement: TypeAlias = Literal["sphere", "ring"]
Surrounding: TypeAlias = Literal["white", "black", "learned"]

FRAMED = 0.9
"""Radius of the ball, scene units, that just fits into every picture."""

UP = np.array([0.0, 1.0, 0.0])
"""The y axis is up in all synthetic scenes."""

CAP = 0.04
"""Share of the sphere's height left free at either pole, where no way is up."""

RAISED = math.radians(20.0)
"""Height of a ring of cameras over the horizon."""

OFFSETS = 32
"""Turns tried, in parts of a lattice step, of the held-out cameras against the others:
the one is taken that keeps them farthest from any camera to train on."""


@final
@dataclass(frozen=True)
class Studio:
    """How pictures are taken.

    views, held_out : numbers of pictures to train on and to judge by.
    size : width and height of a picture in pixels.
    arrangement : sphere: a Fibonacci lattice, all round, y up. ring: one round, 20
        degrees up.
    distance : of the cameras from the origin, scene units, more than 1.
    albedo : textured: the mesh's own texture or colours where it has any, else a
        pattern. plain: one colour.
    highlight : share of light that is mirrored, 0 ... 1; changes with the view.
    background : white, black, or learned: a sky, unknown to the one who reconstructs.
    samples : rays a pixel along each axis; their mean is the pixel.
    Raises InputError where one of these is out of its range.
    """

    views: int = 48
    held_out: int = 8
    size: int = 128
    arrangement: Arrangement = "sphere"
    distance: float = 2.7
    albedo: Albedo = "textured"
    highlight: float = 0.15
    background: Surrounding = "white"
    samples: int = 4

    def __post_init__(self) -> None:
        smallest = {"views": 2, "held_out": 0, "size": 8, "samples": 1}
        for name, least in smallest.items():
            if getattr(self, name) < least:
                raise InputError(
                    f"{name} must be at least {least}, got {getattr(self, name)}"
                )
        chosen: dict[str, tuple[str, ...]] = {
            "arrangement": ("sphere", "ring"),
            "albedo": ("textured", "plain"),
            "background": ("white", "black", "learned"),
        }
        for name, known in chosen.items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"{name} must be one of {', '.join(known)}, got "
                    f"{getattr(self, name)!r}"
                )
        if not 1.0 < self.distance < np.inf:
            raise InputError(
                f"distance must exceed 1, the radius of the scene's box, got "
                f"{self.distance}"
            )
        if not 0.0 <= self.highlight <= 1.0:
            raise InputError(f"highlight must be 0 ... 1, got {self.highlight}")


def cameras(studio: Studio) -> tuple[tuple[Camera, ...], tuple[Camera, ...]]:
    """Those of the pictures to train on, and of the held-out ones, between them."""
    training = _directions(studio, studio.views, 0.0)
    held_out = max(
        (_directions(studio, studio.held_out, i / OFFSETS) for i in range(OFFSETS)),
        key=lambda directions: _nearest(directions, training),
    )
    first, second = (
        tuple(camera_at(x, size=studio.size, distance=studio.distance) for x in group)
        for group in (training, held_out)
    )
    return first, second


def _directions(studio: Studio, count: int, offset: float) -> Floats:
    """(count, 3) towards cameras, turned by a share of a step about the y axis."""
    k = np.arange(count, dtype=np.float64) + 0.5
    if studio.arrangement == "ring":
        height = np.full(count, math.sin(RAISED))
        turn = 2 * np.pi * (k + offset) / max(count, 1)
    else:
        height = (1 - CAP) * (1 - 2 * k / max(count, 1))
        turn = np.pi * (1 + math.sqrt(5.0)) * (k + offset)  # the golden angle, twice
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(turn), height, across * np.sin(turn)], axis=-1)


def _nearest(directions: Floats, others: Floats) -> float:
    apart = np.linalg.norm(directions[:, None] - others, axis=-1)
    return float(np.min(apart, initial=np.inf))


def camera_at(
    towards: Floats,
    *,
    size: int,
    distance: float = 2.7,
    up: Floats = UP,
    framed: float = FRAMED,
) -> Camera:
    """A camera in a direction from the origin, at which it looks.

    towards : (3) of any length. size : width and height of its picture in pixels.
    distance : from the origin, scene units. up : (3) which way is up in the picture.
    framed : radius of the ball that just fits into it, scene units.
    """
    ahead = -towards / np.linalg.norm(towards)
    right = np.cross(ahead, up)
    right /= np.linalg.norm(right)
    pose = np.stack([right, np.cross(ahead, right), ahead, -distance * ahead], axis=-1)
    focal = 0.5 * size * math.sqrt(distance**2 - framed**2) / framed
    return Camera((focal, focal), (0.5 * size, 0.5 * size), pose, size, size)
