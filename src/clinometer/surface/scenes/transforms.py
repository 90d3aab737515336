"""Scenes of nerfstudio, instant-ngp and Blender: transforms.json.

Their cameras look along -z with +y up (OpenGL); `scene` has +z and +y down. Their pixel
in column i covers i ... i + 1, as ours. Sources: nerfstudio's page on data conventions
and instant-ngp's on its data format.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.photographs import size_of
from clinometer.surface.scenes.scene import Floats
from clinometer.surface.scenes.shots import Shot, Shots, few, lies, said_of

__all__ = ["read_splits", "read_transforms"]

FLIP = np.diag([1.0, -1.0, -1.0])
"""From our camera axes to OpenGL's."""

ENDINGS = ("", ".png", ".jpg", ".jpeg", ".PNG", ".JPG", ".JPEG")
"""What may be left out of a file_path; Blender's scenes leave out .png."""

FORGOTTEN = ("aabb_scale", "scale", "offset")
"""instant-ngp's own box. It says how far its rays run, not where the object is."""

MOST_PIXELS = 2.0**31
"""No image is as wide; a larger number, or none, is a mistake."""

PINHOLES = {"PINHOLE", "SIMPLE_PINHOLE"}
BENT = {"OPENCV", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE"}
FISHEYES = {"OPENCV_FISHEYE", "FISHEYE"}

Record = dict[str, Any]


def read_transforms(path: Path) -> Shots:
    """The scene of one transforms.json; its own test views are set apart.

    Raises InputError where the file is not such a scene, or breaks a rule.
    """
    meta = _record(path)
    shots = _shots(path, meta)
    return Shots(
        kind="transforms.json",
        root=path.parent,
        shots=shots,
        points=_points(path, meta),
        held_out=_held_out(meta, shots),
        notes=_notes(meta),
        **_ours(path, meta),
    )


def read_splits(folder: Path) -> Shots:
    """The scene of Blender's transforms_train.json; test views, or else those for
    validation, are held out.
    """
    train = _shots(folder / "transforms_train.json")
    notes: tuple[str, ...] = ()
    apart: tuple[Shot, ...] = ()
    for split in ("test", "val"):
        path = folder / f"transforms_{split}.json"
        if path.is_file() and not apart:
            apart = _shots(path)
        elif path.is_file():
            notes = (f"{path.name} is left out",)
    return Shots(
        kind="transforms_train.json",
        root=folder,
        shots=train + apart,
        held_out=tuple(shot.name for shot in apart) if apart else None,
        notes=notes,
    )


def _ours(path: Path, meta: Record) -> Record:
    """Box, background and truth, as `synth.save` wrote them; nothing if it did not."""
    ours = meta.get("clinometer")
    if ours is None:
        return {}
    try:
        centre = np.asarray(ours["centre"], dtype=np.float64)
        truth = None if ours["truth"] is None else path.parent / ours["truth"]
        box = centre, float(ours["radius"])
        return {"box": box, "background": ours["background"], "truth": truth}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: 'clinometer' must hold centre, radius, background and truth, got "
            f"{ours!r:.60}; leave it out, or write the scene anew"
        ) from error


def _record(path: Path) -> Record:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} must hold an object with 'frames', got {found!r:.60}")
    return cast("Record", found)


def _shots(path: Path, meta: Record | None = None) -> tuple[Shot, ...]:
    meta = _record(path) if meta is None else meta
    frames: Any = meta.get("frames")
    if not isinstance(frames, list) or not frames:
        raise InputError(
            f"{path} must hold a list 'frames' of cameras, got {frames!r:.60}"
        )
    listed = cast("list[Any]", frames)
    strange = [k for k, frame in enumerate(listed) if not _is_frame(frame)]
    if strange:
        raise InputError(
            f"{path}: every frame needs file_path and transform_matrix, frame "
            f"{strange[0]} has {listed[strange[0]]!r:.60}"
        )
    files = [_image(path.parent, frame["file_path"]) for frame in listed]
    missing = [
        str(frame["file_path"])
        for frame, file in zip(listed, files, strict=True)
        if file is None
    ]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {len(listed)} cameras have no image: "
            f"{few(missing)}; put the images there, or take these frames out"
        )
    return tuple(
        _shot(path.parent, {**meta, **frame}, cast("Path", file))
        for frame, file in zip(listed, files, strict=True)
    )


def _is_frame(frame: Any) -> bool:
    return (
        isinstance(frame, dict)
        and isinstance(cast("Record", frame).get("file_path"), str)
        and "transform_matrix" in frame
    )


def _image(folder: Path, name: str) -> Path | None:
    places = (folder / f"{name}{ending}" for ending in ENDINGS)
    return next((place for place in places if lies(place)), None)


def _shot(folder: Path, frame: Record, path: Path) -> Shot:
    name = str(frame["file_path"])
    with said_of(name):
        mask = frame.get("mask_path")
        return Shot(
            name=name.removeprefix("./"),
            path=path,
            lens=_lens(frame, path),
            pose=_pose(frame["transform_matrix"]),
            mask=folder / str(mask) if mask else None,
        )


def _pose(given: Any) -> Floats:
    try:
        matrix = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.zeros(0)
    if matrix.shape not in {(3, 4), (4, 4)}:
        raise InputError(
            f"transform_matrix must be 4 x 4 or 3 x 4 numbers, got {given!r:.80}"
        )
    if not np.all(np.isfinite(matrix)):
        raise InputError(f"a pose must be finite numbers, got {matrix.tolist()}")
    if matrix.shape == (4, 4) and not np.allclose(matrix[3], [0, 0, 0, 1]):
        raise InputError(
            "the last row of transform_matrix must be 0 0 0 1, got "
            f"{matrix[3].tolist()}; is it transposed?"
        )
    return np.concatenate([matrix[:3, :3] @ FLIP, matrix[:3, 3:]], axis=1)


def _lens(frame: Record, path: Path) -> Lens:
    """Intrinsics of a frame, its own before those of all."""
    if "w" in frame and "h" in frame:
        width, height = _pixels(frame, "w"), _pixels(frame, "h")
    else:
        width, height = size_of(path)
    across, down = _focal(frame, "x", width), _focal(frame, "y", height)
    fx = down if across is None else across
    fy = across if down is None else down
    if fx is None or fy is None:
        raise InputError(
            "intrinsics are missing: fl_x in pixels or camera_angle_x in radians must "
            "be given for the frame or for all"
        )
    radial, tangential, fisheye = _bending(frame)
    return Lens(
        focal=(fx, fy),
        centre=(
            _number(frame, "cx", width / 2),
            _number(frame, "cy", height / 2),
        ),
        size=(width, height),
        radial=radial,
        tangential=tangential,
        fisheye=fisheye,
    )


def _focal(frame: Record, axis: str, extent: int) -> float | None:
    if f"fl_{axis}" in frame:
        return _number(frame, f"fl_{axis}")
    if f"camera_angle_{axis}" not in frame:
        return None
    angle = _number(frame, f"camera_angle_{axis}")
    if not 0 < angle < math.pi:
        raise InputError(
            f"camera_angle_{axis} must lie between 0 and pi radians, got {angle:g}"
        )
    return extent / (2 * math.tan(angle / 2))


def _bending(frame: Record) -> tuple[tuple[float, ...], tuple[float, float], bool]:
    """Radial and tangential coefficients, and whether the lens is a fisheye."""
    model = str(frame.get("camera_model", "OPENCV")).upper()
    fisheye = model in FISHEYES or bool(frame.get("is_fisheye", False))
    if model not in PINHOLES | BENT | FISHEYES:
        known = ", ".join(sorted(PINHOLES | BENT | FISHEYES))
        raise InputError(
            f"camera_model must be one of {known}, got {model}; resample the images "
            "to one of these"
        )
    if model in PINHOLES:
        return (), (0.0, 0.0), False
    radial = tuple(_number(frame, f"k{i}", 0.0) for i in (1, 2, 3, 4))
    tangential = (_number(frame, "p1", 0.0), _number(frame, "p2", 0.0))
    if fisheye:
        return radial, (0.0, 0.0), True
    if radial[3]:
        raise InputError(
            f"k4 of a lens that is no fisheye must be 0, got {radial[3]:g}: programs "
            "read it in two ways; resample the images to a model without it"
        )
    return radial[:3], tangential, False


def _number(frame: Record, key: str, otherwise: float | None = None) -> float:
    value: Any = frame.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{key} must be a number, got {value!r:.60}")
    return float(value)


def _pixels(frame: Record, key: str) -> int:
    value = _number(frame, key)
    if not 1 <= value < MOST_PIXELS:
        raise InputError(f"{key} must be a number of pixels, got {value:g}")
    return round(value)


def _points(path: Path, meta: Record) -> Floats:
    """(N, 3) of the cloud that the file names, if any."""
    name = meta.get("ply_file_path")
    if not isinstance(name, str):
        return np.zeros((0, 3))
    import trimesh  # noqa: PLC0415 (few scenes name a cloud)

    place = path.parent / name
    try:
        cloud: Any = cast("Any", trimesh).load(place, process=False)
        points = np.asarray(cloud.vertices, dtype=np.float64)
    except Exception as error:
        raise InputError(
            f"{path} names points in {place}, which cannot be read ({error}); write "
            "them again, or take ply_file_path out"
        ) from error
    return points.reshape(-1, 3)


def _held_out(meta: Record, shots: tuple[Shot, ...]) -> tuple[str, ...] | None:
    """Names for judging, as nerfstudio sets them apart."""
    for key in ("test_filenames", "val_filenames"):
        names = meta.get(key)
        if isinstance(names, list) and names:
            listed = {str(name).removeprefix("./") for name in cast("list[Any]", names)}
            return tuple(shot.name for shot in shots if shot.name in listed)
    return None


def _notes(meta: Record) -> tuple[str, ...]:
    given = [f"{key} {meta[key]}" for key in FORGOTTEN if key in meta]
    if not given:
        return ()
    return (f"{', '.join(given)}: not used, the box is found afresh",)
