"""The stencils with names."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.stencil import (
    backward,
    central,
    central_gradient,
    forward,
    stencil,
    tetrahedral,
)


def places(made):
    """Offsets in one dimension as a list."""
    return made.offsets[:, 0].tolist()


@pytest.mark.parametrize(
    ("made", "offsets"),
    [
        (forward(), [0, 1]),
        (forward(2, 2), [0, 1, 2, 3]),
        (backward(), [-1, 0]),
        (backward(1, 3), [-3, -2, -1, 0]),
        (central(), [-1, 1]),
        (central(2), [-1, 0, 1]),
        (central(3, 4), [-3, -2, -1, 1, 2, 3]),
        (stencil([2.5, -1.0, 0.5], 2), [2.5, -1.0, 0.5]),
    ],
)
def test_offsets_are_those_the_name_promises(made, offsets):
    assert places(made) == offsets


@pytest.mark.parametrize("derivative", [1, 2, 3])
def test_backward_is_the_mirror_image_of_forward(derivative):
    ahead, behind = forward(derivative, 3), backward(derivative, 3)
    assert places(behind) == [-o for o in reversed(places(ahead))]
    sign = (-1) ** derivative
    assert (behind.weights == sign * ahead.weights[:, ::-1]).all()


@pytest.mark.parametrize("dimensions", [2, 3, 10])
def test_central_gradient_has_a_pair_on_each_axis_and_order_two(dimensions):
    made = central_gradient(dimensions)
    assert made.offsets.shape == (2 * dimensions, dimensions)
    assert (abs(made.offsets).sum(axis=1) == 1).all()
    assert (made.offsets.sum(axis=0) == 0).all()
    assert (made.order, made.laplacian_order) == (2, 2)
    assert made.error_constant == pytest.approx(1 / 6)  # h**2 f''' / 3!


@pytest.mark.parametrize(("flip", "sign"), [(False, 1.0), (True, -1.0)])
def test_tetrahedral_says_that_it_is_of_order_one(flip, sign):
    """Its leading error is h times the mixed derivative along the other two axes."""
    made = tetrahedral(flip=flip)

    assert (made.order, made.laplacian_order) == (1, 1)
    assert made.error_constant == 1.0
    mixed = [made.moment(powers) for powers in ((0, 1, 1), (1, 0, 1), (1, 1, 0))]
    assert np.array_equal(mixed, sign * np.eye(3))
    for axis in range(3):
        assert not made.moment((2 * np.eye(3, dtype=int))[axis]).any()


@pytest.mark.parametrize("flip", [False, True])
def test_tetrahedral_has_four_corners_of_the_cube(flip):
    made = tetrahedral(flip=flip)
    assert made.offsets.shape == (4, 3)
    assert (abs(made.offsets) == 1).all()
    assert (np.prod(made.offsets, axis=1) == (-1 if flip else 1)).all()


def test_both_tetrahedra_together_are_of_order_two():
    """The mixed derivatives cancel: a random flip removes the bias in the mean."""
    both = [tetrahedral(flip=flip) for flip in (False, True)]
    for powers in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        assert not sum(made.moment(powers) for made in both).any()


def test_four_points_on_average_bring_less_noise_than_two_of_an_axis():
    """Noise gain is the 2-norm of a row: √(4/16) and √(2/4)."""
    assert tetrahedral().noise_gain == 0.5
    assert central_gradient().noise_gain == pytest.approx(np.sqrt(0.5))
    assert central(2).noise_gain == pytest.approx(np.sqrt(6))


@pytest.mark.parametrize("order", [3, 5, 7])
def test_a_central_difference_of_odd_order_is_refused_with_the_way_out(order):
    with pytest.raises(
        InputError, match=f"must be even, got {order}; {order + 1} costs"
    ):
        central(1, order)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: central(0), "derivative must be an integer >= 1, got 0"),
        (lambda: central(1.0), "derivative must be an integer >= 1, got 1.0"),
        (lambda: central(True), "derivative must be an integer >= 1, got True"),
        (lambda: central(1, 0), "order must be an integer >= 2, got 0"),
        (lambda: forward(0), "derivative must be an integer >= 1, got 0"),
        (lambda: forward(1, 0), "order must be an integer >= 1, got 0"),
        (lambda: backward(-1), "derivative must be an integer >= 1, got -1"),
        (lambda: backward(1, "2"), "order must be an integer >= 1, got '2'"),
        (lambda: central_gradient(1), r">= 2, got 1; use central\(\)"),
        (lambda: central_gradient(3.0), "dimensions must be an integer >= 2, got 3.0"),
        (lambda: stencil([0, 1], -1), "derivative must be an integer >= 0, got -1"),
        (lambda: stencil([0, 1, 1]), "offsets must be finite and distinct"),
        (lambda: stencil([0, np.inf]), "offsets must be finite and distinct"),
        (lambda: stencil([0, np.nan]), "offsets must be finite and distinct"),
        (lambda: stencil([0, 1], 2), "derivative 2 needs at least 3 offsets, got 2"),
        (lambda: stencil([], 0), "derivative 0 needs at least 1 offsets, got 0"),
        (lambda: stencil(["a", 1]), "offsets must be a sequence of real numbers"),
        (lambda: stencil(3), "offsets must be a sequence of real numbers, got 3"),
        (lambda: stencil([0, 1j]), "offsets must be a sequence of real numbers"),
        (lambda: stencil([0, 1], 0), "f\\(x\\) itself needs no stencil"),
    ],
)
def test_what_names_no_stencil_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
