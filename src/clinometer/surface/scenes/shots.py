"""What readers of files hand on: photographs by name, with lens and pose, unread."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.scene import Background, Camera, Floats

__all__ = ["Shot", "Shots", "few", "lies", "said_of", "stands"]


@final
@dataclass(frozen=True, eq=False)
class Shot:
    """A photograph in a file, and the camera that took it.

    name : as the files of the scene call it.
    path : of the image. mask : of its mask, where the files name one.
    lens : its intrinsics.
    pose : (3, 4) from the camera's axes, as in `scene`, to the world's.
    """

    name: str
    path: Path
    lens: Lens
    pose: Floats
    mask: Path | None = None

    @property
    def camera(self) -> Camera:
        """The camera in world units, its distortion left out."""
        lens = self.lens
        return Camera(lens.focal, lens.centre, self.pose, *lens.size)


@final
@dataclass(frozen=True, eq=False)
class Shots:
    """What the files of a scene say.

    kind : of scene, in words. root : folder in which masks are looked for.
    shots : those with an image. points : (N, 3) of the surface, world units.
    held_out : names that the files set apart for judging, None if they do not say.
    box : (centre (3), radius) that the files give, world units.
    background, truth : what stands behind the box, and the file of the true surface,
        where this program wrote the scene.
    notes : what a reader left out or took for granted, one line each.
    """

    kind: str
    root: Path
    shots: tuple[Shot, ...]
    points: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    held_out: tuple[str, ...] | None = None
    box: tuple[Floats, float] | None = None
    background: Background | None = None
    truth: Path | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def said_of(name: object) -> Generator[None]:
    """Within it, an InputError says first of what it speaks."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def lies(path: Path) -> bool:
    """Whether a file lies there; no file has a name that the system does not take."""
    try:
        return path.is_file()
    except OSError:
        return False


def few(names: list[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def stands(turn: Floats, shift: Floats) -> Floats:
    """(3, 4) pose of a camera that sees a point X of the world at turn · X + shift.

    Raises InputError where a number is not finite.
    """
    if not (np.all(np.isfinite(turn)) and np.all(np.isfinite(shift))):
        raise InputError(
            "a pose must be finite numbers, got rotation "
            f"{turn.tolist()} and shift {shift.tolist()}"
        )
    return np.concatenate([turn.T, -(turn.T @ shift)[:, None]], axis=1)
