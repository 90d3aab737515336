"""Leaves that are too large to go through entry by entry."""

import numpy as np
import pytest

from clinometer.check import Verdict, check

SIZE = 5000
X = np.random.default_rng(1).normal(size=SIZE)
WEIGHTS = np.random.default_rng(2).uniform(0.5, 2.0, size=SIZE)


def _f(x):
    return (WEIGHTS * np.sin(x)).sum(axis=-1)


def _slopes(x):
    return WEIGHTS * np.cos(x)


def test_a_large_leaf_is_compared_along_eight_directions():
    report = check(_f, X, gradient=_slopes)
    assert report.verdict is Verdict.AGREES
    (leaf,) = report.leaves
    assert (leaf.entries, leaf.directions) == (0, 8)
    assert report.evaluations < 200


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.01])
def test_one_wrong_entry_among_thousands_differs(factor):
    claimed = _slopes(X)
    worst = int(np.argmax(np.abs(claimed * X)))
    claimed[worst] *= factor
    report = check(_f, X, gradient=claimed)
    assert report.verdict is Verdict.DIFFERS
    assert report.findings[0].index == (worst,)
    assert report.findings[1].direction is not None


def test_a_wrong_entry_that_is_itself_zero_or_small_differs():
    """Every entry moves, however small it is."""
    x = X.copy()
    x[7] = 0.0
    for entry in (7, int(np.argmin(np.abs(X)))):
        claimed = _slopes(x)
        claimed[entry] *= -1
        assert check(_f, x, gradient=claimed).verdict is Verdict.DIFFERS


def test_entries_decides_what_is_gone_through_one_by_one():
    x, unit = X[:1200], np.ones(1200)

    def f(x):
        return (unit * x**2).sum(axis=-1)

    few = check(f, x, gradient=2 * x, batched=True)
    assert (few.leaves[0].entries, few.leaves[0].directions) == (0, 8)
    all_of_them = check(f, x, gradient=2 * x, batched=True, entries=1200)
    assert (all_of_them.leaves[0].entries, all_of_them.leaves[0].directions) == (
        1200,
        0,
    )
    assert all_of_them.verdict is few.verdict is Verdict.AGREES


def test_small_leaves_are_gone_through_beside_large_ones():
    def f(p):
        return _f(p["w"]) + (p["b"] ** 2).sum()

    x = {"w": X, "b": np.array([1.0, 2.0, 3.0])}
    right = {"w": _slopes(X), "b": 2 * x["b"]}
    report = check(f, x, gradient=right)
    counts = {leaf.path: (leaf.entries, leaf.directions) for leaf in report.leaves}
    assert counts == {"x['w']": (0, 8), "x['b']": (3, 0)}
    assert report.verdict is Verdict.AGREES
    wrong = {"w": _slopes(X), "b": np.array([2.0, 4.0, -6.0])}
    report = check(f, x, gradient=wrong)
    assert [finding.where for finding in report.findings] == ["x['b'][2]"]


def test_a_leaf_without_influence_agrees_with_zero_along_directions():
    x = {"w": X, "unused": X + 1}
    claim = {"w": _slopes(X), "unused": np.zeros(SIZE)}
    report = check(lambda p: _f(p["w"]), x, gradient=claim)
    assert report.verdict is Verdict.AGREES
    claim["unused"][3] = 1e-3
    report = check(lambda p: _f(p["w"]), x, gradient=claim)
    assert {finding.path for finding in report.findings} == {"x['unused']"}


def test_entries_that_span_decades_agree_along_directions():
    unit = 10.0 ** np.random.default_rng(4).uniform(-8, 8, size=SIZE)
    x = X * unit
    report = check(
        lambda x: _f(x / unit), x, gradient=lambda x: _slopes(x / unit) / unit
    )
    assert report.verdict is Verdict.AGREES


def test_what_noise_hides_in_single_entries_directions_may_settle():
    """Two thousandths of an entry's effect are lost in rounding, not of all of them."""
    x = X[:300]
    w = np.random.default_rng(5).uniform(1.0, 2.0, 300)

    def f(x):
        return 1e11 + (w * x).sum()

    report = check(f, x, gradient=w)
    assert report.verdict is Verdict.AGREES
    (leaf,) = report.leaves
    assert (leaf.entries, leaf.directions) == (300, 8)
    assert check(f, x, gradient=1.1 * w).verdict is Verdict.DIFFERS
