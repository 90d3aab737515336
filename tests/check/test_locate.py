"""Where a large leaf is wrong: entries, rows, blocks, or all of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.check import Verdict, check

SIZE = 100_000
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=SIZE)
W = RANDOM.uniform(0.5, 2.0, size=SIZE)


def _f(x):
    return (W * np.sin(x)).sum()


def _checked(places, *, shape=(SIZE,), factor=1.5, seed=0):
    """The report on a gradient that is wrong by a factor at those places."""
    claim = (W * np.cos(X)).reshape(shape)
    for place in places:
        claim[place] *= factor
    report = check(
        lambda x: _f(x.reshape(-1)), X.reshape(shape), gradient=claim, seed=seed
    )
    assert report.verdict is Verdict.DIFFERS
    return report


def _named(report):
    return {found.index for found in report.findings if found.index is not None}


@settings(max_examples=8, deadline=None)
@given(
    places=st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_up_to_three_wrong_entries_are_named_exactly(places, seed):
    report = _checked([(place,) for place in places], seed=seed)
    assert _named(report) == {(place,) for place in places}
    assert report.evaluations <= 240  # 67 of them along the first eight directions


@pytest.mark.parametrize("count", [4, 5])
def test_a_few_more_wrong_entries_are_named_exactly(count):
    places = np.random.default_rng(count).choice(SIZE, count, replace=False)
    report = _checked([(int(place),) for place in places])
    assert _named(report) == {(int(place),) for place in places}


def test_neighbours_that_are_wrong_are_named_both():
    report = _checked([(500,), (501,), (SIZE - 1,)])
    assert _named(report) == {(500,), (501,), (SIZE - 1,)}
    assert report.evaluations <= 200


def test_wrong_entries_of_a_matrix_are_named():
    report = _checked([(3, 4), (40, 1999)], shape=(50, 2000))
    assert _named(report) == {(3, 4), (40, 1999)}


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.01])
def test_a_wrong_sign_a_zero_and_one_per_cent_are_found(factor):
    report = _checked([(777,)], factor=factor)
    assert _named(report) == {(777,)}
    (first, *_) = report.findings
    assert first.ratio == pytest.approx(factor, abs=1e-6)  # the bars are 1e-9 wide


@pytest.mark.parametrize(
    ("places", "shape", "said"),
    [
        ([np.s_[3]], (250, 400), "row 3"),
        ([np.s_[:, 5]], (250, 400), "column 5"),
        ([np.s_[10:30, 40:60]], (250, 400), "the block [10:30, 40:60]"),
        ([np.s_[30_000:]], (SIZE,), "entries from 30000 on"),
        ([np.s_[...]], (250, 400), "everywhere"),
        ([np.s_[:, 2]], (50, 4, 500), "index of axis 1: 2"),
    ],
)
def test_rows_columns_and_blocks_are_named(places, shape, said):
    report = _checked(places, shape=shape)
    assert report.leaves[0].where == said


def test_a_pattern_without_blocks_is_said_to_be_spread():
    report = _checked([np.s_[::2]])
    assert "of the entries tried" in report.leaves[0].where


def test_a_single_entry_of_a_float32_array_is_named():
    x, w = X.astype(np.float32), W.astype(np.float32)
    claim = w * np.cos(x)
    claim[4242] *= -1
    report = check(lambda x: (w * np.sin(x)).sum(), x, gradient=claim)
    assert _named(report) == {(4242,)}


def test_without_float64_what_is_named_holds_the_wrong_entry():
    """In float32 alone, rounding may hide which entry it is, but not that there is one.

    The entry is large, for half a unit in the last place of f is 1e-3.
    """
    x, w = X.astype(np.float32), W.astype(np.float32)
    claim = w * np.cos(x)
    claim[4242] += 1000.0
    report = check(lambda x: (w * np.sin(x)).sum(), x, gradient=claim, upcast=False)
    assert report.verdict is Verdict.DIFFERS
    assert report.leaves[0].where


@pytest.mark.parametrize("seed", range(5))
def test_healthy_twins_never_differ(seed):
    claim = W * np.cos(X)
    assert check(_f, X, gradient=claim, seed=seed).verdict is Verdict.AGREES
    x = X.astype(np.float32)
    report = check(_f, x, gradient=lambda x: W * np.cos(x), seed=seed)
    assert report.verdict is not Verdict.DIFFERS


def test_a_faulty_leaf_of_many_is_found_without_going_through_them():
    x = {f"p{k}": X[1000 * k : 1000 * (k + 1)] * 10.0 ** -(k % 4) for k in range(40)}

    def f(p):
        return sum(np.sin(leaf).sum() * (k + 1) for k, leaf in enumerate(p.values()))

    right = {name: np.cos(x[name]) * (k + 1) for k, name in enumerate(x)}
    healthy = check(f, x, gradient=right, entries=0)
    assert healthy.verdict is Verdict.AGREES
    assert healthy.evaluations <= 64
    right["p11"][17] *= 1.7
    report = check(f, x, gradient=right, entries=0)
    assert {found.path for found in report.findings} == {"x['p11']"}
    assert _named(report) == {(17,)}
    assert report.evaluations <= 360  # 40 leaves with 8 directions each: 2,900


def test_a_small_leaf_is_not_drowned_by_large_ones():
    x = {f"p{k}": X[1000 * k : 1000 * (k + 1)].copy() for k in range(8)}
    unit = {name: 10.0 ** -(6 * (name == "p3")) for name in x}

    def f(p):
        return sum((unit[name] * np.sin(leaf)).sum() for name, leaf in p.items())

    claim = {name: unit[name] * np.cos(leaf) for name, leaf in x.items()}
    assert check(f, x, gradient=claim, entries=0).verdict is Verdict.AGREES
    claim["p3"] *= -1
    report = check(f, x, gradient=claim, entries=0)
    assert {found.path for found in report.findings} == {"x['p3']"}


@pytest.mark.parametrize("wrong", [False, True])
def test_leaves_without_influence_are_cleared_together_unless_one_has_some(wrong):
    """As the biases of keys in attention, whose gradient is zero or nearly so."""
    rng = np.random.default_rng(5)
    x = {f"w{k}": rng.normal(size=2000) for k in range(5)}
    x |= {f"idle{k}": rng.normal(size=2000) for k in range(8)}
    claim = {name: np.cos(leaf) * (name[0] == "w") for name, leaf in x.items()}

    def f(x):
        used = [leaf for name, leaf in x.items() if name[0] == "w"]
        used += [1e-3 * x["idle3"]] * wrong
        return sum(np.sin(leaf).sum() for leaf in used)

    report = check(f, x, gradient=claim, entries=0)

    differing = [leaf.path for leaf in report.leaves if leaf.verdict is Verdict.DIFFERS]
    assert differing == ["x['idle3']"] * wrong
    assert wrong or report.verdict is Verdict.AGREES
    assert wrong or report.evaluations < 100  # one by one they take 8 * 64 and more


def test_the_entries_of_a_block_are_listed_beside_single_ones():
    report = _checked([np.s_[10:30, 40:60], (200, 3)], shape=(250, 400))
    block = [(row, column) for row in range(10, 30) for column in range(40, 60)]
    assert report.leaves[0].wrong == (*block, (200, 3))
    assert report.as_dict()["leaves"][0]["wrong"][-1] == [200, 3]
    assert "every one tried, of 400" in str(report)
