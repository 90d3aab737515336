"""What the check says of right gradients, wrong ones, and undecidable questions."""

import numpy as np
import pytest

from clinometer.check import Verdict, assert_gradient, check
from clinometer.errors import GradientError
from tests.check.losses import DECAY, WEIGHTS, loss, slopes


def test_a_right_gradient_agrees():
    report = check(loss, WEIGHTS, gradient=slopes)
    assert report.verdict is Verdict.AGREES
    assert report.leaves[0].entries == WEIGHTS.size
    assert report.leaves[0].digits >= 6


def test_the_gradient_may_be_an_array():
    assert check(loss, WEIGHTS, gradient=slopes(WEIGHTS)).verdict is Verdict.AGREES


def test_a_forgotten_regulariser_differs_in_every_entry():
    report = check(loss, WEIGHTS, gradient=lambda w: slopes(w) - 2 * DECAY * w)
    assert report.verdict is Verdict.DIFFERS
    assert report.leaves[0].differ == WEIGHTS.size
    worst = report.findings[0]
    truth = slopes(WEIGHTS)[worst.index]
    assert abs(worst.numerical - truth) <= worst.error
    assert worst.ratio == pytest.approx(worst.analytic / truth, rel=1e-6)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.999, 1.00001, 2.0])
def test_one_wrong_entry_is_found_and_named(factor):
    claimed = slopes(WEIGHTS)
    claimed[3, 1] *= factor
    report = check(loss, WEIGHTS, gradient=claimed)
    assert report.verdict is Verdict.DIFFERS
    assert [finding.index for finding in report.findings] == [(3, 1)]
    assert report.findings[0].ratio == pytest.approx(factor, abs=1e-9)


def test_a_difference_below_rtol_is_not_material():
    claimed = slopes(WEIGHTS) * (1 + 3e-7)
    assert check(loss, WEIGHTS, gradient=claimed).verdict is Verdict.AGREES
    report = check(loss, WEIGHTS, gradient=claimed, rtol=1e-8)
    assert report.verdict is Verdict.DIFFERS


def test_a_right_gradient_rounded_to_float32_agrees():
    claimed = slopes(WEIGHTS).astype(np.float32)
    assert check(loss, WEIGHTS, gradient=claimed).verdict is Verdict.AGREES


@pytest.mark.parametrize("batched", [False, True])
def test_f_may_take_one_point_or_a_batch(batched):
    def f(x):
        return (x**3).sum(axis=-1)

    x = np.array([1.0, -2.0, 3.0])
    report = check(f, x, gradient=lambda x: 3 * x**2, batched=batched)
    assert report.verdict is Verdict.AGREES


def test_nested_inputs_are_named_leaf_by_leaf():
    def f(p):
        return (p["w"] ** 2).sum() + 3 * p["layers"][0][0]

    x = {"w": np.array([1.0, 2.0]), "layers": [(1.5,)]}
    good = {"w": 2 * x["w"], "layers": [(3.0,)]}
    bad = {"w": 2 * x["w"], "layers": [(4.0,)]}
    assert check(f, x, gradient=good).verdict is Verdict.AGREES
    report = check(f, x, gradient=bad)
    assert [finding.where for finding in report.findings] == ["x['layers'][0][0]"]
    by_leaf = {leaf.path: leaf.verdict for leaf in report.leaves}
    assert by_leaf["x['w']"] is Verdict.AGREES


def test_a_slight_difference_is_blamed_on_f_as_well():
    """Square roots by an iteration, stopped early: their slope is not 1/(2 y)."""

    def root(a):
        y, step = 1.0, 1.0
        while abs(step) > 1e-6:
            step = 0.3 * (a / y - y)
            y += step
        return y

    def f(x):
        return sum(root(a) for a in x)

    x = np.array([4.0, 5.0])
    report = check(f, x, gradient=lambda x: 0.5 / np.sqrt(x))
    assert report.verdict is Verdict.CANNOT_TELL
    assert "stops an iteration" in report.leaves[0].reason
    report = check(f, x, gradient=lambda x: 0.5 / np.sqrt(x), rtol=1e-7)
    assert report.verdict is Verdict.DIFFERS
    report = check(f, x, gradient=lambda x: 0.5 / np.sqrt(x), rtol=1e-4)
    assert report.verdict is Verdict.AGREES


@pytest.mark.parametrize("wrong", [[1 + 1e-5] * 5, [1, 1, 1 - 2e-5, 1, 1]])
def test_a_slight_factor_and_a_slight_slip_in_one_entry_differ(wrong):
    """A tolerance inside f shows in all entries, and in each by another share."""
    x = np.array([0.3, 1.0, -0.7, 2.0, -1.5])
    report = check(lambda x: np.exp(x).sum(), x, gradient=wrong * np.exp(x))
    assert report.verdict is Verdict.DIFFERS


# At a kink the derivative does not exist: a value between the slopes is no fault.


@pytest.mark.parametrize("claim", [-1.0, -0.3, 0.0, 1.0])
def test_at_a_kink_a_slope_between_left_and_right_cannot_be_told(claim):
    report = check(
        lambda x: np.abs(x).sum(), np.array([0.0, 2.0]), gradient=[claim, 1.0]
    )
    assert report.verdict is Verdict.CANNOT_TELL
    assert "kink" in report.leaves[0].reason


@pytest.mark.parametrize("claim", [-1.5, 3.0])
def test_at_a_kink_a_slope_outside_left_and_right_differs(claim):
    report = check(
        lambda x: np.abs(x).sum(), np.array([0.0, 2.0]), gradient=[claim, 1.0]
    )
    assert report.verdict is Verdict.DIFFERS


# Sizes and precisions


def test_entries_of_hugely_different_sizes_agree_in_separate_leaves():
    def f(p):
        return (p["a"] ** 2).sum() * 1e-16 + (p["b"] ** 2).sum() * 1e16

    x = {"a": np.array([1e8, 2e8]), "b": np.array([1e-8, 3e-8])}
    right = {"a": 2e-16 * x["a"], "b": 2e16 * x["b"]}
    wrong = {"a": 2e-16 * x["a"], "b": 2.1e16 * x["b"]}
    assert check(f, x, gradient=right).verdict is Verdict.AGREES
    report = check(f, x, gradient=wrong)
    assert {finding.path for finding in report.findings} == {"x['b']"}


def test_entries_of_hugely_different_sizes_agree_in_one_leaf():
    unit = np.array([1e-8, 1e-3, 1.0, 1e8])

    def f(x):
        return np.sin(x / unit).sum()

    x = np.array([0.3, 0.7, -1.1, 2.0]) * unit
    right = np.cos(x / unit) / unit
    assert check(f, x, gradient=right).verdict is Verdict.AGREES
    wrong = right * [1, 1, 1, -1]
    assert check(f, x, gradient=wrong).verdict is Verdict.DIFFERS


def test_float32_input_and_values_agree_with_a_float32_gradient():
    x = np.linspace(0.5, 1.5, 6, dtype=np.float32)
    report = check(lambda x: np.sin(x).sum(), x, gradient=np.cos)
    assert report.verdict is Verdict.AGREES
    assert report.rtol == pytest.approx(2.0**-12)


def test_a_two_per_cent_fault_shows_in_float32():
    x = np.linspace(0.5, 1.2, 6, dtype=np.float32)
    report = check(
        lambda x: np.sin(x).sum(), x, gradient=lambda x: np.float32(1.02) * np.cos(x)
    )
    assert report.verdict is Verdict.DIFFERS


def test_one_sided_slopes_at_the_edge_of_the_domain_agree():
    def f(x):
        return (x * np.sqrt(x)).sum()

    report = check(f, np.array([0.0, 1.0]), gradient=lambda x: 1.5 * np.sqrt(x))
    assert report.verdict is not Verdict.DIFFERS


def test_an_infinite_slope_is_no_fault_where_none_can_be_measured():
    report = check(
        lambda x: np.sqrt(x).sum(), np.array([0.0, 4.0]), gradient=[np.inf, 0.25]
    )
    assert report.verdict is Verdict.CANNOT_TELL


# Assertions


def test_require_passes_for_a_right_gradient_and_raises_the_table_for_a_wrong_one():
    check(loss, WEIGHTS, gradient=slopes).require()
    with pytest.raises(GradientError, match="DIFFERS  15 entries checked"):
        check(loss, WEIGHTS, gradient=lambda w: 2 * slopes(w)).require()


def test_assert_gradient_raises_where_the_check_cannot_tell():
    assert_gradient(loss, WEIGHTS, gradient=slopes, rtol=1e-5, seed=3)
    with pytest.raises(GradientError, match="CANNOT TELL"):
        assert_gradient(lambda x: np.abs(x).sum(), np.zeros(1), gradient=np.sign)


def test_the_same_seed_gives_the_same_report():
    first, second = (
        check(loss, WEIGHTS, gradient=slopes, entries=0, seed=5) for _ in range(2)
    )
    assert first.findings == second.findings
    other = check(loss, WEIGHTS, gradient=slopes, entries=0, seed=6)
    assert other.findings != first.findings
