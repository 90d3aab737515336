"""Progress of a long check on a terminal, and nothing anywhere else."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from clinometer.check.interruption import Progress as Told

__all__ = ["shown"]

PATIENCE = 0.7
"""Seconds before a bar appears: what is over sooner needs none."""

PAUSE = 0.1
"""Seconds between two looks at the count, so that a fast f is not slowed."""


@contextmanager
def shown(console: Console) -> Generator[Told | None]:
    """What a check tells its progress to; None where no one looks at a terminal."""
    if not console.is_terminal:
        yield None
        return
    bar = _Bar(console)
    try:
        yield bar
    finally:
        bar.stop()


@final
class _Bar:
    """A bar that appears once a check takes long, and leaves no trace."""

    def __init__(self, console: Console) -> None:
        self._began = self._looked = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("evaluations planned so far,"),
            TimeElapsedColumn(),
            TextColumn("[dim](Ctrl-C: what is known by now)"),
            console=console,
            transient=True,
            redirect_stdout=False,  # f's own prints belong where f prints them
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("checking")
        self._visible = False

    def __call__(self, done: int, planned: int) -> None:
        """Hear how many points are done, and how many there will be."""
        now = time.monotonic()
        if now - self._looked < PAUSE or now - self._began < PATIENCE:
            return
        self._looked = now
        if not self._visible:
            self._progress.start()
            self._visible = True
        self._progress.update(self._task, completed=done, total=planned)

    def stop(self) -> None:
        """Take the bar away."""
        if self._visible:
            self._progress.stop()
