"""The comparison of checkers: stopped runs go on, endless questions are taken back."""

import json
import time

import numpy as np
import pytest

from benchmarks.checkers.healthy import HEALTHY
from benchmarks.checkers.rivals import Late, patience
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
