"""Entries of one colour share no term, and no more colours are used than needed."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clinometer.costs.colouring import colours
from clinometer.errors import InputError


def used(sparsity):
    return colours(sparsity, np.shape(sparsity)[1]).max(initial=-1) + 1


@pytest.mark.parametrize(
    ("name", "sparsity", "count"),
    [
        ("separable", np.eye(50), 1),
        ("tridiagonal", np.eye(50) + np.eye(50, k=1) + np.eye(50, k=-1), 3),
        ("chain of pairs, as Rosenbrock's", (np.eye(50) + np.eye(50, k=1))[:-1], 2),
        ("one term of all", np.ones((1, 20)), 20),
        ("nothing", np.zeros((3, 4)), 0),
    ],
)
def test_well_known_patterns_take_as_few_colours_as_can_be(name, sparsity, count):
    assert used(sparsity) == count


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_entries_of_one_colour_share_no_term(sparsity):
    found = colours(sparsity, sparsity.shape[1])

    for colour in range(found.max(initial=-1) + 1):
        assert (sparsity[:, found == colour].sum(axis=1) <= 1).all()
    assert ((found >= 0) == sparsity.any(axis=0)).all()
    neighbours = (sparsity.T.astype(int) @ sparsity > 0).sum(axis=1)
    assert sparsity.sum(axis=1).max() <= found.max() + 1 <= max(1, neighbours.max())


def test_a_sparse_array_of_scipy_gives_the_same_as_its_dense_form():
    rng = np.random.default_rng(3)
    dense = (rng.random((40, 30)) < 0.1) * rng.normal(size=(40, 30))
    stored = scipy.sparse.csr_array(dense)
    stored.data[0] = 0.0  # a stored zero is no dependency
    dense[np.nonzero(dense)[0][0], np.nonzero(dense)[1][0]] = 0.0

    np.testing.assert_array_equal(colours(stored, 30), colours(dense, 30))


@pytest.mark.parametrize("shape", [(3,), (3, 4), (2, 5, 1)])
def test_a_pattern_of_another_shape_is_refused(shape):
    with pytest.raises(InputError, match=r"one column an entry of x, so \(m, 5\)"):
        colours(np.ones(shape), 5)
