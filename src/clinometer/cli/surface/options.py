"""What the commands of surfaces share: options, and how they end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

import typer
from rich.console import Console
from rich.text import Text

from clinometer.cli.answer import CANNOT_TELL, Answer, finish
from clinometer.errors import ClinometerError, MissingExtraError

if TYPE_CHECKING:
    from clinometer.surface.trained import Trained

__all__ = ["Folder", "Out", "Resolution", "Threads", "chosen", "ended", "heard", "of"]

Folder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Out = Annotated[Path, typer.Option("--out", help="The folder to put it in.")]
Resolution = Annotated[
    int, typer.Option(help="Cells per axis of the mesh, a multiple of 32.")
]
Threads = Annotated[
    int | None, typer.Option(help="Of the kernel; all processors if omitted.")
]


def ended(
    context: typer.Context,
    answer: Callable[[], Answer],
    *,
    stopped: str,
    as_json: bool,
    trace: bool,
) -> None:
    """End a command as all do, but for two things.

    stopped : what is said after Ctrl-C, where the KeyboardInterrupt says nothing.
    A missing library is named with the extra that brings it.
    """

    def whole() -> Answer:
        try:
            return answer()
        except KeyboardInterrupt as stop:
            said = str(stop) or stopped
            return Answer(CANNOT_TELL, Text(said), {"stopped": said})
        except ImportError as error:
            if isinstance(error, ClinometerError) or not error.name:
                raise
            raise MissingExtraError(
                f"surfaces need {error.name}, which is not installed; "
                "pip install 'clinometer[surface]'"
            ) from error

    finish(context, whole, as_json=as_json, trace=trace)


def chosen(context: typer.Context, *names: str) -> set[str]:
    """Those of some options that the command line holds, whatever their values."""
    sources = {name: context.get_parameter_source(name) for name in names}
    return {name for name, at in sources.items() if at and at.name == "COMMANDLINE"}


def of(run: Path) -> Trained:
    """What the checkpoint in a run's folder holds. Raises as `checkpoint.load` does."""
    from clinometer.surface.folder import RunFolder
    from clinometer.surface.trained import Trained

    return Trained.of(RunFolder(run).checkpoint())


@contextmanager
def heard(console: Console) -> Generator[None]:
    """What is logged by the way (what was found in files) is printed there."""
    logger, handler = logging.getLogger("clinometer"), _Printed(console)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@final
class _Printed(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record's message as it is."""
        self._console.print(Text(record.getMessage()), soft_wrap=True)
