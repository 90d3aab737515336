"""What a command has to say, and how it is said."""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, final

import typer
from rich.console import Console
from rich.text import Text

from clinometer.cli import BAD_INPUT
from clinometer.errors import ClinometerError
from clinometer.table import Json

__all__ = ["CANNOT_TELL", "Answer", "AsJson", "Place", "Trace", "finish"]

CANNOT_TELL = 2
"""Exit status where the question stays open."""

Place = Annotated[
    str,
    typer.Argument(metavar="FILE.py:NAME", help="A clinometer.Problem in a file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON.")]
Trace = Annotated[
    bool, typer.Option("--traceback", help="Show where an error was raised.")
]


@final
@dataclass(frozen=True)
class Answer:
    """What a command has to say: exit status, text, and the same for JSON."""

    status: int
    text: Text
    data: dict[str, Json]


def finish(
    context: typer.Context,
    answer: Callable[[], Answer],
    *,
    as_json: bool,
    trace: bool,
) -> None:
    """Print a command's answer, or what went wrong, and note the exit status."""
    # what the user's file prints must not end up in the JSON
    aside = (
        contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    )
    try:
        with aside:
            given = answer()
    except Exception as error:  # noqa: BLE001 - the user's file may do anything
        if trace:
            traceback.print_exception(error, file=sys.stderr)
        Console(stderr=True, soft_wrap=True, highlight=False).print(
            Text(f"error: {_said(error)}", style="red")
        )
        context.obj.status = BAD_INPUT
        return
    except KeyboardInterrupt:
        typer.echo("interrupted before anything was known", err=True)
        context.obj.status = CANNOT_TELL
        return
    if as_json:
        typer.echo(json.dumps(given.data, allow_nan=False))
    else:
        Console(soft_wrap=True, highlight=False).print(given.text)
    context.obj.status = given.status


def _said(error: Exception) -> str:
    """What an error says; the kind of those that are not made for reading."""
    if isinstance(error, ClinometerError):
        return str(error)
    return f"{type(error).__name__}: {error} (--traceback shows where)"
