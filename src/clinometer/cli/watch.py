"""The command `watch`: a training script in a process of its own, and its report."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from clinometer import watch
from clinometer.cli import BAD_INPUT

__all__ = ["command_of", "watch_command"]

PYTHON = re.compile(r"python(\d+(\.\d+)?)?(\.exe)?")
"""Names of the interpreter."""

VALUED = ("-W", "-X")
"""Options of the interpreter that take a value of their own."""

KILLED = 128
"""What shells add to the number of the signal that ended a process."""


def watch_command(
    context: typer.Context,
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- python train.py ...", help="What is to be run."),
    ],
    steps: Annotated[
        int, typer.Option(min=1, help="Record so many training steps.")
    ] = 2,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON, too.")
    ] = None,
) -> None:
    """Run a torch training script unchanged, then check its custom gradients.

    The report goes to the error stream. Exit status: the script's own if it fails, else
    as for `check`.
    """
    python = command_of(command)
    if python is None:
        typer.echo(
            f"error: watch runs Python scripts, got {command[0]!r}; write "
            "clinometer watch -- python train.py ...; for another launcher, put "
            "`python -m clinometer.watch` before the script's name",
            err=True,
        )
        context.obj.status = BAD_INPUT
        return
    interpreter, script = python
    options = ["--steps", str(steps)]
    options += [] if json_file is None else ["--json", json_file]
    context.obj.status = _wait([*interpreter, watch.__file__, *options, "--", *script])


def command_of(command: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """A command line split: interpreter and its options, script and its arguments.

    A bare `python` stands for the interpreter that runs clinometer, one with a folder
    for itself. None if the command is neither Python nor a script.
    """
    first, *rest = command
    if first.endswith(".py") or first == "-m":
        return [sys.executable], [*command]
    name = Path(first).name
    if not PYTHON.fullmatch(name):
        return None
    interpreter = [sys.executable if name == first else first]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        taken = 2 if rest[0] in VALUED else 1
        interpreter += rest[:taken]
        rest = rest[taken:]
    return (interpreter, rest) if rest else None


def _wait(command: list[str]) -> int:
    """Exit status of a command, which alone is told of Ctrl-C."""
    with subprocess.Popen(command) as process:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    return KILLED - status if status < 0 else status
