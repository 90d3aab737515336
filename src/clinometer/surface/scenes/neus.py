"""Scenes of IDR and NeuS: cameras_sphere.npz.

world_mat_i is a projection P = K [R | t] (4, 4) up to a factor; scale_mat_i takes the
ball of radius 1 to the world's ball in which the object lies. Both programs see the
centres of pixels at whole numbers, so half a pixel is added to the principal point.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from scipy import linalg

from clinometer.errors import InputError
from clinometer.surface.scenes.middlebury import lens_of
from clinometer.surface.scenes.photographs import size_of
from clinometer.surface.scenes.scene import Floats
from clinometer.surface.scenes.shots import Shot, Shots, few, said_of, stands

__all__ = ["decomposed", "read_neus"]

ENDINGS = {".png", ".jpg", ".jpeg"}

SAME = 1e-6
"""Relative difference within which numbers of a file mean the same."""


def read_neus(path: Path) -> Shots:
    """The scene of a cameras_sphere.npz beside a folder image (or images).

    Raises InputError where the file breaks the format, or images do not fit it.
    """
    matrices = _matrices(path)
    numbers = sorted(
        int(found[1])
        for key in matrices
        if (found := re.fullmatch(r"world_mat_(\d+)", key))
    )
    if not numbers:
        raise InputError(f"{path} must hold world_mat_0 and on, got {few([*matrices])}")
    files = _images(path, numbers)
    shots: list[Shot] = []
    for number, file in zip(numbers, files, strict=True):
        with said_of(f"{path.name}, world_mat_{number}"):
            calibration, turn, shift = decomposed(matrices[f"world_mat_{number}"])
            lens = lens_of(calibration, size_of(file))
            shots.append(Shot(file.name, file, lens, stands(turn, shift)))
    with said_of(path):
        box = _box(matrices, numbers)
    return Shots("NeuS", path.parent, tuple(shots), box=box)


def decomposed(projection: Floats) -> tuple[Floats, Floats, Floats]:
    """K (3, 3) upper triangular with a positive diagonal and K[2, 2] = 1, a rotation R
    and t (3), so that a multiple of P (3 or 4, 4) is K [R | t].

    Raises InputError where P has another shape, is not finite, or is no camera.
    Source: Hartley and Zisserman 2004, Multiple View Geometry, section 6.2.4.
    """
    if projection.shape not in {(3, 4), (4, 4)} or not np.all(np.isfinite(projection)):
        raise InputError(
            f"a projection must be 3 x 4 or 4 x 4 finite numbers, got "
            f"{projection.tolist()}"
        )
    left: Floats = projection[:3, :3]
    determinant = float(np.linalg.det(left))
    if determinant == 0:
        raise InputError(
            f"a projection must have an inverse, got {projection.tolist()}"
        )
    # P and -P are the same camera, of which one has a rotation
    whole = projection[:3] * np.sign(determinant)
    upper, turn = cast("Any", linalg).rq(whole[:, :3])
    signs = np.sign(np.diag(upper))
    calibration: Floats = upper * signs
    shift = np.asarray(np.linalg.solve(calibration, whole[:, 3]), dtype=np.float64)
    return calibration / calibration[2, 2], signs[:, None] * turn, shift


def _matrices(path: Path) -> dict[str, Floats]:
    try:
        # opened here, for NumPy leaves a file that breaks off open
        with path.open("rb") as whole, np.load(whole, allow_pickle=False) as file:
            return {key: np.asarray(file[key], dtype=np.float64) for key in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as arrays of NumPy ({error}); is it whole?"
        ) from error


def _images(path: Path, numbers: list[int]) -> list[Path]:
    """The image of every camera: the one whose name is its number, else in order."""
    folders = [path.parent / name for name in ("image", "images", "rgb")]
    folder = next((place for place in folders if place.is_dir()), None)
    if folder is None:
        raise InputError(f"{path}: its images must lie in a folder image beside it")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS)
    called = {int(p.stem): p for p in files if p.stem.isdigit()}
    if len(called) == len(files) == len(numbers) and set(called) == set(numbers):
        return [called[number] for number in numbers]
    if len(files) != len(numbers):
        raise InputError(
            f"{path} has {len(numbers)} cameras, {folder} {len(files)} images; which "
            "belong together cannot be told: give one image for each"
        )
    return files


def _box(
    matrices: dict[str, Floats], numbers: list[int]
) -> tuple[Floats, float] | None:
    """Centre and radius of the ball in the world, None where there is no scale_mat."""
    balls = [
        matrices[f"scale_mat_{number}"]
        for number in numbers
        if f"scale_mat_{number}" in matrices
    ]
    if not balls:
        return None
    ball = balls[0]
    radius = float(ball[0, 0]) if ball.shape == (4, 4) else np.nan
    near = SAME * abs(radius)
    if (
        not radius > 0
        or not np.allclose(ball[:3, :3], radius * np.eye(3), rtol=0, atol=near)
        or not all(np.allclose(other, ball, rtol=SAME, atol=near) for other in balls)
    ):
        raise InputError(
            "scale_mat must be one multiple of the unit matrix with a shift, the same "
            f"for every camera, got {ball.tolist()}; leave it out, and give box="
            "(centre, radius) in world units"
        )
    return ball[:3, 3].copy(), radius
