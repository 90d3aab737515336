"""COLMAP's files, text and binary, as one value.

Read here rather than by COLMAP itself, which takes a file that breaks off for whole
where what it reads still makes sense. Source: COLMAP's page on its output format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats
from clinometer.surface.scenes.shots import said_of

__all__ = ["Model", "Photographer", "Placed", "read_model"]

MODELS = (
    ("SIMPLE_PINHOLE", 3),
    ("PINHOLE", 4),
    ("SIMPLE_RADIAL", 4),
    ("RADIAL", 5),
    ("OPENCV", 8),
    ("OPENCV_FISHEYE", 8),
    ("FULL_OPENCV", 12),
    ("FOV", 5),
    ("SIMPLE_RADIAL_FISHEYE", 4),
    ("RADIAL_FISHEYE", 5),
    ("THIN_PRISM_FISHEYE", 12),
    ("RAD_TAN_THIN_PRISM_FISHEYE", 16),
    ("SIMPLE_DIVISION", 4),
    ("DIVISION", 5),
    ("SIMPLE_FISHEYE", 3),
    ("FISHEYE", 4),
    ("EUCM", 6),
    ("EQUIRECTANGULAR", 2),
)
"""Name and number of parameters, in the order of COLMAP's numbers."""

COUNTS = dict(MODELS)


@final
@dataclass(frozen=True)
class Photographer:
    """A camera of COLMAP: the name of its model, size in pixels, parameters."""

    model: str
    size: tuple[int, int]
    parameters: tuple[float, ...]


@final
@dataclass(frozen=True)
class Placed:
    """An image of COLMAP: name, camera, and where from the world is seen.

    turn : quaternion (w, x, y, z), shift : (3); a point X is seen at turn · X + shift.
    """

    name: str
    camera: int
    turn: tuple[float, ...]
    shift: tuple[float, ...]


@final
@dataclass(frozen=True, eq=False)
class Model:
    """All of it. points : (N, 3); tracks : (N) images that each was found in."""

    cameras: dict[int, Photographer]
    images: tuple[Placed, ...]
    points: Floats
    tracks: Floats


def read_model(folder: Path) -> Model:
    """The model in a folder; its points may be missing.

    Raises InputError where a file is missing, breaks off or breaks the format.
    """
    binary = (folder / "cameras.bin").is_file()
    ending = "bin" if binary else "txt"
    parts: list[Any] = []
    readers = (
        (_binary_cameras, _binary_images, _binary_points)
        if binary
        else (_text_cameras, _text_images, _text_points)
    )
    for name, reader in zip(("cameras", "images", "points3D"), readers, strict=True):
        path = folder / f"{name}.{ending}"
        if name == "points3D" and not path.is_file():
            parts.append((np.zeros((0, 3)), np.zeros(0)))
            continue
        with said_of(path):
            try:
                parts.append(reader(path))
            except FileNotFoundError as error:
                raise InputError(
                    "this file of the COLMAP model is missing; export it whole"
                ) from error
            except (struct.error, ValueError, IndexError, OSError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"the file breaks off or is no file of COLMAP ({error}); export "
                    "the model again"
                ) from error
    cameras, images, (points, tracks) = parts
    return Model(cameras, images, points, tracks)


class _Bytes:
    """Little-endian numbers out of a file, one after the other."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """The next numbers, as `struct` writes them."""
        found = struct.unpack_from(f"<{layout}", self._data, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return found

    def skip(self, count: int) -> None:
        """Pass over bytes that must be there."""
        self._at += count
        if self._at > len(self._data):
            raise InputError(
                f"the file breaks off: it has {len(self._data)} bytes and needs "
                f"{self._at}; export the model again"
            )

    def text(self) -> str:
        """The letters up to the next zero byte."""
        end = self._data.index(b"\0", self._at)
        found = self._data[self._at : end].decode("utf-8")
        self._at = end + 1
        return found

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise InputError(
                f"{len(self._data) - self._at} bytes follow what the file should hold; "
                "export the model again"
            )


def _binary_cameras(path: Path) -> dict[int, Photographer]:
    data = _Bytes(path)
    cameras: dict[int, Photographer] = {}
    for _ in range(data.take("Q")[0]):
        number, model, width, height = data.take("IiQQ")
        if not 0 <= model < len(MODELS):
            raise InputError(
                f"camera {number} has model {model}; known are 0 to {len(MODELS) - 1}"
            )
        name = MODELS[int(model)][0]
        parameters = data.take(f"{COUNTS[name]}d")
        cameras[number] = Photographer(name, (width, height), parameters)
    data.end()
    return cameras


def _binary_images(path: Path) -> tuple[Placed, ...]:
    data = _Bytes(path)
    images: list[Placed] = []
    for _ in range(data.take("Q")[0]):
        _, *numbers, camera = data.take("I7dI")
        name = data.text()
        data.skip(24 * data.take("Q")[0])  # x, y, number of the point: 8 bytes each
        images.append(Placed(name, camera, tuple(numbers[:4]), tuple(numbers[4:])))
    data.end()
    return tuple(images)


def _binary_points(path: Path) -> tuple[Floats, Floats]:
    data = _Bytes(path)
    places: list[tuple[float, ...]] = []
    tracks: list[int] = []
    for _ in range(data.take("Q")[0]):
        _, x, y, z, _, _, _, _, length = data.take("Q3d3BdQ")
        data.skip(8 * length)  # number of an image, number of a place in it: 4 each
        places.append((x, y, z))
        tracks.append(length)
    data.end()
    return np.array(places, float).reshape(-1, 3), np.array(tracks, float)


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def _text_cameras(path: Path) -> dict[int, Photographer]:
    cameras: dict[int, Photographer] = {}
    for line in filter(str.strip, _lines(path)):
        number, model, width, height, *given = line.split()
        if model not in COUNTS:
            raise InputError(
                f"camera {number} has model {model}; known are {', '.join(COUNTS)}"
            )
        if len(given) != COUNTS[model]:
            raise InputError(
                f"camera {number} of model {model} must have {COUNTS[model]} "
                f"parameters, got {len(given)}"
            )
        parameters = tuple(float(word) for word in given)
        cameras[int(number)] = Photographer(
            model, (int(width), int(height)), parameters
        )
    return cameras


def _text_images(path: Path) -> tuple[Placed, ...]:
    lines = _lines(path)
    images: list[Placed] = []
    # every second line holds places of points, and is empty where there are none
    for line in lines[::2]:
        if not line.strip():
            continue
        words = line.split(maxsplit=9)
        if len(words) < 10:
            raise InputError(
                "the line of an image must hold 10 words: number, quaternion (4), "
                f"shift (3), camera and name; got {line!r:.80}"
            )
        numbers = tuple(float(word) for word in words[1:8])
        images.append(Placed(words[9], int(words[8]), numbers[:4], numbers[4:]))
    return tuple(images)


def _text_points(path: Path) -> tuple[Floats, Floats]:
    places: list[list[float]] = []
    tracks: list[int] = []
    for line in filter(str.strip, _lines(path)):
        words = line.split()
        if len(words) < 8:
            raise InputError(f"the line of a point is too short: {line!r:.80}")
        places.append([float(word) for word in words[1:4]])
        tracks.append((len(words) - 8) // 2)
    return np.array(places, float).reshape(-1, 3), np.array(tracks, float)
