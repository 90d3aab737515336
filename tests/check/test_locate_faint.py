"""Wrong entries of large arrays that are less than is material along directions."""

import numpy as np
import pytest

from clinometer.check import Verdict, check

SIZE = 100_000
COST = 80
"""Evaluations of a healthy check: eight directions of eight, and f(x) three times."""


def _problem(dtype, shape=(SIZE,)):
    """f, x and the right gradient: a weighted sum of sines."""
    random = np.random.default_rng(5)
    x = random.normal(size=shape).astype(dtype)
    w = random.uniform(0.5, 2.0, size=shape).astype(dtype)
    return lambda x: (w * np.sin(x)).sum(), x, w * np.cos(x)


@pytest.mark.parametrize(
    ("dtype", "factor"), [(np.float32, 1.05), (np.float32, 1.01), (np.float64, 1.0001)]
)
@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_entry_does_not_hide_among_many(dtype, factor, seed):
    f, x, claim = _problem(dtype)
    healthy = check(f, x, gradient=claim, seed=seed)
    assert healthy.verdict is Verdict.AGREES
    assert healthy.evaluations <= COST

    claim[777 + seed] *= factor
    report = check(f, x, gradient=claim, seed=seed)

    assert report.verdict is Verdict.DIFFERS
    assert report.leaves[0].where == f"entry {777 + seed}"
    assert report.leaves[0].wrong == ((777 + seed,),)
    assert report.evaluations <= COST + 80


def test_two_wrong_entries_of_a_matrix_are_named():
    f, x, claim = _problem(np.float32, (250, 400))
    claim[[3, 77], [5, 399]] *= 1.03
    report = check(f, x, gradient=claim)
    assert report.leaves[0].wrong == ((3, 5), (77, 399))


def test_what_is_not_material_beside_a_wrong_entry_is_named_too():
    f, x, claim = _problem(np.float64)
    claim[[5, 70_000]] *= [1.5, 1.0001]
    report = check(f, x, gradient=claim)
    assert report.leaves[0].wrong == ((5,), (70_000,))


def test_a_faint_row_is_named():
    f, x, claim = _problem(np.float32, (1000, 100))
    claim[31] += 2e-3
    report = check(f, x, gradient=claim)
    assert report.leaves[0].where == "row 31"
    assert report.leaves[0].wrong == tuple((31, k) for k in range(100))


@pytest.mark.parametrize("level", [1e-5, 5e-5])
@pytest.mark.parametrize("relative", [False, True])
def test_errors_of_all_entries_below_rtol_are_none(level, relative):
    """As sums in float32 have them; small entries are then off by more than rtol."""
    f, x, claim = _problem(np.float32)
    noise = level * np.random.default_rng(1).normal(size=SIZE)
    claim = (claim * (1 + noise) if relative else claim + noise).astype(np.float32)

    report = check(f, x, gradient=claim)

    assert report.verdict is Verdict.AGREES
    assert report.evaluations <= COST + 180  # the search, and what it had begun
    assert report.power[0].smallest > 1e-3  # as rtol of a direction hides it


@pytest.mark.parametrize("tolerance", [1e-7, 1e-8])
def test_an_iteration_stopped_at_a_tolerance_is_no_fault_of_single_entries(tolerance):
    random = np.random.default_rng(0)
    x, b = random.normal(size=20_000), random.normal(size=20_000)

    def fixed_point(x, tolerance):
        z = np.zeros_like(x)
        while True:
            new = np.tanh(x + z / 2)
            if np.abs(new - z).max() < tolerance:
                return new
            z = new

    exact = 1 - fixed_point(x, 1e-15) ** 2
    claim = b * exact / (1 - exact / 2)
    report = check(lambda x: (b * fixed_point(x, tolerance)).sum(), x, gradient=claim)
    assert report.verdict is Verdict.AGREES


@pytest.mark.parametrize("factor", [-1, 1.05])
def test_one_wrong_entry_does_not_hide_among_many_leaves(factor):
    random = np.random.default_rng(2)
    x = {f"p{k}": random.normal(size=(4, 1000)).astype(np.float32) for k in range(20)}
    claim = {name: np.cos(leaf) for name, leaf in x.items()}

    def f(x):
        return sum(np.sin(leaf).sum() for leaf in x.values())

    healthy = check(f, x, gradient=claim)
    assert healthy.verdict is Verdict.AGREES
    assert healthy.evaluations <= COST

    claim["p11"][3, 17] *= factor
    report = check(f, x, gradient=claim)

    differing = [leaf for leaf in report.leaves if leaf.verdict is Verdict.DIFFERS]
    assert [(leaf.path, leaf.wrong) for leaf in differing] == [("x['p11']", ((3, 17),))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_power_says_of_one_entry_of_many_is_seen(dtype):
    f, x, right = _problem(dtype)
    (power,) = check(f, x, gradient=right).power
    assert power.smallest <= (1e-3 if dtype is np.float32 else 1e-5)
    sizes = np.maximum(np.abs(x), np.sqrt(np.mean(np.square(x, dtype=np.float64))))
    error = 2 * power.smallest * np.max(np.abs(right) * sizes)
    for seed in range(6):
        place = int(np.random.default_rng(seed).integers(SIZE))
        claim = right.copy()
        claim[place] += error / sizes[place]
        report = check(f, x, gradient=claim, seed=seed)
        assert report.leaves[0].wrong == ((place,),)
