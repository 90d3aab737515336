"""A training on a terminal, and how Ctrl-C ends it: between two steps."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from clinometer.surface.train import Progress as Told

__all__ = ["Bar", "Ending"]


@final
class Ending:
    """Ctrl-C, kept until a step is whole: what is saved then goes on bit for bit.

    A second Ctrl-C, and any before the first step, ends at once.
    """

    def __init__(self) -> None:
        self._asked = self._stepping = False
        self._before: Any = None

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def between_steps(self) -> None:
        """Raise KeyboardInterrupt if it was asked for during the step before."""
        self._stepping = True
        if self._asked:
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked or not self._stepping:
            raise KeyboardInterrupt
        self._asked = True


@final
class Bar:
    """How far a training is, on a terminal; nothing anywhere else."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("training"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TextColumn("[dim](Ctrl-C keeps what is reached)"),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("training", total=None, said="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, told: Told) -> None:
        """Show where a training stands."""
        step = told.step
        self._progress.update(
            self._task,
            completed=told.iteration,
            total=told.iterations,
            said=f"loss {sum(step.losses.values()):.4f}, {step.psnr:.1f} dB, level "
            f"{step.levels}, {told.left:.0f} s left",
        )
