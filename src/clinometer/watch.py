"""A training script run unchanged, and its custom gradients checked afterwards.

    python -m clinometer.watch [--steps N] [--json FILE] train.py ...

The script runs in this process as `__main__`. While it takes its first steps, copies
are made of what its custom Functions are given and of its model; nothing else happens
until it ends, then the copies are checked. The file itself imports nothing but the
standard library before the script runs: what the script sets up before it imports
torch (threads, environment variables) still counts.

Exit status: the script's own if it fails; else 0 agrees, 1 differs, 2 cannot tell, 3
bad input or nothing to check.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.abc
import importlib.util
import io
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from clinometer.check.report import Report

__all__ = ["main"]

BAD_INPUT = 3
"""Exit status when nothing was checked."""

STATUS = {"agrees": 0, "differs": 1, "cannot-tell": 2}
"""Exit status of each verdict, as of `clinometer check`."""


def main(arguments: Sequence[str]) -> int:
    """Exit status after a script was run and checked."""
    options = _parser().parse_args(arguments)
    script = options.script[1:] if options.script[:1] == ["--"] else options.script
    if not script:
        sys.stderr.write("error: watch needs a script to run: train.py ...\n")
        return BAD_INPUT
    watching = _Watching(options.steps)
    status, failed = _run(script)
    sys.stdout.flush()
    try:
        report = watching.report()
    except Exception as error:  # noqa: BLE001 - the script's own outcome must stand
        traceback.print_exception(error, file=sys.stderr)
        return status if failed else BAD_INPUT
    if report is None:
        sys.stderr.write(
            "clinometer: no training step of torch was seen, nothing was checked\n"
        )
        return status if failed else BAD_INPUT
    sys.stderr.write(f"\nclinometer: {report}\n")
    if options.json is not None:
        found: dict[str, Any] = {**report.as_dict()}
        text = json.dumps(found, allow_nan=False)
        Path(options.json).write_text(text, encoding="utf-8")
    return status if failed else STATUS[report.verdict.value]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clinometer watch",
        description="Run a training script unchanged and check its custom gradients.",
        allow_abbrev=False,
    )
    parser.add_argument("--steps", type=int, default=2, help="steps that are recorded")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON")
    parser.add_argument("script", nargs=argparse.REMAINDER, help="train.py and its own")
    return parser


def _run(script: list[str]) -> tuple[int, bool]:
    """Run a script as Python would; its exit status, and whether it failed.

    `sys.path` stays the script's: its code may yet import when it is checked.
    """
    name, *rest = script
    before = sys.argv
    try:
        if name == "-m":
            sys.argv = rest
            sys.path[0] = os.getcwd()  # noqa: PTH109 - what Python itself puts there
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = script
            sys.path[0] = str(Path(name).resolve().parent)
            runpy.run_path(name, run_name="__main__")
    except SystemExit as stop:
        if stop.code is None or stop.code == 0:
            return 0, False
        if isinstance(stop.code, int):
            return stop.code, True
        sys.stderr.write(f"{stop.code}\n")
        return 1, True
    except KeyboardInterrupt:
        return 130, True
    except BaseException as error:  # noqa: BLE001 - shown as Python would show it
        _print(error)
        return 1, True
    finally:
        sys.argv = before
    return 0, False


def _print(error: BaseException) -> None:
    """The traceback without the frames of this file and of runpy."""
    trace = error.__traceback__
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    traceback.print_exception(error.with_traceback(trace), file=sys.stderr)


@final
class _Watching:
    """Starts to record once the script has imported torch."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._record: Any = None
        _after_import("torch", self._begin)

    def _begin(self) -> None:
        from clinometer.engines.torch_watch import Watch  # noqa: PLC0415

        self._record = Watch(self._steps)
        self._record.start()

    def report(self) -> Report | None:
        """What the recorded steps show; None if there were none."""
        if self._record is None:
            return None
        self._record.stop()
        if not self._record.seen:
            return None
        from clinometer.check.modules.watched import report_on  # noqa: PLC0415

        with contextlib.redirect_stdout(io.StringIO()):  # forward may print
            return report_on(self._record)


def _after_import(name: str, then: Callable[[], None]) -> None:
    """Call `then` as soon as a module has been imported."""
    if name in sys.modules:
        then()
    else:
        sys.meta_path.insert(0, _Finder(name, then))


@final
class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module as the others would, with something to do once it is there."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec that would be found without this finder, its loader wrapped."""
        del path, target
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            del loader.exec_module
            self._then()

        loader.exec_module = exec_module
        return spec


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
