"""Pictures of a trained surface for people without a browser."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Camera
from clinometer.surface.storage import replacing
from clinometer.surface.synth.studio import camera_at
from clinometer.surface.trained import Trained

__all__ = ["Look", "direction", "round_about", "sheet", "still", "turntable"]

Look: TypeAlias = Literal["colour", "normals"]
"""colour : as photographed. normals : (n + 1) / 2 as red, green and blue, in the
scene's axes, before white."""

DISTANCE = 2.7
"""Of the cameras from the middle, scene radii."""

FRAMED = 0.95
"""Radius, scene units, of the ball that fills a picture."""

RAISED = math.radians(20)
"""How far above the horizon a turntable's camera stands."""

SMALLEST = 8
"""Pixels along a picture's side."""

PAUSE = 60
"""Milliseconds that a picture of a turntable stays."""

SUFFIXES = (".png", ".jpg", ".webp")
"""Of files that hold a sheet."""


def round_about(count: int, size: int, *, up: NDArray[np.float64]) -> list[Camera]:
    """Cameras on a circle round the scene, which look at its middle.

    size : pixels along a picture's side. up : (3) which way is up, scene axes.
    Raises InputError for a picture of less than 8 pixels.
    """
    if size < SMALLEST:
        raise InputError(f"a picture has at least {SMALLEST} pixels, got {size}")
    up = up / np.linalg.norm(up)
    aside = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
    aside /= np.linalg.norm(aside)
    ahead = np.cross(up, aside)
    turns = 2 * math.pi * np.arange(count) / count
    flat = np.outer(np.cos(turns), aside) + np.outer(np.sin(turns), ahead)
    towards = math.cos(RAISED) * flat + math.sin(RAISED) * up
    return [
        camera_at(way, size=size, distance=DISTANCE, up=up, framed=FRAMED)
        for way in towards
    ]


def direction(name: str) -> NDArray[np.float64]:
    """(3) the direction of an axis, "x" to "-z". Raises InputError for other names."""
    sign, axis = (-1.0, name[1:]) if name.startswith("-") else (1.0, name)
    if axis not in {"x", "y", "z"}:
        raise InputError(f"a direction is x, y, z, -x, -y or -z, got {name!r}")
    return sign * np.eye(3)["xyz".index(axis)]


def still(trained: Trained, camera: Camera, look: Look) -> NDArray[np.uint8]:
    """(size, size, 3) what a camera sees, in colours or as normals."""
    picture = trained.picture(camera)
    if look == "colour":
        return picture.colour
    tinted = (picture.normal + 1) / 2
    solid = picture.opacity[..., None] > 0.5
    return np.rint(np.where(solid, tinted, 1.0) * 255).astype(np.uint8)


def turntable(
    trained: Trained,
    path: Path,
    *,
    count: int = 36,
    size: int = 256,
    look: Look = "colour",
    up: NDArray[np.float64],
) -> None:
    """A GIF of the surface as it turns once.

    Raises InputError unless the file's name ends in .gif, and as `round_about` does;
    StorageError as `replacing` does.
    """
    if path.suffix.lower() != ".gif":
        raise InputError(f"a turntable is a GIF: the name must end in .gif, got {path}")
    images = [
        Image.fromarray(still(trained, camera, look))
        for camera in round_about(count, size, up=up)
    ]
    with replacing(path) as beside:
        first, *others = images
        first.save(beside, save_all=True, append_images=others, duration=PAUSE, loop=0)


def sheet(
    trained: Trained,
    path: Path,
    *,
    count: int = 4,
    size: int = 256,
    up: NDArray[np.float64],
) -> None:
    """A picture of so many sides: colours above, normals below.

    Raises InputError unless the file's name ends in .png, .jpg or .webp, and as
    `round_about` does; StorageError as `replacing` does.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"a picture's name ends in {', '.join(SUFFIXES)}, got {path}")
    cameras = round_about(count, size, up=up)
    rows = [
        np.concatenate([still(trained, camera, look) for camera in cameras], axis=1)
        for look in ("colour", "normals")
    ]
    with replacing(path) as beside:
        Image.fromarray(np.concatenate(rows)).save(beside)
