"""Scenes of the Middlebury multi-view benchmark: *_par.txt.

A line holds the name of an image, K (9 numbers), R (9), t (3): a point X of the world
is seen at K (R X + t). The files do not say where in a pixel its coordinates lie; taken
is the convention of calibration programs of their time, whole numbers at the centres,
so half a pixel is added to K's principal point.
Source: Seitz, Curless, Diebel, Scharstein, Szeliski 2006, CVPR; README of its data.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.photographs import size_of
from clinometer.surface.scenes.scene import Floats
from clinometer.surface.scenes.shots import Shot, Shots, few, lies, said_of, stands

__all__ = ["lens_of", "read_middlebury"]

NUMBERS = 21
"""In a line: 9 of K, 9 of R, 3 of t."""


def read_middlebury(path: Path) -> Shots:
    """The scene of a *_par.txt, images beside it.

    Raises InputError where a line breaks the format or an image is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as text ({error})") from error
    filled = [(k, line.split()) for k, line in enumerate(lines, 1) if line.strip()]
    if not filled or len(filled[0][1]) != 1 or not filled[0][1][0].isdigit():
        raise InputError(f"{path}: the first line must be the number of cameras")
    count = int(filled[0][1][0])
    if count != len(filled) - 1:
        raise InputError(
            f"{path}: its first line promises {count} cameras, {len(filled) - 1} "
            "follow; is the file whole?"
        )
    missing = [words[0] for _, words in filled[1:] if not lies(path.parent / words[0])]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {count} cameras have no image beside the file: "
            f"{few(missing)}; put the images there, or take these lines out"
        )
    shots: list[Shot] = []
    for number, words in filled[1:]:
        with said_of(f"{path.name}, line {number}"):
            shots.append(_shot(path.parent, words))
    return Shots(kind="Middlebury", root=path.parent, shots=tuple(shots))


def lens_of(calibration: Floats, size: tuple[int, int]) -> Lens:
    """The lens of a matrix K (3, 3) whose whole numbers are the centres of pixels."""
    k = calibration / calibration[2, 2]
    return Lens(
        focal=(float(k[0, 0]), float(k[1, 1])),
        centre=(float(k[0, 2]) + 0.5, float(k[1, 2]) + 0.5),
        size=size,
        skew=float(k[0, 1]),
    )


def _shot(folder: Path, words: list[str]) -> Shot:
    try:
        numbers = np.array([float(word) for word in words[1:]])
    except ValueError as error:
        raise InputError(f"a name and {NUMBERS} numbers must stand here") from error
    if len(numbers) != NUMBERS:
        raise InputError(
            f"a name and {NUMBERS} numbers must stand here, got {len(numbers)}"
        )
    calibration, turn = numbers[:9].reshape(3, 3), numbers[9:18].reshape(3, 3)
    if calibration[2, 2] == 0 or np.any(np.tril(calibration, -1)):
        raise InputError(
            f"K must be upper triangular, K[2, 2] not 0, got {calibration.tolist()}"
        )
    path = folder / words[0]
    lens = lens_of(calibration, size_of(path))
    return Shot(words[0], path, lens, stands(turn, numbers[18:]))
