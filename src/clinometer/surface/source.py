"""Where a scene comes from: files, or a name; so that a run can find it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from clinometer.errors import InputError
from clinometer.surface.scenes.door import load_scene
from clinometer.surface.scenes.scene import Background, Scene
from clinometer.surface.synth.named import scene_named

__all__ = ["SceneSource"]

SYNTHETIC = "synth:"
"""Begins the name of a scene that is made on the fly."""


@final
@dataclass(frozen=True)
class SceneSource:
    """A scene's place, and how it is to be read.

    place : a folder or file, or "synth:" and the name of a synthetic scene.
    hold_out, background, max_size : as for `load_scene`.
    box : (x, y, z, radius) of what is to be reconstructed, in the units of the files.
    """

    place: str
    hold_out: int = 8
    background: Background | None = None
    box: tuple[float, float, float, float] | None = None
    max_size: int | None = None

    def scene(self) -> Scene:
        """The scene. Raises InputError as `load_scene` and `scene_named` do."""
        if self.place.startswith(SYNTHETIC):
            return scene_named(self.place.removeprefix(SYNTHETIC))
        box = None if self.box is None else (self.box[:3], self.box[3])
        return load_scene(
            Path(self.place),
            hold_out=self.hold_out,
            background=self.background,
            box=box,
            max_size=self.max_size,
        )

    def as_dict(self) -> dict[str, Any]:
        """It as numbers and strings; a path is made absolute."""
        made = dataclasses.asdict(self)
        if not self.place.startswith(SYNTHETIC):
            made["place"] = str(Path(self.place).resolve())
        return made

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> SceneSource:
        """What `as_dict` was made of. Raises InputError for anything else."""
        try:
            parts = dict(given)
            if parts.get("box") is not None:
                parts["box"] = tuple(parts["box"])
            return SceneSource(**parts)
        except TypeError as reason:
            raise InputError(f"this is no source of a scene: {reason}") from reason
