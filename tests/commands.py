"""Commands run to their end, as a user runs them."""

import subprocess


def finished(*command, folder=None):
    """What a command left, run in a folder: its exit status and what it printed."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
