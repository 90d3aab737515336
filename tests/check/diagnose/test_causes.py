"""Each cause, planted, is named first, with the numbers that show it."""

import numpy as np
import pytest

from clinometer.check import Verdict
from clinometer.check.diagnose import diagnose
from clinometer.check.diagnosis import Cause
from tests.check.diagnose.plants import evidence, first, slopes

SHAPES = [(30,), (6, 9), (3, 4, 5), (2, 3, 4, 5)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_flipped_sign_is_named(shape):
    n = slopes(*shape)

    found = first(-n, n)

    assert found.cause is Cause.SIGN
    assert found.where == "everywhere"
    assert found.evidence == f"a = -n exactly on {n.size} of {n.size} entries"


def test_a_flipped_sign_in_rows_is_named_with_the_rows():
    n = slopes(8, 5)
    a = n.copy()
    a[[1, 4]] *= -1

    found = first(a, n)

    assert (found.cause, found.where) == (Cause.SIGN, "rows 1 and 4")


@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (2, "a = 2 n"),
        (1 / 3, "1/3"),
        (1 / 1797, "1/1797"),
        (np.pi, "= pi"),
        (np.log(10), "= log 10"),
        (np.sqrt(2), "= sqrt(2)"),
        (1.37, "a = 1.37 n"),
        (-2, "a = -2 n"),
        (2 / 3, "2/3"),
    ],
)
@pytest.mark.parametrize("shape", SHAPES[:2])
def test_a_constant_factor_is_named_with_its_meaning(factor, name, shape):
    n = slopes(*shape)

    found = first(factor * n, n)

    assert found.cause is Cause.FACTOR
    assert name in found.evidence


def test_a_factor_that_is_the_length_of_another_array_is_called_that():
    n, other = slopes(5, 3), slopes(1797, 2)
    leaves = [
        evidence(n / 1797, n, path="x['W']"),
        evidence(other, other, path="x['X']"),
    ]

    found = diagnose(leaves)[0]

    assert found.cause is Cause.FACTOR
    assert "1/1797 = 1 / the length of axis 0 of x['X']" in found.evidence


def test_a_factor_that_is_an_own_length_is_a_reduction():
    n = slopes(6, 9)

    assert first(n / 9, n).cause is Cause.REDUCTION
    assert first(54 * n, n).cause is Cause.REDUCTION


def test_a_forgotten_regulariser_is_named_with_its_weight():
    n = slopes(6, 9)
    x = slopes(6, 9)

    found = first(n - 0.002 * x, n, x)

    assert found.cause is Cause.MISSING_REGULARISER
    assert "2 * lambda = 0.002, lambda = 0.001" in found.evidence


@pytest.mark.parametrize(
    ("term", "word"),
    [
        (lambda x: 0.3 * np.sign(x), "0.3 sign(x)"),
        (lambda x: 0.7 + 0 * x, "n - a = 0.7"),
        (lambda x: 0.2 * x**3, "x**3"),
        (lambda x: -0.2173462 * x, "-0.217346 x"),
    ],
)
def test_other_missing_terms_of_x_are_named(term, word):
    n, x = slopes(6, 9), slopes(6, 9)

    found = first(n - term(x), n, x)

    assert found.cause is Cause.MISSING_TERM
    assert word in found.evidence


def test_a_residual_of_low_rank_is_a_missing_term():
    n = slopes(9, 8)

    found = first(n - np.outer(slopes(9), slopes(8)), n)

    assert found.cause is Cause.MISSING_TERM
    assert "rank 1" in found.evidence


def test_a_missing_chain_factor_is_a_missing_term():
    n, x = slopes(30), slopes(30)

    assert first(n / x, n, x).cause is Cause.MISSING_TERM


def test_none_and_zero_are_told_apart():
    n = slopes(12)

    assert first(0 * n, n).cause is Cause.ZERO
    assert first(0 * n, n, missing=True).cause is Cause.NONE


def test_a_gradient_without_dependence_is_named():
    found = first(slopes(12), np.zeros(12), bar=1.0)

    assert found.cause is Cause.NO_DEPENDENCE


def test_swapped_arguments_are_named_on_both():
    n, m = slopes(7, 3), slopes(7, 3)

    found = diagnose([evidence(m, n, path="x[0]"), evidence(n, m, path="x[1]")])

    assert [one.cause for one in found] == [Cause.SWAPPED] * 2
    assert "n of x[1]" in next(one for one in found if one.path == "x[0]").evidence


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((6, 6), lambda n: n.T),
        ((4, 6), lambda n: n.T.reshape(4, 6)),
        ((3, 4, 3), lambda n: n.transpose(2, 1, 0)),
        ((3, 4, 5), lambda n: n.transpose(1, 2, 0).reshape(3, 4, 5)),
        ((2, 3, 2, 3), lambda n: n.transpose(2, 1, 0, 3)),
    ],
)
def test_permuted_axes_are_named(shape, change):
    n = slopes(*shape)

    assert first(change(n), n).cause is Cause.TRANSPOSED


@pytest.mark.parametrize(
    "change",
    [
        lambda n: np.roll(n, 1, 0),
        lambda n: np.roll(n, -3, 1),
        lambda n: n[::-1],
        lambda n: np.random.default_rng(0).permutation(n.ravel()).reshape(n.shape),
    ],
)
def test_entries_in_wrong_places_are_named(change):
    n = slopes(7, 11)

    assert first(change(n), n).cause is Cause.PERMUTED


@pytest.mark.parametrize("reduce", [np.mean, np.sum])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_gradient_spread_over_an_axis_is_named(reduce, axis):
    n = slopes(7, 11)
    a = np.broadcast_to(reduce(n, axis=axis, keepdims=True), n.shape)

    assert first(a, n).cause is Cause.BROADCAST


def test_a_gradient_constant_along_an_axis_is_named():
    n = slopes(7, 11)

    found = first(np.broadcast_to(slopes(7, 1), n.shape), n)

    assert found.cause is Cause.BROADCAST
    assert "constant along axis 1" in found.evidence


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (np.abs, "|n|"),
        (np.square, "n**2"),
        (lambda n: np.clip(n, -0.8, 0.8), "sign(n)"),
        (np.sign, "sign(n)"),
    ],
)
def test_what_is_not_linear_in_n_is_named(change, word):
    n = slopes(40)

    found = first(change(n), n)

    assert found.cause is Cause.COTANGENT_NONLINEAR
    assert word in found.evidence or "clipped" in found.evidence


def test_equal_contributions_of_which_one_is_left_are_duplicates():
    times = np.random.default_rng(0).integers(1, 4, 20)

    found = first(np.ones(20), times.astype(float))

    assert found.cause is Cause.DUPLICATES


def test_whole_rows_wrong_here_and_there_are_duplicates():
    n = slopes(12, 5)
    a = n.copy()
    a[[2, 7, 9]] -= slopes(3, 5)

    assert first(a, n).cause is Cause.DUPLICATES


@pytest.mark.parametrize(("length", "tile"), [(133, 128), (17, 16), (70, 64)])
def test_a_wrong_tail_is_named(length, tile):
    n = slopes(length)
    a = n.copy()
    a[tile:] *= slopes(length - tile)

    found = first(a, n)

    assert found.cause is Cause.TAIL
    assert str(tile) in found.where or "last" in found.where


@pytest.mark.parametrize(
    ("special", "cause"),
    [
        (lambda x: x == 0, Cause.SPECIAL_POINTS),
        (lambda x: np.abs(x) > 0.9, Cause.SPECIAL_POINTS),
        (lambda x: x == x.max(), Cause.SPECIAL_POINTS),
        (lambda x: x > 0.4, Cause.BRANCH),
        (lambda x: x < 0, Cause.BRANCH),
    ],
)
def test_special_values_of_x_are_learnt(special, cause):
    n, x = slopes(50), slopes(50)
    x[::7] = 0.0
    x[3], x[11], x[20] = 2.5, 2.5, 2.5

    found = first(np.where(special(x), 0.3 * n - 1, n), n, x)

    assert found.cause is cause
    assert "where x" in found.where or "where |x|" in found.where


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_claims_rounded_to_a_dtype_are_named(dtype):
    n = slopes(40)

    found = first(n.astype(dtype), n, rtol=1e-9)

    assert found.cause is Cause.PRECISION
    assert np.dtype(dtype).name in found.evidence


def test_small_errors_either_way_are_lost_digits():
    n = slopes(6, 9)

    assert first(n + 1e-3 * slopes(6, 9), n).cause is Cause.PRECISION


def test_the_conjugate_of_pairs_is_named():
    n = slopes(9, 2)

    assert first(n * [1, -1], n).cause is Cause.CONJUGATED


def test_what_is_not_finite_is_named():
    n = slopes(12)
    a = n.copy()
    a[4] = np.nan

    found = first(a, n)

    assert (found.cause, found.where) == (Cause.NOT_FINITE, "entry 4")


def test_single_entries_are_listed():
    n = slopes(6, 9)
    a = n.copy()
    a[2, 3] *= 1.01

    found = first(a, n)

    assert (found.cause, found.where) == (Cause.ENTRIES, "[2, 3]")


def test_random_claims_are_not_explained():
    n = slopes(6, 9)

    assert first(slopes(6, 9), n).cause is Cause.UNEXPLAINED


def test_a_claim_that_follows_from_afar_lacks_a_term():
    n = slopes(60)

    assert first(n + 0.5 * slopes(60), n).cause is Cause.MISSING_TERM


def test_two_faults_in_one_leaf_are_told_apart():
    n = slopes(8, 9)
    a = 2.5 * n
    a[3:5] = -n[3:5]

    found = diagnose([evidence(a, n)])

    assert {(one.cause, one.where) for one in found} == {
        (Cause.SIGN, "rows 3 and 4"),
        (Cause.FACTOR, "elsewhere"),
    }


def test_faults_of_several_leaves_are_told_apart():
    n, m, right = slopes(8), slopes(3, 4), slopes(5)
    leaves = [
        evidence(-n, n, path="x[0]"),
        evidence(0 * m, m, path="x[1]"),
        evidence(right, right, path="x[2]"),
    ]

    found = diagnose(leaves)

    assert {(one.path, one.cause) for one in found} == {
        ("x[0]", Cause.SIGN),
        ("x[1]", Cause.ZERO),
    }


def test_one_fault_of_all_leaves_is_said_once():
    n, m = slopes(8), slopes(3, 4)

    found = diagnose([evidence(-n, n, path="x[0]"), evidence(-m, m, path="x[1]")])

    assert [(one.path, one.cause) for one in found] == [("", Cause.SIGN)]
    assert "all 2 arrays" in found[0].evidence


@pytest.mark.parametrize("along", [2.0, -1.0, 0.0])
def test_directions_alone_tell_constant_ratios(along):
    n = slopes(8)
    cause = {2.0: Cause.FACTOR, -1.0: Cause.SIGN, 0.0: Cause.ZERO}[along]

    found = first(along * n, n, directions=True, shape=(1000, 1000))

    assert found.cause is cause
    assert "8 of 8 directions" in found.evidence


def test_a_claim_at_a_kink_is_inside_or_outside_the_slopes():
    kink = np.array([True, True])
    found = diagnose(
        [
            evidence(
                [0.5, 3.0],
                np.zeros(2),
                bar=0.0,
                kink=kink,
                wrong=np.array([False, True]),
                unclear=np.array([True, False]),
            )
        ]
    )

    assert [(one.cause, one.verdict) for one in found] == [
        (Cause.KINK_OUTSIDE, Verdict.DIFFERS),
        (Cause.KINK_INSIDE, Verdict.CANNOT_TELL),
    ]
