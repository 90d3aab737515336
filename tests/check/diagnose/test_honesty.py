"""What a diagnosis must not say: on right claims, on toys, on noise; and its units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.plants import KINDS, confusion, plant
from clinometer.check.diagnose import diagnose
from clinometer.check.diagnosis import Cause
from tests.check.diagnose.plants import evidence, first, slopes


@pytest.mark.parametrize("shape", [(1,), (3,), (6, 9), (2, 3, 4, 5)])
def test_right_claims_have_no_diagnosis(shape):
    n = slopes(*shape)

    assert diagnose([evidence(n, n)]) == ()


def test_random_plants_are_named_and_their_twins_are_not():
    """Seeds that nothing was tuned on; `python -m benchmarks.plants` tries 1,000."""
    table, right, alarms = confusion(range(5000, 5002))

    assert right >= 0.95 * table.total()
    assert alarms == 0


def test_one_entry_is_no_evidence_for_an_odd_factor():
    assert first([1.37], [1.0]).cause is Cause.UNEXPLAINED
    assert first([2.0], [1.0]).cause is Cause.FACTOR


def test_three_entries_are_evidence_for_one_factor():
    n = np.array([1.0, 2.0, -3.0])

    assert first(1.37 * n, n).cause is Cause.FACTOR


def test_a_factor_near_one_is_claimed_only_if_it_stands_at_other_steps():
    n = slopes(20)
    leaf = evidence(1.02 * n, n)

    stands = diagnose([leaf], again=lambda _, k: (n[k], 1e-11 + 0 * n[k]))
    feigned = diagnose([leaf], again=lambda _, k: (1.02 * n[k], 1e-11 + 0 * n[k]))

    assert stands[0].cause is Cause.FACTOR
    assert feigned[0].cause is not Cause.FACTOR


def scaled(leaf, f, x):
    """The leaf with f and x in other units."""
    unit = 2.0**f / 2.0**x
    return type(leaf)(
        path=leaf.path,
        shape=leaf.shape,
        x=leaf.x * 2.0**x,
        analytic=leaf.analytic * unit,
        numerical=leaf.numerical * unit,
        bar=leaf.bar * unit,
        wrong=leaf.wrong,
        unclear=leaf.unclear,
        kink=leaf.kink,
        one_sided=leaf.one_sided,
        missing=leaf.missing,
        rtol=leaf.rtol,
    )


NAMES = st.sampled_from(sorted(KINDS))


@settings(max_examples=25, deadline=None)
@given(NAMES, st.integers(0, 9), st.integers(-60, 60), st.integers(-60, 60))
def test_units_change_no_cause(name, seed, f, x):
    leaves = plant(name, seed).leaves

    found = diagnose(leaves)
    other = diagnose([scaled(leaf, f, x) for leaf in leaves])

    assert [(one.cause, one.path) for one in other] == [
        (one.cause, one.path) for one in found
    ]


@settings(max_examples=10, deadline=None)
@given(NAMES, st.integers(0, 9), st.permutations(range(3)))
def test_the_order_of_leaves_changes_no_cause(name, seed, order):
    leaves = plant(name, seed).leaves

    found = diagnose(leaves)
    other = diagnose([leaves[k] for k in order])

    assert {(one.cause, one.path) for one in other} == {
        (one.cause, one.path) for one in found
    }


PLACELESS = ["sign", "factor", "zero", "regulariser", "random", "none", "duplicates"]


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(PLACELESS), st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_no_cause(name, seed, shuffle):
    leaf = plant(name, seed).leaves[0]
    order = list(range(leaf.analytic.size))
    shuffle.shuffle(order)

    def flat(leaf, order):
        return evidence(
            leaf.analytic[order],
            leaf.numerical[order],
            leaf.x[order],
            bar=0.0,
            rtol=leaf.rtol,
            wrong=leaf.wrong[order],
            missing=leaf.missing,
        )

    found = diagnose([flat(leaf, slice(None))])
    other = diagnose([flat(leaf, order)])

    assert [one.cause for one in other] == [one.cause for one in found]
