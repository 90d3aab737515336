"""The two loops of L-BFGS are the BFGS update of the inverse Hessian, made dense."""

import numpy as np

from clinometer.descend.noisy.gradient import Gradient
from clinometer.descend.noisy.pairs import Pairs, change_of_slope


def test_the_product_is_that_of_the_dense_update():
    """H <- (1 - s y'/s'y) H (1 - y s'/s'y) + s s'/s'y; Nocedal & Wright, eq. 6.17."""
    random = np.random.default_rng(5)
    root = random.normal(size=(4, 4))
    hessian = root @ root.T + np.eye(4)
    bend, g = np.array([1.0, 2.0, 5.0, 0.3]), random.normal(size=4)
    steps = random.normal(size=(3, 4))
    pairs = Pairs(3)
    for s in steps:
        pairs.add(s, hessian @ s)

    s, y = steps[-1], hessian @ steps[-1]
    dense = np.diag(1 / bend) * ((s @ y) / (y @ (y / bend)))
    for s in steps:
        y = hessian @ s
        half = np.eye(4) - np.outer(s, y) / (s @ y)
        dense = half @ dense @ half.T + np.outer(s, s) / (s @ y)

    np.testing.assert_allclose(pairs.times(g, bend), dense @ g, rtol=1e-12)


def test_only_the_last_pairs_are_kept():
    pairs = Pairs(2)
    for k in range(5):
        pairs.add(np.eye(5)[k], np.eye(5)[k])

    assert len(pairs) == 2


def test_without_pairs_the_diagonal_divides():
    assert (Pairs(2).times(np.array([2.0, 6.0]), np.array([1.0, 3.0])) == 2).all()


def test_the_error_of_a_change_of_slope_is_that_of_both_gradients():
    before = Gradient(np.array([1.0, 2.0]), np.array([3.0, 0.0]), sharp=True)
    after = Gradient(np.array([2.0, 0.0]), np.array([0.0, 4.0]), sharp=True)

    assert change_of_slope(np.array([1.0, 1.0]), before, after) == (-1.0, 5.0)


def test_entries_that_do_not_move_bring_no_error_though_theirs_be_unknown():
    gradient = Gradient(np.ones(2), np.array([0.5, np.inf]), sharp=True)

    assert gradient.error_along(np.array([2.0, 0.0])) == 1.0


def test_second_derivatives_are_bounded_from_below_and_met_along_an_entry():
    """y_i**2 / (s @ y) <= H_ii for every s, with equality for s along entry i."""
    random = np.random.default_rng(6)
    root = random.normal(size=(4, 4))
    hessian = root @ root.T + np.eye(4)
    pairs = Pairs(5)
    unseen = pairs.least_bend(4)
    for s in random.normal(size=(4, 4)):
        pairs.add(s, hessian @ s)
    bound = pairs.least_bend(4)
    pairs.add(np.eye(4)[2], hessian[2])

    assert (unseen == 0).all()
    assert (bound <= (1 + 1e-12) * np.diag(hessian)).all()  # rounding
    np.testing.assert_allclose(pairs.least_bend(4)[2], hessian[2, 2], rtol=1e-15)
