"""Patterns of wrong claims: what is told of them, and what is not."""

import numpy as np
import pytest

from clinometer.check.diagnose import cause_of_sample, diagnose, sample_of
from clinometer.check.diagnosis import Cause
from tests.check.diagnose.plants import evidence, first, slopes


@pytest.mark.parametrize(("unit", "cause"), [(1.0, "form"), (0.01, "precision")])
def test_claims_cut_off_to_a_unit_have_lost_digits(unit, cause):
    n = 7 * unit * slopes(12)

    found = first(unit * np.trunc(n / unit), n)

    assert found.cause is Cause(cause)
    assert f"multiple of {unit:g}" in found.evidence


def test_claims_of_one_are_not_called_rounded():
    assert first(np.ones(5), np.cos(slopes(5))).cause is not Cause.FORM


def test_a_factor_at_every_step_of_a_recursion_is_named():
    n = slopes(6, 3)
    steps = 0.8 ** np.arange(6)[::-1]

    found = first(n * steps[:, None], n)

    assert found.cause is Cause.FACTOR
    assert "1.25 times as large at each index of axis 0" in found.evidence


def test_a_multiple_of_its_own_in_each_row_is_one_fault():
    n, x, each = slopes(4, 6), slopes(4, 6), slopes(4, 1)

    scaled, short = first(each * n, n, x), first(n - each * x, n, x)

    assert scaled.cause is short.cause is Cause.MISSING_TERM
    assert "a is a multiple of n at each index of axis 0" in scaled.evidence
    assert "n - a is a multiple of x at each index of axis 0" in short.evidence


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.eye(5, dtype=bool), "on the diagonal"),
        (~np.eye(5, dtype=bool), "off the diagonal"),
        (np.triu(np.ones((5, 5), bool), 1), "above the diagonal"),
        (np.tril(np.ones((5, 5), bool)), "on and below the diagonal"),
    ],
)
def test_parts_of_a_square_matrix_are_named_by_its_diagonal(mask, words):
    n = slopes(5, 5)
    x = np.where(mask, 0.0, slopes(5, 5))  # as of a triangular matrix

    found = first(np.where(mask, 2 * n, n), n, x)

    assert (found.cause, found.where) == (Cause.FACTOR, words)


def test_slots_of_other_shapes_may_be_swapped():
    n, m = slopes(4), slopes(4, 1)
    leaves = [
        evidence(m[:, 0], n, path="x['b']"),
        evidence(n[:, None], m, path="x['W']"),
    ]

    assert {one.cause for one in diagnose(leaves)} == {Cause.SWAPPED}


def test_one_row_in_place_of_their_sum_is_named():
    n = slopes(6, 3)
    leaves = [
        evidence(n, n, path="x['rows']"),
        evidence(n[0], n.sum(0), path="x['bias']"),
    ]

    (found,) = diagnose(leaves)

    assert found.cause is Cause.BROADCAST
    assert "at index 0 of axis 0" in found.evidence


def test_halved_rows_here_and_there_are_overwritten_ones():
    n = slopes(9, 3)
    a = n.copy()
    a[[0, 2]] /= 2

    assert first(a, n).cause is Cause.DUPLICATES


def test_most_rows_wrong_in_no_ratio_are_no_accident_of_indices():
    n = slopes(8, 3)
    a = n.copy()
    a[[0, 1, 2, 3, 4, 5, 7]] -= slopes(7, 3)

    assert first(a, n).cause is not Cause.DUPLICATES


def test_the_last_of_many_wrong_entries_is_no_tail():
    n = slopes(17)
    a = n + np.abs(slopes(17))
    a[0], a[-1] = n[0], 0.0

    assert Cause.TAIL not in {one.cause for one in diagnose([evidence(a, n)])}


def test_digits_are_not_lost_in_float64_where_another_leaf_is_wrong_throughout():
    n, m = slopes(9), slopes(3)
    small = n + 3e-5 * slopes(9)

    alone = diagnose([evidence(small, n)])
    beside = diagnose([evidence(small, n), evidence(slopes(3), m, path="y")])

    assert alone[0].cause is Cause.PRECISION
    assert Cause.PRECISION not in {one.cause for one in beside}


def test_the_regulariser_of_a_single_entry_shows_in_a_short_coefficient():
    n, x = np.array([-0.3645862915]), np.array([0.7])

    found = first(n - 0.06 * x, n, x)

    assert found.cause is Cause.MISSING_REGULARISER
    assert "n - a = 0.06 x" in found.evidence


def test_a_branch_of_a_large_leaf_is_learnt_from_a_sample():
    n, x = slopes(5000), slopes(5000)
    claim = np.where(x > 1.5, 0.0, n)
    places = sample_of(claim, 0)
    sample = evidence(claim[places], n[places], x[places])

    found = cause_of_sample(sample, claim, (5000,), places=places)

    assert found is not None
    assert found.cause is Cause.BRANCH
    assert found.where.startswith("where x > ")


def test_a_penalty_that_f_does_not_have_is_a_regulariser_too_many():
    n, x = slopes(9), slopes(9)

    found = first(n + 0.2 * x, n, x)

    assert found.cause is Cause.MISSING_REGULARISER
    assert "a term that f does not have is claimed" in found.evidence


def test_infinite_claims_along_directions_are_named():
    n = slopes(8)
    found = first(np.full(8, np.inf), n, directions=True)

    assert found.cause is Cause.NOT_FINITE
    assert "8 of 8 directions" in found.evidence


@pytest.mark.parametrize(("shape", "axis"), [((25,), 0), ((6, 7), 0), ((6, 7), 1)])
def test_a_missing_penalty_on_differences_of_neighbours_is_named(shape, axis):
    """Of 0.5 * 0.3 * sum (x[i+1] - x[i])**2, whose gradient is 0.3 D'D x."""
    n, x = slopes(*shape), slopes(*shape)
    d = np.diff(np.eye(shape[axis]), axis=0)
    moved = np.moveaxis(np.tensordot(d.T @ d, x, (1, axis)), 0, axis)

    found = first(n - 0.3 * moved, n, x)

    assert found.cause is Cause.MISSING_TERM
    assert "n - a = 0.3 D'D x" in found.evidence
    assert len(shape) == 1 or f"along axis {axis}" in found.evidence


def test_a_claim_that_runs_on_where_f_is_straight_is_a_branch():
    claim = np.random.default_rng(3).normal(size=40) * 2
    found = first(claim, np.clip(claim, -1.0, 1.0))
    assert found.cause is Cause.BRANCH
    assert "|n| is 1 wherever |a| is larger" in found.evidence


def test_a_sum_over_the_other_axis_is_named_by_its_total():
    terms = np.random.default_rng(4).normal(size=(6, 6)) + 0.3
    found = first(terms.sum(axis=1), terms.sum(axis=0))
    assert found.cause is Cause.REDUCTION


def test_totals_that_both_vanish_are_no_evidence():
    rng = np.random.default_rng(5)
    claim, true = rng.normal(size=(2, 9))
    found = first(claim - claim.mean(), true - true.mean())
    assert found.cause is not Cause.REDUCTION


def test_neighbouring_rows_of_a_table_may_be_overwritten_ones():
    rng = np.random.default_rng(6)
    true = np.zeros((9, 3))
    true[[1, 2, 4, 7]] = rng.normal(size=(4, 3))
    claim = true.copy()
    claim[[1, 2]] += rng.normal(size=(2, 3))
    found = first(claim, true)
    assert found.cause is Cause.DUPLICATES
