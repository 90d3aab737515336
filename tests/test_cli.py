"""The installed console script, run as a user runs it."""

import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

from clinometer.cli.commands import run as run_here
from tests.commands import finished

SCRIPT = Path(sys.executable).with_name("clinometer")
FILE = '''
"""Problems for the command line."""

import numpy as np

import clinometer
from beside import double


def bowl(x):
    print("evaluated")
    return (x**2).sum()


x = np.array([3.0, 4.0])
right = clinometer.Problem(bowl, x, double)
wrong = clinometer.Problem(bowl, x, lambda x: 2 * x + np.array([0.0, 1.0]))
unclear = clinometer.Problem(lambda x: np.abs(x).sum(), np.zeros(2), np.sign)
broken = clinometer.Problem(lambda x: x, x, double)
raising = clinometer.Problem(lambda x: 1 / 0, x, double)
tree = clinometer.Problem(
    lambda p: (p["w"] ** 2).sum() + p["b"][0] ** 3, {"w": x, "b": [2.0]}
)
batched = clinometer.Problem(
    lambda x: (x**2).sum(axis=-1), x, double, batched=True, scale=np.ones(2)
)
edge = clinometer.Problem(lambda x: np.where(x == 0, 0.0, np.nan).sum(), np.zeros(1))
number = 3
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a user's files."""
    path = tmp_path_factory.mktemp("user")
    (path / "loss.py").write_text(FILE)
    (path / "beside.py").write_text("def double(x):\n    return 2 * x\n")
    (path / "faulty.py").write_text("import json\n\njson.loads('not json')\n")
    return path


@pytest.fixture(scope="module")
def run(folder):
    """Runs the script in that folder."""

    def run(*arguments):
        return finished(SCRIPT, *arguments, folder=folder)

    return run


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [("right", 0, "AGREES"), ("wrong", 1, "DIFFERS"), ("unclear", 2, "CANNOT TELL")],
)
def test_the_exit_status_is_the_verdict(run, name, status, word):
    done = run("check", f"loss.py:{name}")
    assert done.returncode == status
    assert word in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "missing.py:right"], "no such file"),
        (["check", "loss.py:nowhere"], "right, wrong, unclear"),
        (["check", "loss.py:number"], "clinometer.Problem"),
        (["check", "loss.py"], "FILE.py:NAME"),
        (["check", "faulty.py:x"], "JSONDecodeError"),
        (["check", "loss.py:broken"], "single number"),
        (["check", "loss.py:raising"], "ZeroDivisionError"),
        (["check", "loss.py:right", "--rtol", "-1"], "rtol"),
        (["check", "loss.py:right", "--epsilon", "1"], "--epsilon"),
        (["check", "loss.py:tree"], "pass gradient="),
        (["gradient", "loss.py:right", "--at", "one"], "--at"),
        (["gradient", "loss.py:tree", "--at", '{"w": [1]}'], "keys"),
        (["nothing"], "nothing"),
    ],
)
def test_bad_input_leaves_with_three_and_a_message_without_traceback(
    folder, capsys, monkeypatch, arguments, said
):
    """In this process: it costs a second to start another."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert run_here(arguments) == 3
    message = capsys.readouterr().err
    assert said in message
    assert "Traceback" not in message


def test_bad_input_is_an_exit_status_of_the_script_too(run):
    done = run("check", "missing.py:right")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == "error: no such file: missing.py\n"


def test_the_traceback_is_shown_on_demand(run):
    done = run("check", "faulty.py:x", "--traceback")
    assert done.returncode == 3
    assert 'faulty.py", line 3' in done.stderr


def test_json_is_all_that_stands_on_stdout(run):
    done = run("check", "loss.py:wrong", "--json", "--seed", "5", "--rtol", "1e-4")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["verdict"] == "differs"
    assert report["findings"][0]["index"] == [1]
    assert (report["seed"], report["rtol"]) == (5, 1e-4)
    assert "evaluated" in done.stderr


def test_a_problem_brings_its_options(run):
    assert run("check", "loss.py:batched").returncode == 0


def test_entries_may_be_set(run):
    done = run("check", "loss.py:right", "--entries", "1", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["leaves"][0]["entries"] == 2


def test_a_gradient_is_printed_with_its_bars(run):
    done = run("gradient", "loss.py:unclear", "--at", "1.5, -2")
    assert done.returncode == 0
    rows = done.stdout.splitlines()
    assert rows[1].split()[:3] == ["x[0]", "1", "±"]
    assert rows[2].split()[:3] == ["x[1]", "-1", "±"]


def test_a_point_may_be_given_as_json_in_the_structure_of_x(run):
    done = run(
        "gradient", "loss.py:tree", "--at", '{"b": [1.0], "w": [1, -2, 3]}', "--json"
    )
    assert done.returncode == 0
    found = {
        (row["path"], *row["index"]): row for row in json.loads(done.stdout)["entries"]
    }
    truth = {
        ("x['b'][0]",): 3.0,
        ("x['w']", 0): 2.0,
        ("x['w']", 1): -4.0,
        ("x['w']", 2): 6.0,
    }
    assert found.keys() == truth.keys()
    for place, slope in truth.items():
        row = found[place]
        assert abs(row["value"] - slope) <= row["error"] + 1e-15 * abs(slope)
        assert row["status"] == "converged"


def test_a_gradient_that_was_not_found_leaves_with_two(run):
    done = run("gradient", "loss.py:edge", "--json")
    assert done.returncode == 2
    (row,) = json.loads(done.stdout)["entries"]
    assert (row["value"], row["error"], row["status"]) == (None, "inf", "failed")


def test_the_version_is_that_of_the_package(run):
    version = importlib.metadata.version("clinometer")
    assert run("--version").stdout == f"clinometer {version}\n"


def test_the_package_runs_as_a_module_with_the_same_exit_status(folder):
    """As where the script is not on the path; the folder's files are found, too."""
    module = sys.executable, "-m", "clinometer"
    done = finished(*module, "check", "loss.py:wrong", folder=folder)
    assert done.returncode == 1
    assert "DIFFERS" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_the_commands_and_the_exit_statuses(run, arguments):
    done = run(*arguments)
    assert done.returncode == 0
    assert "check" in done.stdout
    assert "gradient" in done.stdout
    assert "3 bad input" in done.stdout


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_its_extra_the_command_line_names_what_to_install(library):
    program = (
        "import sys\n"
        f"sys.modules[{library!r}] = None\n"
        "import clinometer.cli\n"
        "clinometer.cli.main()\n"
    )
    done = finished(sys.executable, "-c", program)
    assert done.returncode == 3
    assert "clinometer[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_without_a_terminal_has_no_colours(run):
    assert "\x1b" not in run("check", "loss.py:wrong").stdout
