"""The folder of a training: checkpoint, log and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from clinometer.errors import InputError, StorageError
from clinometer.surface.checkpoint import Checkpoint, load, save
from clinometer.surface.settings import Settings
from clinometer.surface.source import SceneSource
from clinometer.surface.storage import write_text

__all__ = ["RunFolder"]


@final
class RunFolder:
    """Where a training keeps what it made.

    checkpoint.safetensors : all that it takes to go on. log.jsonl : a line every 50
    iterations. settings.json : to be read by people. scene.json : where its scene comes
    from, if that is known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._checkpoint = path / "checkpoint.safetensors"
        self._source = path / "scene.json"
        self._log = path / "log.jsonl"

    def begin(self, settings: Settings, source: SceneSource | None) -> None:
        """Make the folder.

        Raises InputError where a training is in it already: nothing is overwritten.
        """
        if self._checkpoint.exists() or self._log.exists():
            raise InputError(
                f"{self.path} holds a training; resume it, or name another folder"
            )
        text = json.dumps(settings.as_dict(), indent=2)
        write_text(self.path / "settings.json", text + "\n")
        if source is not None:
            write_text(self._source, json.dumps(source.as_dict(), indent=2) + "\n")

    def source(self) -> SceneSource:
        """Where its scene comes from.

        Raises StorageError where that is not known, InputError where the file is not
        one of ours.
        """
        if not self._source.is_file():
            raise StorageError(
                f"{self._source} is not there: which scene {self.path} is of is unknown"
            )
        try:
            return SceneSource.from_dict(json.loads(self._source.read_text("utf-8")))
        except ValueError as reason:
            raise InputError(f"{self._source} cannot be read: {reason}") from reason

    def checkpoint(self) -> Checkpoint:
        """The checkpoint in it. Raises as `checkpoint.load` does."""
        return load(self._checkpoint)

    def save(self, checkpoint: Checkpoint) -> None:
        """Put a checkpoint in the place of the one before."""
        save(self._checkpoint, checkpoint)

    def log(self, line: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        try:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as reason:
            raise StorageError(
                f"{self._log} could not be written ({reason.strerror}); the last "
                "checkpoint is whole. Make room and resume"
            ) from reason
