"""The report as text and as data."""

import json
import pickle

import numpy as np
import pytest

from clinometer.check import Finding, LeafSummary, Report, Verdict, check
from clinometer.errors import GradientError
from tests.check.losses import DECAY, WEIGHTS, loss, slopes


def _wrong():
    return check(loss, WEIGHTS, gradient=lambda w: slopes(w) - 2 * DECAY * w, seed=4)


def test_the_verdict_and_the_counts_stand_first():
    assert str(_wrong()).startswith("DIFFERS  15 entries checked, 15 differ\n")
    right = str(check(loss, WEIGHTS, gradient=slopes))
    assert right.startswith("AGREES  15 entries checked, all agree\n")


def test_the_ten_worst_findings_are_shown_and_the_others_counted():
    lines = str(_wrong()).splitlines()
    assert sum(line.endswith("differs") for line in lines) == 10
    assert "… and 5 more" in lines


def test_the_worst_finding_stands_first():
    report = _wrong()
    size = np.maximum(np.abs(WEIGHTS), np.sqrt(np.mean(WEIGHTS**2)))
    worth = [
        abs(found.analytic - found.numerical) * size[found.index]
        for found in report.findings
    ]
    assert worth == sorted(worth, reverse=True)


def test_columns_are_aligned():
    lines = str(_wrong()).splitlines()
    head = next(line for line in lines if line.startswith("where"))
    place = head.index("numerical ± bar")
    rows = [line for line in lines if line.startswith("x[")]
    assert all(row[place - 1] == " " and row[place] != " " for row in rows)


def test_cost_and_seed_stand_last():
    report = _wrong()
    last = str(report).splitlines()[-1]
    assert f"{report.evaluations} evaluations of f" in last
    assert "seed 4" in last


def test_no_line_of_a_report_is_blank_at_its_end():
    assert all(line == line.rstrip() for line in str(_wrong()).splitlines())


def test_faults_of_form_are_said_in_a_line_of_their_own():
    text = str(check(loss, WEIGHTS, gradient=lambda w: slopes(w).T))
    assert text.startswith("DIFFERS  the claimed gradient could not be compared")
    assert "x: shape (3, 5), where the leaf of x has (5, 3): transposed" in text


def test_many_leaves_are_counted_not_listed():
    x = {f"w{k:02}": np.array([1.0 + k]) for k in range(14)}
    report = check(
        lambda p: sum((v**2).sum() for v in p.values()),
        x,
        gradient={key: 2 * v for key, v in x.items()},
    )
    assert "… and 4 more leaves" in str(report)


def test_as_dict_is_json_with_stable_names():
    data = _wrong().as_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == [
        "verdict",
        "findings",
        "leaves",
        "notes",
        "rtol",
        "evaluations",
        "seed",
        "seconds",
        "diagnoses",
        "power",
        "probes",
    ]
    assert data["verdict"] == "differs"
    assert list(data["findings"][0]) == [
        "path",
        "index",
        "direction",
        "verdict",
        "analytic",
        "numerical",
        "error",
        "ratio",
        "reason",
    ]


def test_numbers_that_json_lacks_become_words_or_null():
    claim = np.array([np.nan, np.inf])
    report = check(lambda x: (x**2).sum(), np.array([1.0, 2.0]), gradient=claim)
    data = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    by_index = {tuple(found["index"]): found for found in data["findings"]}
    assert by_index[0,]["analytic"] == "nan"
    assert by_index[1,]["analytic"] == "inf"
    assert by_index[1,]["ratio"] is None
    shape = check(lambda x: (x**2).sum(), np.ones(2), gradient=1.0).as_dict()
    assert shape["findings"][0]["error"] == "inf"


def test_a_report_survives_pickling_and_compares_by_identity():
    report = _wrong()
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report)
    assert again != report


def test_what_the_report_requires_is_what_it_prints():
    report = _wrong()
    with pytest.raises(GradientError) as caught:
        report.require()
    assert str(caught.value) == str(report)


@pytest.mark.parametrize(
    ("index", "direction", "where"),
    [
        ((3, 1), None, "x['w'][3, 1]"),
        ((), None, "x['w']"),
        (None, None, "x['w']"),
        (None, 2, "x['w'] direction 2"),
    ],
)
def test_a_finding_names_its_place(index, direction, where):
    finding = Finding(
        path="x['w']",
        index=index,
        direction=direction,
        verdict=Verdict.DIFFERS,
        analytic=1.0,
        numerical=2.0,
        error=1e-9,
        ratio=0.5,
        reason="",
    )
    assert finding.where == where


def test_a_leaf_says_what_was_compared():
    leaf = LeafSummary(
        path="x",
        shape=(640,),
        dtype="float32",
        verdict=Verdict.AGREES,
        entries=640,
        directions=1,
        differ=0,
        cannot_tell=0,
        resolution=2e-4,
        reason="",
    )
    assert leaf.compared == "640 entries + 1 direction"
    assert leaf.digits == 3
    report = Report(Verdict.AGREES, (), (leaf,), (), 1e-6, 1, 0, 0.1)
    assert "640 entries and 1 direction checked, all agree" in str(report)
