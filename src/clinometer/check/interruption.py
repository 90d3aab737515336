"""A check that is stopped half way, and what it has found until then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias, final

from clinometer.check.report import Report
from clinometer.check.verdict import Verdict

__all__ = ["Interrupted", "Progress", "Watch", "cut_short", "groups"]

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many points of f are done, and how many there will be, as far as planned."""

FIRST = 8
"""Entries measured in the first group: some 80 to 200 calls of f."""

LARGEST = 64
"""Entries in a group at most. Each costs one more evaluation, of f at x: 1 in 500."""


@final
class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a check; `report` says what was known by then.

    No ClinometerError, and no Exception: nothing that catches those may keep a program
    from being stopped.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


def cut_short(report: Report, what: str) -> Interrupted:
    """What to raise where Ctrl-C came after a report, during what follows it.

    The question has not been answered in full, so that what agrees cannot be told.
    """
    verdict = report.verdict
    if verdict is Verdict.AGREES:
        verdict = Verdict.CANNOT_TELL
    note = f"interrupted during {what}: this is what was known by then"
    return Interrupted(replace(report, verdict=verdict, notes=(note, *report.notes)))


@final
class Watch:
    """Passes progress on; once stopped, it lets f be called no more."""

    def __init__(self, progress: Progress | None) -> None:
        """Take up the watch; progress is told, if there is one."""
        self._progress = progress
        self.stopped = False

    def __call__(self, done: int, planned: int) -> None:
        """Hear of a call to come. Raises KeyboardInterrupt once stopped."""
        if self.stopped:
            raise KeyboardInterrupt
        if self._progress is not None:
            self._progress(done, planned)


def groups(count: int) -> Iterator[range]:
    """So many lines in groups: after each, something is known; the first are small."""
    start, size = 0, FIRST
    while start < count:
        yield range(start, min(start + size, count))
        start += size
        size = min(4 * size, LARGEST)
