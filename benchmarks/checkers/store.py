"""Answers on disk, one line each, so that a long run goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

__all__ = ["Store", "stamp"]


def stamp(*folders: Path) -> str:
    """A short hash of all Python files in these folders."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


@final
class Store:
    """Records by name; without a file they are kept in memory alone.

    path : of a file of JSON lines, made with its folder when the first record comes.
    mark : of the code that answers; a file with another one is begun anew.
    """

    def __init__(self, path: Path | None = None, mark: str = "") -> None:
        self._path = path
        self._mark = mark
        self._records: dict[str, dict[str, Any]] = {}
        if path is None or not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        head, *lines = text.splitlines() or [""]
        if head != json.dumps({"code": mark}):
            path.unlink()
            return
        if not text.endswith("\n"):  # the last run was stopped in the last line
            lines = lines[:-1]
            path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
        for line in lines:
            record = json.loads(line)
            self._records[record["name"]] = record

    def __contains__(self, name: str) -> bool:
        return name in self._records

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._records[name]

    def add(self, name: str, record: Mapping[str, Any]) -> None:
        """Keep a record, on disk at once."""
        self._records[name] = {"name": name, **record}
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not self._path.exists()
        with self._path.open("a", encoding="utf-8") as file:
            if fresh:
                file.write(json.dumps({"code": self._mark}) + "\n")
            file.write(json.dumps(self._records[name]) + "\n")
