"""The console script on a long check: progress on a terminal, Ctrl-C, a page."""

import json
import os
import pty
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.commands import finished

SCRIPT = Path(sys.executable).with_name("clinometer")
REACHED = 40  # calls of f; 8 entries cost 16, one that differs 8 more, then come 16
FILE = f'''
import itertools
import time

import numpy as np

import clinometer

calls = itertools.count(1)


def slow(x):
    """A sum of cubes that takes its time, and for ever from some call on."""
    if next(calls) == {REACHED}:
        print("reached", flush=True)
        time.sleep(60)
    time.sleep(0.03)
    return float((x**3).sum())


x = np.linspace(1, 2, 30)
claim = 3 * x**2
wrong = claim * np.where(np.arange(30) == 3, 1.1, 1)
right = clinometer.Problem(slow, x, claim)
differs = clinometer.Problem(slow, x, wrong)
at_once = clinometer.Problem(lambda x: time.sleep(60), x, claim)
quick = clinometer.Problem(lambda x: (x**3).sum(), x, wrong)
time.sleep(0)
print("loaded", flush=True)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("slow")
    (path / "slow.py").write_text(FILE)
    return path


def interrupted(folder, name, *, after, stderr=subprocess.PIPE):
    """Output of the script, stopped as by Ctrl-C once it has printed a line."""
    # tests in the background are begun deaf to Ctrl-C, and would hand that on
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [SCRIPT, "check", f"slow.py:{name}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        for line in process.stdout:
            if line.strip() == after:
                break
        signal.signal(signal.SIGINT, before)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def read_all(terminal):
    """What is written to a terminal, until its other end is closed."""
    seen = b""
    with os.fdopen(terminal, "rb", buffering=0) as read:
        try:
            while part := read.read(4096):
                seen += part
        except OSError:  # the other end is closed: all is read
            pass
    return seen.decode()


def test_ctrl_c_prints_what_is_known_by_then(folder):
    status, out, err = interrupted(folder, "right", after="reached")

    assert status == 2
    assert "CANNOT TELL  8 entries checked" in out
    assert "interrupted" in out
    assert "22 of 30 entries" in out
    assert err == ""  # no progress where there is no terminal, and no traceback


def test_ctrl_c_on_a_terminal_keeps_a_difference_seen_and_takes_the_bar_away(folder):
    terminal, end = pty.openpty()
    with ThreadPoolExecutor(1) as pool:
        # read while it runs: a terminal that nobody reads takes no more at some point
        reading = pool.submit(read_all, terminal)
        status, out, _ = interrupted(folder, "differs", after="reached", stderr=end)
        os.close(end)
        seen = reading.result(timeout=30)

    assert status == 1
    assert "DIFFERS" in out
    assert "x[3]" in out
    assert "evaluations planned so far" in seen
    assert "Traceback" not in seen


def test_ctrl_c_before_anything_is_known_says_so(folder):
    status, out, err = interrupted(folder, "at_once", after="loaded")

    assert status == 2
    assert out == ""
    assert "interrupted before anything was known" in err
    assert "Traceback" not in err


def test_a_page_is_written_beside_the_table(folder):
    options = "--html", "out/page.html", "--json"
    done = finished(SCRIPT, "check", "slow.py:quick", *options, folder=folder)

    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "differs"
    page = (folder / "out/page.html").read_text(encoding="utf-8")
    assert "slow.py:quick" in page
    assert "x[3]" in page
