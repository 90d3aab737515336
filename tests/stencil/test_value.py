"""The stencil as a value, and its arithmetic on NumPy arrays."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinometer.errors import InputError
from clinometer.stencil import (
    Stencil,
    backward,
    central,
    central_gradient,
    forward,
    stencil,
    tetrahedral,
)

U = 2.0**-53  # unit roundoff of doubles
GRADIENTS = [central_gradient(), tetrahedral(), tetrahedral(flip=True)]
LINES = [forward(), backward(2, 3), central(1, 4), central(2, 6), stencil([1, 2], 0)]
ALL = GRADIENTS + LINES


# --- a value ------------------------------------------------------------------


@pytest.mark.parametrize("made", ALL)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_a_copy_is_equal_hashes_so_and_cannot_be_written_to(made, copied):
    other = copied(made)
    assert other == made
    assert hash(other) == hash(made)
    assert (other.order, other.error_constant) == (made.order, made.error_constant)
    for array in (other.offsets, other.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0


def test_stencils_differ_if_any_part_differs():
    assert len({*ALL, *ALL}) == len(ALL)
    assert central() != Stencil(np.array([1.0, -1.0]), np.array([0.5, -0.5]))
    assert central() != "central"


def test_the_sign_of_zero_makes_no_difference():
    assert stencil([-0.0, 1.0]) == stencil([0.0, 1.0])


def test_the_makers_arrays_stay_theirs():
    offsets, weights = np.array([-1.0, 1.0]), np.array([-0.5, 0.5])
    made = Stencil(offsets, weights)
    offsets[0] = weights[0] = 7.0
    assert made == central()


def test_fields_cannot_be_set():
    with pytest.raises(dataclasses.FrozenInstanceError):
        central().order = 8


def test_the_repr_is_one_short_line_with_the_order():
    assert repr(tetrahedral()) == (
        "Stencil(offsets=4, dimensions=3, derivative=1, order=1)"
    )


@pytest.mark.parametrize(
    ("offsets", "weights", "derivative", "message"),
    [
        ([-1, 1], [-0.5, 0.5], 1.0, "derivative must be an integer >= 0, got 1.0"),
        ([-1, 1], [-0.5, 0.5], True, "derivative must be an integer >= 0, got True"),
        ([-1, 1], [-0.5, 0.5], -1, "derivative must be an integer >= 0, got -1"),
        ([-1, np.nan], [-0.5, 0.5], 1, "offsets must be finite numbers"),
        ([-1, 1], [-np.inf, 0.5], 1, "weights must be finite numbers"),
        ([], [], 1, "offsets must be finite numbers"),
        ([[[1]]], [1], 1, "offsets must be finite numbers in one or two axes"),
        (["a", "b"], [1, 2], 1, "offsets must be real numbers"),
        ([1, 2j], [1, 2], 1, "offsets must be real numbers"),
        ([1, 1], [0.5, -0.5], 1, "offsets must be distinct"),
        ([-1, 1], [-0.5, 0.5, 0], 1, r"weights must have the shape \(1, 2\)"),
        (np.eye(2), np.eye(2)[:1], 1, r"weights must have the shape \(2, 2\)"),
        (np.eye(2), np.eye(2), 2, "in 2 dimensions derivative must be 1, got 2"),
    ],
)
def test_parts_that_do_not_fit_are_refused(offsets, weights, derivative, message):
    with pytest.raises(InputError, match=message):
        Stencil(offsets, weights, derivative)


@pytest.mark.parametrize("powers", [(1, 0), 1, (1.0, 0.0, 0.0), "xyz"])
def test_a_moment_needs_one_integer_power_per_dimension(powers):
    with pytest.raises(InputError, match="powers must be 3 integers"):
        tetrahedral().moment(powers)


# --- points -------------------------------------------------------------------


def test_points_on_a_line_keep_the_shape_of_x_behind_the_offsets():
    x = np.array([[1.0, 2.0, 3.0]])
    points = central(2).points(x, 0.5)
    assert points.shape == (3, 1, 3)
    assert (points == [x - 0.5, x, x + 0.5]).all()


def test_a_number_is_a_point_on_a_line():
    assert central().points(1.0, 0.25).tolist() == [0.75, 1.25]


def test_points_in_space_lie_along_the_axes_in_units_of_the_step():
    x = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    points = central_gradient().points(x, 0.5)
    assert points.shape == (6, 2, 3)
    assert points[1].tolist() == [[0.5, 2.0, 3.0], [-0.5, 0.0, 0.0]]


@pytest.mark.parametrize("h", [np.array([0.5, 0.25]), np.array([[0.5], [0.25]])])
def test_each_point_may_have_its_own_step(h):
    x = np.zeros(3)
    points = tetrahedral().points(x, h)
    assert points.shape == (4, *h.shape, 3)
    assert (
        points == h[..., None] * tetrahedral().offsets.reshape(4, *[1] * h.ndim, 3)
    ).all()


def test_a_ladder_of_steps_on_a_line_gives_points_for_each_step():
    points = central().points(np.array([1.0, 2.0]), np.array([[0.5], [0.25]]))
    assert points.shape == (2, 2, 2)
    assert points[1].tolist() == [[1.5, 2.5], [1.25, 2.25]]


@pytest.mark.parametrize("directions", [[0.0, 2.0], [[0.0, 2.0]], np.array([0.0, 2.0])])
def test_a_line_may_run_in_any_direction(directions):
    points = central().points(np.array([1.0, 1.0]), 0.5, directions)
    assert points.tolist() == [[1.0, 0.0], [1.0, 2.0]]


def test_each_point_may_have_its_own_directions():
    x, turn = np.zeros((2, 3)), np.array([np.eye(3), np.eye(3)[::-1]])
    points = central_gradient().points(x, 1.0, turn)
    assert points.shape == (6, 2, 3)
    assert points[0].tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


def test_three_axes_may_lie_in_a_larger_space():
    frame = np.eye(5)[1:4]
    points = tetrahedral().points(np.zeros(5), 1.0, frame)
    assert (points[:, 1:4] == tetrahedral().offsets).all()
    assert not points[:, [0, 4]].any()


def test_directions_carry_the_unit_of_x():
    """A step in units of a cube, points in another unit: the directions convert.

    Lesson 2: a step in unit-cube units was added to points in scene units.
    """
    side = 40.0  # scene units per unit cube
    x, h = np.array([3.0, -5.0, 8.0]), 0.125  # scene units; unit cubes
    made = central_gradient()

    points = made.points(x, h, side * np.eye(3))

    assert (points == x + side * h * made.offsets).all()
    values = points @ np.array([1.0, 2.0, 3.0])  # slope 1, 2, 3 per scene unit
    assert made.combine(values, h).tolist() == [side, 2 * side, 3 * side]
    assert made.combine(values, side * h).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("h", [0.5, np.float64(0.5), np.full(2, 0.5), 1])
@pytest.mark.parametrize("made", ALL)
def test_points_and_derivatives_have_the_dtype_of_x(made, dtype, h):
    x = np.ones((2, made.dimensions) if made.dimensions > 1 else 2, dtype)
    points = made.points(x, h)
    values = points.sum(axis=-1) if made.dimensions > 1 else points
    assert points.dtype == dtype
    assert made.combine(values, h).dtype == dtype


# --- combine ------------------------------------------------------------------


@given(
    st.lists(st.integers(-9, 9), min_size=2, max_size=6, unique=True).filter(any),
    st.lists(st.integers(-50, 50), min_size=6, max_size=6),
    st.integers(0, 5),
    st.sampled_from([0.5, 1.0, 3.0]),
)
def test_polynomials_of_degree_below_the_count_of_offsets_are_exact(
    offsets, coefficients, derivative, h
):
    """Up to two roundings of each product, and of each division by h."""
    derivative = min(derivative, len(offsets) - 1)
    if derivative == 0 and 0 in offsets:
        offsets.remove(0)
    coefficients = coefficients[: len(offsets)]
    made = stencil(offsets, derivative)

    def f(t):
        return sum(c * Fraction(t) ** k for k, c in enumerate(coefficients))

    values = np.array([float(f(o * h)) for o in offsets])
    truth = coefficients[derivative] if derivative < len(coefficients) else 0
    truth *= np.prod(np.arange(1, derivative + 1))

    size = (abs(made.weights[0]) @ abs(values) + abs(values[0])) / h**derivative
    rounding = 4 * (len(offsets) + derivative) * U * size
    assert abs(made.combine(values, h) - truth) <= rounding


@given(
    st.lists(
        st.floats(-8, 8).filter(lambda o: abs(o) > 0.01),
        min_size=2,
        max_size=6,
        unique=True,
    ),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
def test_a_constant_has_the_derivative_zero_and_the_extrapolation_itself(offsets, c):
    """Exactly: differences come before weights, whose sum is zero only nearly."""
    values = np.full(len(offsets), c)
    assert stencil(offsets, 1).combine(values, 0.1) == 0.0
    assert stencil(offsets, 0).combine(values, 0.1) == c


def test_a_large_constant_costs_no_digits():
    """(f + 2**40) is f rounded to 2**-12; weighting first would lose more."""
    made = central(1, 4)
    values = np.array([1.0, 2.0, 5.0, -3.0])
    assert made.combine(values + 2.0**40, 1.0) == made.combine(values, 1.0)


@pytest.mark.parametrize("made", GRADIENTS)
def test_the_gradient_of_a_linear_function_is_exact(made):
    """Small integers and powers of two: no rounding at all."""
    x = np.array([[1.0, 2.0, -3.0], [0.5, 0.25, 4.0]])
    values = made.points(x, 0.125) @ np.array([3.0, -5.0, 7.0])
    assert made.combine(values, 0.125).tolist() == [
        [3.0, 3.0],
        [-5.0, -5.0],
        [7.0, 7.0],
    ]


def test_the_tetrahedral_gradient_is_off_by_its_mixed_derivative():
    """f = yz at 0 has the slopes (0, 0, 0); four taps say (h, 0, 0), six say zero."""
    for made, slope in ((tetrahedral(), 0.25), (central_gradient(), 0.0)):
        points = made.points(np.zeros(3), 0.25)
        values = points[:, 1] * points[:, 2]
        assert made.combine(values, 0.25).tolist() == [slope, 0.0, 0.0]


def test_each_point_is_divided_by_its_own_step():
    h = np.array([0.5, 0.125])
    values = central().points(np.array([1.0, 2.0]), h) ** 2
    assert central().combine(values, h).tolist() == [2.0, 4.0]


def test_complex_values_have_complex_derivatives():
    points = central().points(np.array([1.0, 2.0]), np.array(0.5))
    slope = central().combine(
        (points**2 * (1 + 2j)).astype(np.complex64), np.ones(2) / 2
    )
    assert slope.dtype == np.complex64
    assert slope.tolist() == [2 + 4j, 4 + 8j]


def test_a_tap_without_weight_is_not_touched():
    """NaN beyond the domain along z leaves the slopes along x and y alone."""
    values = np.array([1.0, -1.0, 2.0, -2.0, np.nan, 0.0])
    slopes = central_gradient().combine(values, 1.0)
    assert slopes[:2].tolist() == [1.0, 2.0]
    assert np.isnan(slopes[2])
    assert stencil([-1, 0, 1]).combine(np.array([-1.0, np.inf, 1.0]), 1.0) == 1.0


def test_a_power_of_the_step_below_the_smallest_number_does_no_harm():
    """h**4 = 2**-1200 is 0 in doubles; x**4 * 2**600 has the derivative 24 * 2**600."""
    made, h = central(4), 2.0**-300
    values = made.offsets[:, 0] ** 4 * 2.0**-600
    assert made.combine(values, h) == 24 * 2.0**600


def test_clamped_points_need_the_weights_of_the_points_in_use():
    """Lesson 3: taps were clamped to the box, but still divided by 2 h.

    f = 3 x at the face x = 0: the pair (-h, h), clamped to (0, h), shows half the
    slope; the stencil of the offsets in use shows all of it.
    """
    h = 0.25
    used = np.clip(central().points(0.0, h), 0.0, 1.0)
    assert central().combine(3 * used, h) == 1.5
    assert stencil((used / h).tolist()).combine(3 * used, h) == 3.0


# --- laplacian ----------------------------------------------------------------


@pytest.mark.parametrize("made", GRADIENTS)
def test_the_laplacian_of_a_quadratic_is_exact(made):
    """Lesson 1: of 2xy + z² the diagonal of the Hessian sums to 2, its rows to 6."""

    def f(p):
        return 2 * p[..., 0] * p[..., 1] + p[..., 2] ** 2 + p[..., 0] - 7

    x = np.array([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]])
    values = f(made.points(x, 0.25))
    assert made.laplacian(values, f(x), 0.25).tolist() == [2.0, 2.0]


def test_the_diagonal_of_a_hessian_is_not_its_row_sums():
    """Lesson 1, entry by entry: 2xy + z² has the diagonal (0, 0, 2)."""
    x = np.array([0.5, -1.0, 2.0])
    points = central(2).points(x, 0.25, np.eye(3)[:, None, :])
    values = 2 * points[..., 0] * points[..., 1] + points[..., 2] ** 2
    assert points.shape == (3, 3, 3)
    assert central(2).combine(values, 0.25).tolist() == [0.0, 0.0, 2.0]


@pytest.mark.parametrize("made", GRADIENTS)
def test_the_laplacian_converges_with_its_order(made):
    """f = exp(x + 2 y - z / 2): the error per h**order approaches a constant."""
    slopes = np.array([1.0, 2.0, -0.5])
    x = np.array([0.1, -0.2, 0.3])

    def error(h):
        values = np.exp(made.points(x, h) @ slopes)
        measured = made.laplacian(values, np.exp(x @ slopes), h)
        return abs(measured - slopes @ slopes * np.exp(x @ slopes))

    # Rounding is about 1e-16 / h**2 = 1e-12; the next term h times the leading one.
    order = np.log2(error(0.02) / error(0.01))
    assert order == pytest.approx(made.laplacian_order, abs=0.05)


def test_the_laplacian_in_one_dimension_is_the_second_derivative():
    values = central().points(np.array([1.0, 2.0]), 0.5) ** 2
    assert central().laplacian(values, np.array([1.0, 4.0]), 0.5).tolist() == [2.0, 2.0]
    assert central().laplacian_order == 2


@pytest.mark.parametrize(
    "made",
    [
        forward(),
        stencil([-1, 2]),
        Stencil(
            np.array([[1.0, 0], [-1, 0], [0, 2], [0, -2]]),
            np.array([[0.5, -0.5, 0, 0], [0, 0, 0.25, -0.25]]),
        ),
    ],
)
def test_lopsided_offsets_give_no_laplacian(made):
    values = np.ones(len(made.offsets))
    with pytest.raises(InputError, match="a laplacian needs offsets that sum to zero"):
        made.laplacian(values, 1.0, 0.5)
    with pytest.raises(InputError, match="a laplacian needs offsets that sum to zero"):
        _ = made.laplacian_order


# --- errors -------------------------------------------------------------------


@pytest.mark.parametrize("h", [0.0, -1.0, np.nan, np.inf, 0, np.float32(-1)])
def test_a_step_must_be_positive_and_finite(h):
    for use in (
        lambda: central().points(1.0, h),
        lambda: central().combine(np.ones(2), h),
        lambda: central().laplacian(np.ones(2), 1.0, h),
    ):
        with pytest.raises(InputError, match="step h must be positive and finite, got"):
            use()


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_all_steps_must_be_positive_and_finite(bad):
    with pytest.raises(InputError, match="all steps h must be positive and finite"):
        central().points(np.ones(2), np.array([0.5, bad]))


@pytest.mark.parametrize(
    "h", [1j, "1", None, True, [0.5], np.array(["a"]), np.array(1j)]
)
def test_a_step_must_be_a_real_number_or_array(h):
    with pytest.raises(InputError, match="h must be a real number or an array of real"):
        central().points(np.ones(2), h)


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (1, "int"),
        (1j, "complex128"),
        ([1.0], "list"),
        (None, "NoneType"),
        (np.ones(3, int), "int64"),
        (np.ones(3, complex), "complex128"),
        (np.ones(3, object), "object"),
    ],
)
def test_points_must_be_real_and_floating(x, got):
    with pytest.raises(InputError, match=f"real floating-point array, got {got}"):
        central().points(x, 0.5)


@pytest.mark.parametrize("shape", [(), (2,), (3, 4)])
def test_points_in_space_must_have_as_many_coordinates_as_the_stencil(shape):
    with pytest.raises(InputError, match="the last axis of x must have the length 3"):
        tetrahedral().points(np.ones(shape), 0.5)


@pytest.mark.parametrize(
    "directions", [np.eye(3), np.ones((2, 3)), np.ones(2), np.float64(1), 1.0]
)
def test_directions_must_span_from_the_dimensions_to_the_coordinates(directions):
    with pytest.raises(
        InputError, match=r"shape \(..., 3, 2\) beside x of shape \(2,\)"
    ):
        tetrahedral().points(np.ones(2), 0.5, directions)


@pytest.mark.parametrize("directions", ["x", ["a"], [[1.0], [1.0, 2.0]], {}, [1j, 1]])
def test_directions_must_be_numbers(directions):
    with pytest.raises(InputError, match="directions must be an array of the library"):
        central().points(np.ones(2), 0.5, directions)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(3), r"must have 2 entries .*, got the shape \(3,\)"),
        (np.float64(1), r"must have 2 entries .*, got the shape \(\)"),
        (np.ones(2, int), "must be a floating-point array, got int64"),
        (np.ones(2, object), "must be a floating-point array, got object"),
        ([1.0, 2.0], "must be a floating-point array, got list"),
        (None, "must be a floating-point array, got NoneType"),
    ],
)
def test_values_must_be_floating_and_one_for_each_offset(values, message):
    for use in (central().combine, lambda v, h: central().laplacian(v, 1.0, h)):
        with pytest.raises(InputError, match=message):
            use(values, 0.5)


@pytest.mark.parametrize("made", [central(), central_gradient()])
def test_steps_must_not_outnumber_the_points(made):
    values = np.ones((len(made.offsets), 2))
    with pytest.raises(InputError, match=r"h must broadcast .* \(2,\), got the shape"):
        made.combine(values, np.ones((2, 2)))
