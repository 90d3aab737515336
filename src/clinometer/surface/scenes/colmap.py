"""Scenes of COLMAP: cameras, images and points3D, as text or binary, beside images.

Its axes and pixels are ours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.colmap_files import (
    Model,
    Photographer,
    Placed,
    read_model,
)
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.scene import Floats
from clinometer.surface.scenes.shots import Shot, Shots, few, lies, said_of, stands

__all__ = ["model_folders", "read_colmap"]

UP = 3
"""How many folders above a model its images are looked for: COLMAP writes sparse/0."""

IMAGES = ("images", "image", "input")
"""What the folder of images is called: COLMAP, others, Gaussian splatting."""

STEADY = 3
"""Images in which a point must be found to count: of those found in two, many are
wrong matches, for two rays nearly always pass close to each other somewhere."""

LENSES = {
    "SIMPLE_PINHOLE": (1, False),
    "PINHOLE": (2, False),
    "SIMPLE_RADIAL": (1, False),
    "RADIAL": (1, False),
    "OPENCV": (2, False),
    "FULL_OPENCV": (2, False),
    "SIMPLE_FISHEYE": (1, True),
    "FISHEYE": (2, True),
    "SIMPLE_RADIAL_FISHEYE": (1, True),
    "RADIAL_FISHEYE": (1, True),
    "OPENCV_FISHEYE": (2, True),
}
"""Number of focal lengths, with which the parameters begin, and whether it is a
fisheye. The principal point and the coefficients follow."""

TANGENTIAL = {"OPENCV", "FULL_OPENCV"}
"""Models whose coefficients are k1, k2, p1, p2, then k3 ... k6."""


def model_folders(folder: Path) -> list[Path]:
    """Folders with a model: the folder itself, its sparse, or those in sparse, the one
    with most images first.
    """
    if _is_model(folder):
        return [folder]
    sparse = folder / "sparse"
    if _is_model(sparse):
        return [sparse]
    parts = (
        sorted(place for place in sparse.iterdir() if _is_model(place))
        if sparse.is_dir()
        else []
    )
    return sorted(parts, key=_weight, reverse=True)


def read_colmap(folder: Path) -> Shots:
    """The scene of the model in a folder; images lie beside it, or up to three folders
    above, in images, image or input.

    Raises InputError where the model breaks a rule, or an image is missing.
    """
    model = read_model(folder)
    if not model.images:
        raise InputError(f"{folder}: the model has no images with a pose")
    images = _image_folder(folder, model)
    missing = [i.name for i in model.images if not lies(images / i.name)]
    if missing:
        raise InputError(
            f"{folder}: {len(missing)} of {len(model.images)} cameras have no image in "
            f"{images}: {few(missing)}; put the images there"
        )
    ordered = sorted(model.images, key=lambda image: image.name)
    with said_of(folder):
        shots = tuple(_shot(images, image, model.cameras) for image in ordered)
    steady = model.points[model.tracks >= STEADY]
    return Shots(
        kind="COLMAP",
        root=images.parent,
        shots=shots,
        points=steady[np.all(np.isfinite(steady), axis=1)],
        notes=_notes(folder, images, model),
    )


def _is_model(folder: Path) -> bool:
    return any(
        (folder / f"cameras.{ending}").is_file()
        and (folder / f"images.{ending}").is_file()
        for ending in ("bin", "txt")
    )


def _weight(folder: Path) -> int:
    """Size of the list of images, which grows with their number."""
    files = (folder / "images.bin", folder / "images.txt")
    return next(path.stat().st_size for path in files if path.is_file())


def _image_folder(folder: Path, model: Model) -> Path:
    """Where the first image of a model lies."""
    name = model.images[0].name
    above = [folder, *folder.resolve().parents[:UP]]
    places = [place / images for place in above for images in (*IMAGES, "")]
    for place in places:
        if lies(place / name):
            return place
    raise InputError(
        f"{folder}: its images, such as {name}, lie in no folder images beside it or "
        f"up to {UP} folders above; put them there"
    )


def _shot(images: Path, image: Placed, cameras: dict[int, Photographer]) -> Shot:
    with said_of(image.name):
        if image.camera not in cameras:
            raise InputError(f"its camera {image.camera} is not in the model")
        turn = _rotation(np.array(image.turn))
        pose = stands(turn, np.array(image.shift))
        lens = _lens(cameras[image.camera])
        return Shot(image.name, images / image.name, lens, pose)


def _rotation(quaternion: Floats) -> Floats:
    """(3, 3) rotation of a quaternion (w, x, y, z).

    Raises InputError where its length is not 1.
    """
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1) < 1e-3:
        raise InputError(
            f"the quaternion of a pose must have length 1, got {quaternion.tolist()}"
        )
    w, x, y, z = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _lens(camera: Photographer) -> Lens:
    if camera.model not in LENSES:
        raise InputError(
            f"lenses of the model {camera.model} are not known, but "
            f"{', '.join(LENSES)}; undistort the images with COLMAP first"
        )
    count, fisheye = LENSES[camera.model]
    numbers = camera.parameters
    focal, centre = (numbers[0], numbers[count - 1]), numbers[count : count + 2]
    bend, tangential = numbers[count + 2 :], (0.0, 0.0)
    if camera.model in TANGENTIAL:
        bend, tangential = (*bend[:2], *bend[4:]), (bend[2], bend[3])
    return Lens(
        focal, (centre[0], centre[1]), camera.size, bend, tangential, fisheye=fisheye
    )


def _notes(folder: Path, images: Path, model: Model) -> tuple[str, ...]:
    """Images without a pose, and models that were not read."""
    notes: list[str] = []
    posed = {image.name for image in model.images}
    endings = {Path(name).suffix for name in posed}
    others = [
        str(path.relative_to(images))
        for path in sorted(images.rglob("*"))
        if path.suffix in endings and path.relative_to(images).as_posix() not in posed
    ]
    if others:
        notes.append(f"{len(others)} images have no pose: {few(others)}")
    parts = sorted(p.name for p in folder.parent.iterdir() if _is_model(p))
    if folder.parent.name == "sparse" and len(parts) > 1:
        notes.append(f"of the models {', '.join(parts)}, {folder.name} is read")
    return tuple(notes)
