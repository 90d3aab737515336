"""A training in a file: tensors as safetensors, everything else as JSON in its head."""

# safetensors has no types.
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from clinometer.errors import InputError, StorageError
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.settings import Settings
from clinometer.surface.storage import replacing

__all__ = ["Checkpoint", "fingerprint", "load", "save"]

FORMAT = "clinometer surface 1"
"""What the head of our files says; another number is another layout."""


@final
@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file holds.

    settings, iteration, seconds : of the training. levels : of the grid that were open.
    scene : name and fingerprint of its
    photographs, where its box lies (centre, radius in world units), its background and
    how many views it has. tensors : by name.
    """

    settings: Settings
    iteration: int
    seconds: float
    levels: int
    scene: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """Tensors whose names begin with a part's, without it."""
        begin = f"{name}."
        return {
            key.removeprefix(begin): value
            for key, value in self.tensors.items()
            if key.startswith(begin)
        }


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in the place of the one before.

    Raises StorageError where the disk does not take it; the one before is then whole.
    """
    head = {
        "format": FORMAT,
        "settings": checkpoint.settings.as_dict(),
        "iteration": checkpoint.iteration,
        "seconds": checkpoint.seconds,
        "levels": checkpoint.levels,
        "scene": dict(checkpoint.scene),
    }
    tensors = {name: t.contiguous() for name, t in checkpoint.tensors.items()}
    with replacing(path) as beside:
        try:
            save_file(tensors, beside, {"clinometer": json.dumps(head)})
        except SafetensorError as reason:  # its way to say that a disk is full
            raise OSError(str(reason)) from reason


def load(path: Path) -> Checkpoint:
    """The checkpoint in a file.

    Raises StorageError where it cannot be read, InputError where it is broken or not
    one of ours.
    """
    if not path.is_file():
        raise StorageError(f"there is no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            head = cast("dict[str, str]", file.metadata() or {}).get("clinometer")
            names = cast("list[str]", file.keys())
            tensors = {name: cast("Tensor", file.get_tensor(name)) for name in names}
    except (SafetensorError, OSError) as reason:
        raise InputError(
            f"{path} is no whole safetensors file ({reason}); take another checkpoint, "
            "or begin anew in another folder"
        ) from reason
    try:
        return _checkpoint(json.loads(head or "null"), tensors)
    except (KeyError, TypeError, ValueError) as reason:
        raise InputError(
            f"{path} is not a checkpoint of this program ({reason}); "
            f"its head must say {FORMAT!r}"
        ) from reason


def _checkpoint(head: Any, tensors: Mapping[str, Tensor]) -> Checkpoint:
    if head["format"] != FORMAT:
        raise ValueError(f"it says {head['format']!r}")
    return Checkpoint(
        settings=Settings.from_dict(head["settings"]),
        iteration=int(head["iteration"]),
        seconds=float(head["seconds"]),
        levels=int(head["levels"]),
        scene=dict(head["scene"]),
        tensors=tensors,
    )


def fingerprint(scene: Scene) -> str:
    """A hash of the photographs and cameras that a scene is trained on."""
    mixed = hashlib.sha256()
    for view in scene.views:
        numbers = np.array([*view.camera.focal, *view.camera.centre])
        for array in (view.image, view.camera.pose, numbers):
            mixed.update(array.tobytes())
    return mixed.hexdigest()[:16]
