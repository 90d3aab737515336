"""The command `cost`, as the console script runs it."""

import json

import pytest

from clinometer.cli.commands import run

FILE = """
import numpy as np

import clinometer

bowl = clinometer.Problem(lambda x: (x**2).sum(), np.array([3.0, 4.0]))
several = clinometer.Problem(lambda x: x**2, np.array([3.0, 4.0]))
rows = clinometer.Problem(lambda x: (x**2).sum(axis=-1), np.ones(3), batched=True)
"""


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "loss.py"
    path.write_text(FILE)
    return str(path)


def test_the_report_is_printed_and_drawn(place, tmp_path, capsys):
    picture = tmp_path / "cost.png"

    status = run(
        ["cost", f"{place}:bowl", "--timing", "0.001", "--picture", str(picture)]
    )

    assert status == 0
    assert "central differences" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_json_holds_the_rows(place, capsys):
    status = run(["cost", f"{place}:rows", "--json", "--timing", "0", "--workers", "2"])

    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert told["n"] == 3
    assert told["workers"] == 2
    assert "complex step" in [row["way"] for row in told["rows"]]


def test_a_function_of_several_numbers_ends_with_bad_input(place, capsys):
    assert run(["cost", f"{place}:several"]) == 3
    assert "cost needs an f that returns a single number" in capsys.readouterr().err
