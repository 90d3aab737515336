"""Files that are whole or not there: written beside their place, then moved into it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from clinometer.errors import StorageError

__all__ = ["replacing", "write_text"]


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A path to write to, which takes the place of another when all is written.

    Whatever fails, the file that was there before stays as it was.
    Raises StorageError where the folder or the disk does not take it.
    """
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
    except OSError as reason:
        raise StorageError(
            f"{path} could not be written ({reason.strerror or reason}); what was "
            "there before is as it was. Make room, or name another folder"
        ) from reason
    finally:
        with suppress(OSError):  # the folder itself may not be there
            beside.unlink()


def write_text(path: Path, text: str) -> None:
    """Put a text in a file's place. Raises StorageError as `replacing` does."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
