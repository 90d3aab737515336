"""What f returns: read off its first value, and held to it."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.errors import FunctionError, InputError
from clinometer.outcome import Outcome

VALUES = [
    (2, [()], 2.0**-53),
    (2.0, [()], 2.0**-53),
    (np.float32(2), [()], 2.0**-24),
    (np.array(2), [()], 2.0**-53),
    (torch.tensor(2.0), [()], 2.0**-24),
    (torch.ones(2, 1, dtype=torch.bfloat16), [(2, 1)], 2.0**-8),
    (jnp.ones((1, 2), jnp.float16), [(1, 2)], 2.0**-11),
    ([1.0, np.ones(3)], [(), (3,)], 2.0**-53),
    ({"b": np.float32(1), "a": 1.0}, [(), ()], 2.0**-24),
    ((torch.ones(2, requires_grad=True),), [(2,)], 2.0**-24),
]


@pytest.mark.parametrize(("value", "shapes", "roundoff"), VALUES)
def test_shapes_and_the_coarsest_precision_are_read_off_a_value(
    value, shapes, roundoff
):
    outcome = Outcome(value, None)
    assert outcome.shapes == shapes
    assert outcome.size == sum(np.prod(shape, dtype=int) for shape in shapes)
    assert outcome.roundoff == roundoff


@pytest.mark.parametrize(
    ("value", "scalar"),
    [
        (1.0, True),
        (np.array(1.0), True),
        (torch.tensor(1.0), True),
        (np.ones(1), False),
        ([1.0], False),
        ({"loss": 1.0}, False),
    ],
)
def test_only_a_bare_number_is_scalar(value, scalar):
    assert Outcome(value, None).scalar is scalar


def test_a_value_becomes_one_row_and_a_batch_a_row_a_point():
    one = {"a": np.array([1.0, 2.0]), "b": 3}
    many = {"a": np.array([[1.0, 2.0], [4.0, 5.0]]), "b": np.array([3, 6])}

    assert Outcome(one, None).matrix(one, None).tolist() == [[1, 2, 3]]
    assert Outcome(many, 2).matrix(many, 2).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("value", [np.ones(2), torch.ones(2, dtype=torch.float64)])
def test_rows_are_copies_so_that_a_buffer_may_be_used_again(value):
    row = Outcome(value, None).matrix(value, None)
    value[0] = 7
    assert row.tolist() == [[1, 1]]


def test_rows_go_back_to_trees_of_the_value():
    value = {"a": np.ones((2, 1)), "b": 1.0}
    tree = Outcome(value, None).tree(np.arange(6.0).reshape(3, 2), lambda part: part)

    assert tree["a"].tolist() == [[[0, 1]], [[2, 3]]]
    assert tree["b"].tolist() == [4, 5]


# --- what is no value ---------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "f must return at least one number"),
        ([], "f must return at least one number"),
        (np.ones((0, 2)), r"at least one number, got shapes \[\(0, 2\)\]"),
        ("1", r"f must return real numbers, got str at f\(x\)"),
        (np.array("1"), "f must return real numbers, got str"),
        (True, "f must return real numbers, got bool"),
        (np.bool_(1), "f must return real numbers, got bool"),
        (torch.tensor(data=True), "f must return real numbers, got bool"),
        (np.array(1.0, object), "f must return real numbers, got object"),
        ([1.0, object()], r"got object at f\(x\)\[1\]"),
        (lambda: 1.0, "f must return real numbers, got function"),
        (1j, "real derivative is asked for, got complex.*return its real part"),
        (np.ones(2, complex), "got complex128"),
        ({"a": torch.tensor(1j)}, r"got torch.complex64 at f\(x\)\['a'\]"),
    ],
)
def test_what_is_no_real_number_is_refused_by_name(value, said):
    with pytest.raises(InputError, match=said):
        Outcome(value, None)


@pytest.mark.parametrize("value", [1.0, np.ones(3), np.ones((1, 4)), [np.ones(4), 1.0]])
def test_a_batch_needs_one_value_a_point_along_the_leading_axis(value):
    with pytest.raises(InputError, match="must return as many values along its leadi"):
        Outcome(value, 4)


FIRST = {"a": np.ones((2, 3)), "b": 1.0}


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({"a": np.ones((3, 2)), "b": 1.0}, r"then f\(x\)\['a'\] of shape \(3, 2\)"),
        ({"a": np.ones(6), "b": 1.0}, r"of shape \(6,\)"),
        ({"a": np.ones((2, 3)), "c": 1.0}, r"f\(x\)\['c'\]"),
        ({"a": np.ones((2, 3)), "b": np.ones(1)}, r"f\(x\)\['b'\] of shape \(1,\)"),
        (np.ones(7), r"then f\(x\) of shape \(7,\)"),
        (None, "then nothing for one point"),
    ],
)
def test_another_shape_or_structure_than_the_first_is_a_fault_of_f(later, said):
    with pytest.raises(FunctionError, match=f"same shape at every point.*{said}"):
        Outcome(FIRST, None).matrix(later, None)


def test_a_later_batch_is_held_to_its_own_number_of_points():
    outcome = Outcome(np.ones((4, 2)), 4)
    assert outcome.matrix(np.ones((3, 2)), 3).shape == (3, 2)
    with pytest.raises(FunctionError, match="for 3 points"):
        outcome.matrix(np.ones((4, 2)), 3)
