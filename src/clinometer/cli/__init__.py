"""The command line: `clinometer check FILE.py:NAME` and `clinometer gradient …`.

Exit status: 0 agrees (or a gradient was found), 1 differs, 2 cannot tell, 3 bad input.
"""

from __future__ import annotations

import sys

from clinometer.errors import MissingExtraError

__all__ = ["BAD_INPUT", "main"]

BAD_INPUT = 3
"""Exit status when there is nothing to answer: a bad file, name, option or point."""


def main() -> None:
    """Run the command line and leave with its exit status."""
    try:
        from clinometer.cli.commands import run
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        missing = MissingExtraError(
            f"the command line needs {error.name}, which is not installed; run "
            "pip install 'clinometer[cli]'"
        )
        sys.stderr.write(f"error: {missing}\n")
        sys.exit(BAD_INPUT)
    sys.exit(run(sys.argv[1:]))
