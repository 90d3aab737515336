"""The rule of comparison, on numbers made for it."""

import math

import numpy as np
import pytest

from clinometer.check.verdict import (
    COARSE_RESOLUTION,
    GUARD,
    RESOLUTION,
    ROUNDING,
    Evidence,
    Terms,
    default_rtol,
    differing,
    is_zero,
    needed_resolution,
    resolution,
    resolution_of_zero,
    slightly_off,
    unmoved,
)


def _evidence(analytic, numerical, error, size=1.0, own=None):
    count = len(analytic)
    return Evidence(
        analytic=np.array(analytic, dtype=float),
        numerical=np.array(numerical, dtype=float),
        error=np.array(error, dtype=float),
        size=np.full(count, size),
        own=np.full(count, size) if own is None else np.array(own),
        magnitude=np.abs(np.array(analytic, dtype=float)),
        width=np.full(count, GUARD),
        directions=False,
    )


def _terms(value=0.0, roundoff=2.0**-53, rtol=1e-6, resolution=1e-3):
    return Terms(value, roundoff, rtol, resolution, grain=0.0, largest=0.0)


def test_a_difference_must_exceed_the_widened_bar():
    evidence = _evidence([1.0 + 2.9e-3, 1.0 + 3.1e-3], [1.0, 1.0], [1e-3, 1e-3])
    assert differing(evidence, _terms()).tolist() == [False, True]


def test_a_difference_must_be_material():
    evidence = _evidence([1.0 + 9e-7, 1.0 + 1.2e-6], [1.0, 1.0], [0.0, 0.0])
    assert differing(evidence, _terms()).tolist() == [False, True]


def test_a_difference_must_exceed_the_rounding_of_the_claim():
    allowed = ROUNDING * 2.0**-24 * 2.0  # |a| + |f| / s
    evidence = _evidence([1.0 + 0.9 * allowed, 1.0 + 1.1 * allowed], [1, 1], [0, 0])
    terms = _terms(value=1.0, roundoff=2.0**-24, rtol=0.0)
    assert differing(evidence, terms).tolist() == [False, True]


def test_rounding_is_allowed_per_size_of_the_entry():
    """The same 1e-12 is dust for an entry of 1e-3, and wrong for one of 1e+3."""
    terms = _terms(value=1.0)
    assert not differing(_evidence([1e-12], [0.0], [0.0], size=1e-3), terms)[0]
    assert differing(_evidence([1e-12], [0.0], [0.0], size=1e3), terms)[0]


def test_an_unknown_bar_excuses_any_finite_claim():
    evidence = _evidence([1e300, math.inf, math.nan], [math.nan] * 3, [math.inf] * 3)
    assert differing(evidence, _terms()).tolist() == [False, False, True]


def test_an_infinite_claim_differs_from_a_known_slope():
    assert differing(_evidence([math.inf], [3.0], [1e-9]), _terms())[0]


def test_a_leaf_is_zero_only_if_claim_and_measurement_are():
    assert is_zero(_evidence([0.0, 1e-17], [1e-12, -1e-12], [1e-12] * 2), _terms(1.0))
    assert not is_zero(_evidence([0.0, 1e-3], [0.0, 0.0], [1e-12] * 2), _terms(1.0))
    assert not is_zero(_evidence([0.0, 0.0], [0.0, 1e-3], [1e-12] * 2), _terms(1.0))


def test_resolution_is_relative_to_the_largest_slope_of_the_leaf():
    evidence = _evidence([2.0, 0.0], [2.0, 1e-5], [1e-6, 1e-5])
    assert resolution(evidence) == pytest.approx([GUARD * 5e-7, GUARD * 5e-6])


def test_resolution_counts_entries_by_their_own_sizes_too():
    """The first slope is large only because its entry is small."""
    evidence = _evidence(
        [1e3, 1e-3], [1e3, 1e-3], [1e-1, 1e-3], size=1e3, own=[1e-3, 1e3]
    )
    share = resolution(evidence)
    assert share[0] == pytest.approx(GUARD * 1e-4)
    assert share[1] == pytest.approx(GUARD * 1.0)


def test_a_small_entry_is_resolved_only_beside_its_leaf_or_its_own_slope():
    evidence = _evidence([1.0] * 3, [1.0] * 3, [1e-9, 8.0, 1e-4], own=[1, 1e-6, 1e-6])
    share = resolution(evidence)
    assert share == pytest.approx(GUARD * np.array([1e-9, 8.0, 1e-4]))


def test_an_exact_measurement_resolves_even_where_there_is_nothing_to_compare_with():
    evidence = _evidence([0.0, 0.0], [0.0, 0.0], [0.0, 1e-9])
    assert resolution(evidence).tolist() == [0.0, math.inf]
    assert resolution_of_zero(evidence, 0.0).tolist() == [0.0, math.inf]


def test_unmoved_are_slopes_that_are_zero_within_their_bars():
    evidence = _evidence([1.0, 1.0, 1.0], [0.0, 1e-9, 1.0], [0.0, 1e-9, 1e-9])
    assert unmoved(evidence).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("roundoff", "rtol"),
    [
        (2.0**-64, 1e-6),
        (2.0**-53, 1e-6),
        (2.0**-24, 2.0**-12),
        (2.0**-11, 2.0**-5.5),
        (2.0**-8, 2.0**-4),
    ],
)
def test_rtol_is_half_the_digits_below_float64(roundoff, rtol):
    assert default_rtol(roundoff) == pytest.approx(rtol, rel=1e-12)


def test_what_is_not_material_need_not_be_resolved():
    assert needed_resolution(2.0**-53, 1e-6) == RESOLUTION
    assert needed_resolution(2.0**-24, 2.0**-12) == COARSE_RESOLUTION
    assert needed_resolution(2.0**-53, 0.1) == 0.1


@pytest.mark.parametrize(
    ("analytic", "slight"),
    [
        ([1 + 1e-5], True),
        ([1 + 1e-5, 2.0, 3.0], True),
        ([1 + 1e-5, 2 - 5e-5, 3.0], True),
        ([1 + 1e-5, 2 + 2e-5, 3 + 3e-5], False),  # one factor: a wrong constant
        ([1 + 1e-3, 2 - 5e-5, 3.0], False),  # too far off
    ],
)
def test_a_tolerance_inside_f_may_shift_entries_a_little_and_not_alike(
    analytic, slight
):
    evidence = _evidence(
        analytic, [1.0, 2.0, 3.0][: len(analytic)], [1e-9] * len(analytic)
    )
    wrong = differing(evidence, _terms())
    assert slightly_off(evidence, _terms(), wrong) is slight


def test_an_rtol_of_the_users_leaves_nothing_slight():
    evidence = _evidence([1 + 1e-5], [1.0], [1e-9])
    terms = _terms(rtol=1e-7)
    assert not slightly_off(evidence, terms, differing(evidence, terms))
