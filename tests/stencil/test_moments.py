"""Weights and orders, against exact rational arithmetic and measured convergence."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinometer.errors import InputError
from clinometer.stencil import Stencil, backward, central, forward, stencil
from clinometer.stencil.moments import fornberg, moments

U = 2.0**-53  # unit roundoff of doubles


def exact_weights(offsets, derivative):
    """Weights from the Vandermonde system Σ w o**m = m! δ, solved in fractions."""
    count = len(offsets)
    rows = [[Fraction(o) ** m for o in offsets] + [Fraction(0)] for m in range(count)]
    rows[derivative][-1] = Fraction(int(mpmath.factorial(derivative)))
    for column in range(count):
        pivot = next(r for r in range(column, count) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [entry / rows[column][column] for entry in rows[column]]
        for row in range(count):
            if row != column:
                factor = rows[row][column]
                rows[row] = [
                    entry - factor * above
                    for entry, above in zip(rows[row], rows[column], strict=True)
                ]
    return [row[-1] for row in rows]


# Any doubles of ordinary size: rational numbers with up to 53 bits.
number = st.floats(-8, 8, allow_subnormal=False).filter(lambda o: abs(o) > 2.0**-20)
offset_sets = st.lists(number, min_size=2, max_size=7, unique=True)


@given(offset_sets, st.integers(0, 6))
def test_every_weight_is_the_double_nearest_to_the_exact_one(offsets, derivative):
    derivative = min(derivative, len(offsets) - 1)
    exact = exact_weights(offsets, derivative)
    assert fornberg(offsets, derivative).tolist() == [float(w) for w in exact]


@given(offset_sets, st.integers(0, 6))
def test_mirrored_offsets_have_mirrored_weights(offsets, derivative):
    derivative = min(derivative, len(offsets) - 1)
    mirrored = fornberg([-o for o in offsets], derivative)
    sign = (-1.0) ** derivative
    assert (mirrored == sign * fornberg(offsets, derivative)).all()


@given(
    st.lists(number.map(abs), min_size=1, max_size=4, unique=True), st.integers(1, 4)
)
def test_symmetric_offsets_have_symmetric_or_antisymmetric_weights(half, derivative):
    offsets = sorted([-o for o in half] + [0.0] + half)
    derivative = min(derivative, len(offsets) - 1)
    weights = fornberg(offsets, derivative)
    assert (weights[::-1] == (-1.0) ** derivative * weights).all()


@given(offset_sets, st.integers(1, 6))
def test_weights_of_a_derivative_sum_to_zero(offsets, derivative):
    """Up to the rounding of each weight, half a unit in its last place."""
    derivative = min(derivative, len(offsets) - 1)
    weights = fornberg(offsets, derivative)
    assert abs(sum(map(Fraction, weights))) <= U * sum(abs(weights))


@pytest.mark.parametrize(
    ("offsets", "derivative", "weights"),
    [
        ([-1, 0, 1], 2, [1, -2, 1]),
        ([-2, -1, 0, 1, 2], 1, [1 / 12, -2 / 3, 0, 2 / 3, -1 / 12]),
        ([0, 1, 2], 1, [-3 / 2, 2, -1 / 2]),
        ([-2, -1, 0, 1, 2], 4, [1, -4, 6, -4, 1]),
        ([1, 2], 0, [2, -1]),
    ],
)
def test_weights_are_those_of_the_tables(offsets, derivative, weights):
    """Source: Fornberg 1988, tables 1 and 3; the last is linear extrapolation."""
    assert fornberg(offsets, derivative).tolist() == weights


def test_weights_beyond_the_range_of_doubles_are_refused():
    with pytest.raises(InputError, match="put their common factor into the step h"):
        fornberg([0.0, 1e-200, 2e-200], 2)


# --- orders -------------------------------------------------------------------

NAMED = [
    *((forward, d, p) for d in range(1, 5) for p in range(1, 9)),
    *((backward, d, p) for d in range(1, 5) for p in range(1, 9)),
    *((central, d, p) for d in range(1, 5) for p in (2, 4, 6, 8)),
]
FUNCTIONS = {
    "exp": (mpmath.exp, lambda k: mpmath.exp(X)),
    "sin": (mpmath.sin, lambda k: mpmath.sin(X + k * mpmath.pi / 2)),
}
X = mpmath.mpf("0.7")


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("make", "derivative", "order"), NAMED)
def test_order_and_constant_are_those_of_the_measured_error(
    make, derivative, order, name
):
    """In 120 digits, with exact weights and h = 1e-6: no rounding is in the way.

    The next term of the error is smaller by about h times the reach of the offsets.
    """
    f, derivatives = FUNCTIONS[name]
    made = make(derivative, order)
    offsets = made.offsets[:, 0].tolist()
    weights = exact_weights(offsets, derivative)
    assert made.weights[0].tolist() == [float(w) for w in weights]

    def error(h):
        terms = (
            mpmath.mpf(w.numerator) / w.denominator * f(X + o * h)
            for o, w in zip(offsets, weights, strict=True)
        )
        return mpmath.fsum(terms) / h**derivative - derivatives(derivative)

    with mpmath.workdps(120):
        h = mpmath.mpf("1e-6")
        slope = float(mpmath.log(error(2 * h) / error(h), 2))
        constant = float(abs(error(h) / h**order / derivatives(derivative + order)))

    assert made.order == order
    assert slope == pytest.approx(order, abs=1e-4)
    assert made.error_constant == pytest.approx(constant, rel=1e-4)


@given(st.sets(st.integers(-40, 40), min_size=2, max_size=7), st.integers(1, 6))
def test_order_is_what_counting_offsets_promises_or_one_more(offsets, derivative):
    offsets = [o * 0.3 for o in offsets]
    derivative = min(derivative, len(offsets) - 1)
    made = stencil(offsets, derivative)
    assert made.order in {len(offsets) - derivative, len(offsets) - derivative + 1}


@pytest.mark.parametrize(
    ("offsets", "derivative"),
    [([8.0, 7.999999999999999], 1), ([1, 1 + 1e-9, 1 - 1e-9], 2), ([1, 1 + 1e-15], 0)],
)
def test_offsets_that_rounding_cannot_tell_apart_are_refused(offsets, derivative):
    """Their weights are so large that their rounding hides every moment."""
    with pytest.raises(InputError, match="offsets must be apart by more than"):
        stencil(offsets, derivative)


@given(st.sampled_from([2.0**-30, 1e-8, 0.3, 7.0, 1e8]), st.integers(1, 3))
def test_order_does_not_depend_on_the_unit_of_the_offsets(unit, derivative):
    made = central(derivative, 4)
    scaled = stencil((made.offsets[:, 0] * unit).tolist(), derivative)
    assert scaled.order == 4
    assert scaled.error_constant == pytest.approx(made.error_constant * unit**4)


def test_extrapolation_has_an_order_too():
    """f(h) and f(2h) give f(0) with the error of the parabola through them."""
    made = stencil([1, 2], 0)
    assert (made.order, made.error_constant) == (2, 1.0)


def test_weights_with_a_few_roundings_of_their_own_are_accepted():
    """A linear solver's weights are not the nearest doubles."""
    offsets = np.array([-1.3, -0.4, 0.1, 0.9, 1.7])
    powers = np.vander(offsets, increasing=True).T
    solved = np.linalg.solve(powers, np.eye(5)[1])
    assert Stencil(offsets, solved).order == 4


@pytest.mark.parametrize(
    ("offsets", "weights", "derivative", "message"),
    [
        ([-1, 1], [-0.4, 0.6], 1, "moment of power 0 equal to 0, got 0.2"),
        ([-1, 1], [-1, 1], 1, "moment of power 1 equal to 1, got 2"),
        ([-1, 1], [-0.5, 0.5], 2, "moment of power 1 equal to 0, got 1"),
        ([0, 1], [0, 0], 1, "moment of power 1 equal to 1, got 0"),
        ([1, 2], [1, -1], 0, "moment of power 0 equal to 1, got 0"),
        ([0], [1], 0, "f\\(x\\) itself needs no stencil"),
        (
            [[1, 0], [-1, 0], [0, 1], [0, -1]],
            [[0.5, -0.5, 0, 0], [0.5, -0.5, 0, 0]],
            1,
            r"moment of power \(1, 0\) equal to 0, got 1|\(0, 1\) equal to 1, got 0",
        ),
    ],
)
def test_weights_that_measure_something_else_are_refused(
    offsets, weights, derivative, message
):
    with pytest.raises(InputError, match=message):
        Stencil(np.array(offsets), np.array(weights), derivative)


def test_a_slope_in_the_wrong_direction_is_not_taken_for_a_gradient():
    """Rows swapped: each measures a slope, but not the one it is meant to."""
    offsets = np.repeat(np.eye(2), 2, axis=0) * [[1], [-1], [1], [-1]]
    assert Stencil(offsets, offsets.T / 2).order == 2
    with pytest.raises(InputError, match="they do not measure this derivative"):
        Stencil(offsets, offsets.T[::-1] / 2)


def test_moments_that_vanish_by_structure_are_left_out():
    """Offsets on the axes of 100 dimensions have 100 moments of degree 2, not 5050."""
    offsets = np.eye(100)
    found = moments(offsets, np.ones(100), 2)
    assert len(found) == 100
    assert set(found.values()) == {(0.5, 0.5)}
