"""A scene as files in nerfstudio's convention, for any program that reads it.

    folder/transforms.json     cameras
    folder/images/*.png        train_000.png ..., test_000.png ...
    folder/masks/*.png         where the views have masks
    folder/truth.ply           where the scene has a truth

Keys of transforms.json: `camera_model` "OPENCV" without distortion; `fl_x`, `fl_y`,
`cx`, `cy`, `w`, `h` in pixels, at the top if all cameras share them, else in each
frame; `frames` with `file_path`, `mask_path` and `transform_matrix`, from the camera
(OpenGL's axes: x right, y up, z backwards) to the world, in world units;
`train_filenames`, `val_filenames` and `test_filenames`, the latter two the held-out
views. Ours alone, under `clinometer`: `name`, `background`, `centre` and `radius` of
the scene's box in world units, `truth` the name of its file.

truth.ply is what `scenes.truth` says. `load_scene` reads all of it back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from clinometer.errors import InputError, StorageError
from clinometer.surface.scenes.scene import Frame, Scene, View
from clinometer.surface.scenes.truth import write_truth

__all__ = ["save_scene"]

OPENGL = np.diag([1.0, -1.0, -1.0])
"""From OpenGL's axes of a camera to ours: y and z are turned round."""

INTRINSICS = ("fl_x", "fl_y", "cx", "cy", "w", "h")
"""Keys of a camera's own numbers, all in pixels."""


def save_scene(scene: Scene, folder: str | Path) -> Path:
    """The transforms.json written, beside images, masks and truth.ply.

    folder : is made if it does not exist; one that holds a transforms.json is refused.
    Raises InputError if so, StorageError where the folder cannot be written, a full
    disk included. transforms.json is written last: where it stands, all stands.
    """
    folder = Path(folder)
    target = folder / "transforms.json"
    if target.exists():
        raise InputError(
            f"{target} exists and is not overwritten; choose another folder or remove "
            "it"
        )
    try:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        if any(view.mask is not None for view in (*scene.views, *scene.held_out)):
            (folder / "masks").mkdir(exist_ok=True)
        training = _frames(scene.views, scene.frame, folder, kind="train")
        held_out = _frames(scene.held_out, scene.frame, folder, kind="test")
        if scene.truth is not None:
            write_truth(folder / "truth.ply", scene.truth, scene.frame)
        text = json.dumps(_record(scene, training, held_out), indent=1)
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder}: the scene cannot be written: {error}") from error
    return target


def _record(
    scene: Scene, training: list[dict[str, Any]], held_out: list[dict[str, Any]]
) -> dict[str, Any]:
    """What transforms.json holds."""
    frames = [*training, *held_out]
    shared = {
        key: frames[0][key]
        for key in INTRINSICS
        if all(frame[key] == frames[0][key] for frame in frames)
    }
    tested = [frame["file_path"] for frame in held_out]
    return {
        "camera_model": "OPENCV",
        **shared,
        "frames": [
            {key: value for key, value in frame.items() if key not in shared}
            for frame in frames
        ],
        "train_filenames": [frame["file_path"] for frame in training],
        "val_filenames": tested,
        "test_filenames": tested,
        "clinometer": {
            "name": scene.name,
            "background": scene.background,
            "centre": scene.frame.centre.tolist(),
            "radius": scene.frame.radius,
            "truth": None if scene.truth is None else "truth.ply",
        },
    }


def _frames(
    views: tuple[View, ...], frame: Frame, folder: Path, *, kind: str
) -> list[dict[str, Any]]:
    """What transforms.json says of each view, whose pictures are written."""
    records: list[dict[str, Any]] = []
    for i, view in enumerate(views):
        camera = view.camera
        paths = {"file_path": f"images/{kind}_{i:03}.png"}
        Image.fromarray(view.image).save(folder / paths["file_path"])
        if view.mask is not None:
            paths["mask_path"] = f"masks/{kind}_{i:03}.png"
            Image.fromarray(view.mask).save(folder / paths["mask_path"])
        place = frame.to_world(camera.place)
        matrix = np.eye(4)
        matrix[:3] = np.column_stack([camera.pose[:, :3] @ OPENGL, place])
        numbers = (*camera.focal, *camera.centre, camera.width, camera.height)
        intrinsics = dict(zip(INTRINSICS, numbers, strict=True))
        records.append({**paths, **intrinsics, "transform_matrix": matrix.tolist()})
    return records
