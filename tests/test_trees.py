"""Nested inputs as one flat vector, and back."""

from collections import OrderedDict
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optree
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.errors import InputError
from clinometer.trees import Layout, flatten


class Pair(NamedTuple):
    """A container that every library knows."""

    left: object
    right: object


@optree.dataclasses.dataclass(namespace="")
class Line:
    """A container registered with optree, with a field that is no leaf."""

    slope: object
    offset: object
    unit: str = optree.dataclasses.field(default="m", pytree_node=False)


def matrix(rows, columns, start=1.0):
    """An array of consecutive numbers."""
    return start + np.arange(rows * columns, dtype=float).reshape(rows, columns)


NESTED = [
    (np.float64(2.0), ["x"], [()]),
    (3.5, ["x"], [()]),
    (matrix(2, 3), ["x"], [(2, 3)]),
    ([1.0, matrix(1, 2)], ["x[0]", "x[1]"], [(), (1, 2)]),
    ((1.0, (2.0, np.ones(3))), ["x[0]", "x[1][0]", "x[1][1]"], [(), (), (3,)]),
    ({"b": 1.0, "a": np.ones(2)}, ["x['a']", "x['b']"], [(2,), ()]),
    (OrderedDict(b=1.0, a=2.0), ["x['b']", "x['a']"], [(), ()]),
    (Pair(np.ones(1), {"k": 2.0}), ["x.left", "x.right['k']"], [(1,), ()]),
    (Line(np.ones((1, 1)), 4.0), ["x.slope", "x.offset"], [(1, 1), ()]),
    ({"w": [None, np.ones(2)]}, ["x['w'][1]"], [(2,)]),
    ({"w": np.ones(2), "none": np.ones((0, 3))}, ["x['none']", "x['w']"], None),
]


@pytest.mark.parametrize(("tree", "paths", "shapes"), NESTED)
def test_every_leaf_has_the_path_that_reaches_it(tree, paths, shapes):
    layout = Layout.of(tree)

    assert list(layout.paths) == paths
    for path, leaf in zip(layout.paths, layout.leaves, strict=True):
        assert eval(path, {"x": tree}) is leaf
    assert shapes is None or list(layout.shapes) == shapes


@pytest.mark.parametrize(("tree", "paths", "shapes"), NESTED)
def test_the_flat_vector_and_the_tree_hold_the_same_numbers(tree, paths, shapes):
    layout = Layout.of(tree)
    again = Layout.of(layout.tree(layout.vector()))

    assert again.paths == layout.paths
    assert again.shapes == layout.shapes
    assert again.vector().tolist() == layout.vector().tolist()
    assert layout.size == sum(np.size(leaf) for leaf in layout.leaves)


def test_what_is_no_leaf_comes_back_with_the_tree():
    layout = Layout.of(Line(1.0, 2.0, unit="km"))
    assert layout.tree(np.array([3.0, 4.0])) == Line(3.0, 4.0, unit="km")


def test_the_vector_is_a_copy():
    x = np.ones(3)
    Layout.of(x).vector()[:] = 7
    assert x.tolist() == [1, 1, 1]


@given(
    st.recursive(
        st.lists(st.integers(0, 3), max_size=3).map(tuple),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
    )
)
@settings(derandomize=True, deadline=None)
def test_any_nesting_survives_the_way_to_the_vector_and_back(shapes):
    """The tree of shapes becomes a tree of arrays of consecutive numbers."""
    count = 0

    def grow(node):
        nonlocal count
        if isinstance(node, tuple):
            size = int(np.prod(node, dtype=int))
            count += size
            return np.arange(count - size, count, dtype=float).reshape(node)
        if isinstance(node, dict):
            return {key: grow(node[key]) for key in sorted(node)}
        return [grow(part) for part in node]

    tree = grow(shapes)
    if count == 0:
        with pytest.raises(InputError, match="at least one number"):
            Layout.of(tree)
        return
    layout = Layout.of(tree)

    assert layout.vector().tolist() == list(range(count))
    negated = flatten(layout.tree(-layout.vector()))[0]
    for leaf, other in zip(layout.leaves, negated, strict=True):
        assert np.array_equal(other, -leaf)


def test_leaves_of_each_library_give_the_same_vector():
    values = [[0.5, -2.0], [1.25, 3.0]]
    vectors = [
        Layout.of({"w": array}).vector().tolist()
        for array in (np.array(values), torch.tensor(values), jnp.array(values))
    ]
    assert vectors == [[0.5, -2.0, 1.25, 3.0]] * 3


@pytest.mark.parametrize(
    ("leaf", "roundoff"),
    [
        (1.0, 2.0**-53),
        (np.float32(1), 2.0**-24),
        (torch.ones(1, dtype=torch.float16), 2.0**-11),
        (torch.ones(1, dtype=torch.bfloat16), 2.0**-8),
        (jnp.ones(1, jnp.bfloat16), 2.0**-8),
    ],
)
def test_each_leaf_is_judged_in_its_own_precision(leaf, roundoff):
    """Half the spacing above 1: 2**-p for p bits (IEEE 754-2019, table 3.1)."""
    assert Layout.of([leaf]).roundoff == (roundoff,)


def test_entries_of_mixed_leaves_have_the_roundoff_of_their_leaf():
    layout = Layout.of([np.ones(2, np.float32), np.ones((1, 2)), np.float32(1)])
    found = layout.roundoff_of(np.array([4, 3, 2, 1, 0]))
    assert found.tolist() == [2.0**-24, 2.0**-53, 2.0**-53, 2.0**-24, 2.0**-24]


@pytest.mark.parametrize(
    ("tree", "places"),
    [
        (1.0, ["x"]),
        (np.ones(2), ["x[0]", "x[1]"]),
        ({"w": matrix(2, 2)}, ["x['w'][0, 0]", "x['w'][0, 1]", "x['w'][1, 0]",
                               "x['w'][1, 1]"]),
        ([np.ones(0), 1.0, np.ones(1)], ["x[1]", "x[2][0]"]),
    ],
)  # fmt: skip
def test_every_entry_has_a_printable_place(tree, places):
    layout = Layout.of(tree)
    assert [layout.place(entry) for entry in range(layout.size)] == places


def test_batches_of_vectors_become_leaves_with_a_leading_axis():
    layout = Layout.of({"a": 1.0, "b": np.ones((2, 2))})
    batch = layout.tree(np.arange(15.0).reshape(3, 5))

    assert batch["a"].tolist() == [0, 5, 10]
    assert batch["b"].shape == (3, 2, 2)
    assert batch["b"][2].tolist() == [[11, 12], [13, 14]]


def test_a_matrix_becomes_a_tree_of_trees():
    """Leaf a of leaf b holds the derivatives by a and b: shape of b, then of a."""
    layout = Layout.of({"a": 1.0, "b": np.ones(2)})
    whole = layout.tree_of_trees(np.arange(9.0).reshape(3, 3))

    assert whole["a"]["a"] == 0
    assert whole["a"]["b"].tolist() == [1, 2]
    assert whole["b"]["a"].tolist() == [3, 6]
    assert whole["b"]["b"].tolist() == [[4, 5], [7, 8]]


# --- trees like x -------------------------------------------------------------


def test_a_tree_like_x_is_read_in_the_order_of_x():
    layout = Layout.of({"a": np.ones(2), "b": 1.0})
    other = {"b": 3, "a": torch.tensor([1.0, 2.0])}
    assert layout.like(other, "v").tolist() == [1, 2, 3]


def test_a_single_number_stands_for_all_entries_of_its_leaf():
    layout = Layout.of([np.ones((2, 2)), 1.0])
    assert layout.like([0.5, 2.0], "scale").tolist() == [0.5] * 4 + [2.0]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"a": np.ones(2)},
            r"v must have the structure of x, .*v\['b'\]; got 1 leaves",
        ),
        ({"a": np.ones(2), "c": 1.0}, r"v\['a'\], v\['b'\]; got .* v\['a'\], v\['c'\]"),
        ([np.ones(2), 1.0], r"got 2 leaves v\[0\], v\[1\]"),
        ({"a": np.ones(3), "b": 1.0}, r"v\['a'\] must have the shape \(2,\).*\(3,\)"),
        ({"a": np.ones((2, 1)), "b": 1.0}, r"got \(2, 1\)"),
        ({"a": np.ones(2), "b": np.ones(1)}, r"v\['b'\] must have the shape \(\)"),
        (
            {"a": np.ones(2), "b": 1j},
            r"v\['b'\] must be a real number .* got complex128",
        ),
        ({"a": np.ones(2), "b": "1"}, r"v\['b'\] must be a real number .* got str"),
    ],
)
def test_a_tree_unlike_x_is_refused_and_the_difference_named(other, said):
    layout = Layout.of({"a": np.ones(2), "b": 1.0})
    with pytest.raises(InputError, match=said):
        layout.like(other, "v")


# --- what is no input ---------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (1, "x must be floating-point, got int"),
        (True, "x must be floating-point, got bool"),
        (np.arange(3), "x must be floating-point, got int64"),
        (torch.ones(2, dtype=torch.int32), "got int32"),
        (jnp.arange(3), "got int32"),
        (np.ones(2, bool), "got bool"),
        (np.ones(2, object), "x must be floating-point, got object"),
        (1j, "x must be real, got complex128; differentiate with respect to the real"),
        (np.ones(2, np.complex64), "x must be real, got complex64"),
        ({"w": [1.0, 2]}, r"x\['w'\]\[1\] must be floating-point"),
        ("1.0", "x must be an array or a real number, got str"),
        ({"w": object()}, r"x\['w'\] must be an array or a real number, got object"),
        ({1.0, 2.0}, "got set"),
        (None, "x must hold at least one number"),
        ({}, "x must hold at least one number"),
        ([], "x must hold at least one number"),
        ({"w": ()}, "x must hold at least one number"),
        (np.ones(0), r"x must hold at least one number to vary, got shapes \[\(0,\)\]"),
        (torch.ones(2, 0), r"got shapes \[\(2, 0\)\]"),
    ],
)
def test_what_cannot_be_varied_is_refused_by_name(x, said):
    with pytest.raises(InputError, match=said):
        Layout.of(x)
