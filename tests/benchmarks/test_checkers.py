"""The comparison of checkers: stopped runs go on, endless questions are taken back."""

import json
import time

import numpy as np
import pytest

from benchmarks.checkers.healthy import HEALTHY
from benchmarks.checkers.page import Set, page
from benchmarks.checkers.planted import Tally
from benchmarks.checkers.rivals import RIVALS, Late, patience
from benchmarks.checkers.scaled import OURS, Outcome
from benchmarks.checkers.store import Store, stamp
from clinometer import check
from clinometer.check import Verdict


def test_records_are_there_for_the_next_run(tmp_path):
    path = tmp_path / "new" / "answers.jsonl"
    Store(path, "one").add("a", {"said": "agrees"})

    again = Store(path, "one")

    assert "a" in again
    assert again["a"]["said"] == "agrees"
    assert "b" not in again


def test_a_line_that_was_cut_off_is_asked_again(tmp_path):
    path = tmp_path / "answers.jsonl"
    store = Store(path, "one")
    for name in ("a", "b"):
        store.add(name, {})
    path.write_text(path.read_text()[:-4])

    again = Store(path, "one")
    again.add("c", {})

    assert "b" not in again
    assert [json.loads(line).get("name") for line in path.read_text().splitlines()] == [
        None,
        "a",
        "c",
    ]


def test_answers_of_other_code_are_forgotten(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("1")
    path = tmp_path / "answers.jsonl"
    Store(path, stamp(code)).add("a", {})
    (code / "a.py").write_text("2")

    assert "a" not in Store(path, stamp(code))


def endless():
    while True:
        pass


def test_an_endless_question_is_taken_back():
    began = time.perf_counter()

    with pytest.raises(Late), patience(0.05):
        endless()

    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("asked", HEALTHY, ids=lambda asked: asked.name)
def test_healthy_gradients_are_right(asked):
    report = check(asked.within(np), asked.x, gradient=asked.gradient)

    assert report.verdict is Verdict.AGREES


def told(right, *, fault="differs", reason=""):
    said = {"right": right, "sign": fault}
    return {"said": said, "reason": reason, "seconds": 0.002}


def test_the_page_counts_and_names_what_was_wrong():
    tally = Tally(RIVALS[0], asked={"faults": 3, "twins": 3}, causes=2, known=1)
    tally.wrong["faults"] = ["a slip"]
    tally.times["faults", "a slip"] = 0.001
    ours, other = Outcome(), Outcome()
    ours.note("exp 0", told("agrees"))
    ours.note("exp 1", told("cannot-tell", reason="noisy at 3e-05; give scale="))
    other.note("exp 0", told("differs"))
    other.note("exp 1", told("agrees", fault="agrees"))
    operators = Set("Operators", "Some.", {OURS: ours, "another": other})

    written = page([tally], [operators], cost="", command="this")

    assert "| clinometer | 1 of 3 | 0 of 3 |" in written
    assert "| another | 1 of 2 | 1 | 0 |" in written
    assert "- another, called wrong: exp." in written
    assert "- clinometer, no verdict, noisy at …: exp." in written
