"""The one place where f is called: what it gets, how it is watched, what it costs."""

from dataclasses import dataclass
from math import ceil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.errors import FunctionError
from clinometer.evaluate import CACHED, Function
from tests.points import Plan, X, around, rows_of_squares, squares


@dataclass
class Layer:
    """A container that JAX knows and optree does not."""

    weights: object
    bias: object


jax.tree_util.register_dataclass(Layer, data_fields=["weights", "bias"], meta_fields=[])


# --- what f gets --------------------------------------------------------------


@pytest.mark.parametrize(
    "leaf",
    [
        np.ones((2, 2)),
        np.ones((2, 2), np.float32),
        np.asfortranarray(np.ones((2, 2))),
        np.float64(1),
        np.ones((), np.float16),
        torch.ones(2, 2),
        torch.ones(3, dtype=torch.bfloat16),
        torch.tensor(1.0, requires_grad=True),
        jnp.ones((2, 2)),
        jnp.ones((), jnp.bfloat16),
    ],
)
@pytest.mark.parametrize("batched", [False, True])
def test_f_gets_the_library_dtype_and_shape_of_x(leaf, batched):
    seen = []

    def f(x):
        seen.append(x["w"][0])
        return np.zeros(len(x["w"][0])) if batched else 0.0

    function = Function(f, {"w": [leaf]}, batched=batched)
    plan = around([1.0] * int(np.prod(tuple(leaf.shape))), count=2)
    function.values(plan)

    lead = (2,) if batched else ()
    kind = np.ndarray if isinstance(leaf, np.generic) else type(leaf)
    assert {type(x) for x in seen} == {kind}
    assert {x.dtype for x in seen} == {leaf.dtype}
    assert {tuple(x.shape) for x in seen} == {lead + tuple(leaf.shape)}
    assert not any(getattr(x, "requires_grad", False) for x in seen)
    got = np.concatenate([np.asarray(x.tolist()).reshape(-1) for x in seen])
    assert got.tolist() == plan.points.reshape(-1).tolist()


def test_a_python_number_stays_one_and_becomes_an_array_in_a_batch():
    seen = []
    Function(lambda x: seen.append(type(x)) or x, 1.0).values(around([1.0], 1))
    Function(lambda x: seen.append(type(x)) or x, 1.0, batched=True).values(
        around([1.0], 1)
    )
    assert seen == [float, np.ndarray]


def test_f_gets_the_containers_of_x_even_those_that_only_jax_knows():
    x = {"first": Layer(jnp.ones(2), jnp.ones(()))}
    function = Function(lambda x: x["first"].weights.sum() * x["first"].bias, x)

    assert list(function.layout.paths) == ["x['first'].weights", "x['first'].bias"]
    values = function.values(Plan(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])))
    assert values.tolist() == [[9], [54]]


# --- values -------------------------------------------------------------------

VARIANTS = {
    "one by one": (squares, X, {}),
    "batched": (rows_of_squares, X, {"batched": True}),
    "torch": (squares, torch.tensor(X), {}),
    "torch batched": (rows_of_squares, torch.tensor(X), {"batched": True}),
    "torch vmap": (squares, torch.tensor(X), {"vmap": True}),
    "jax": (squares, jnp.asarray(X), {}),
    "jax batched": (rows_of_squares, jnp.asarray(X), {"batched": True}),
    "jax vmap": (squares, jnp.asarray(X), {"vmap": True}),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_batch_map_and_loop_give_the_same_values(name):
    """The sums of a few squares of eighths are exact in float32, in any order."""
    f, x, options = VARIANTS[name]
    plan = around(X)
    values = Function(f, x, **options).values(plan)

    assert values.tolist() == [[squares(row)] for row in plan.points]
    assert values.dtype == np.float64


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("memory", [1, 24, 25, 47, 48, 167, 168, 2**28, 1e6])
def test_chunks_change_the_calls_and_nothing_else(name, memory):
    """A point of three entries takes 24 bytes; at least one is evaluated a call."""
    f, x, options = VARIANTS[name]
    plan = around(X)
    whole = Function(f, x, **options)
    parts = Function(f, x, memory=memory, **options)

    assert parts.values(plan).tolist() == whole.values(plan).tolist()
    assert parts.evaluations == whole.evaluations == plan.count
    chunk = max(1, int(memory // 24)) if options else 1
    assert parts.calls == ceil(plan.count / chunk)
    assert whole.calls == (1 if options else plan.count)


def test_counts_add_up_over_plans():
    function = Function(rows_of_squares, X, batched=True, memory=48)
    function.values(around(X, 5))
    function.values(around(X, 4))
    assert (function.evaluations, function.calls) == (9, 5)


def test_batches_of_numpy_stay_within_the_caches():
    n = CACHED // 8 // 4  # four points fill the caches
    function = Function(lambda x: x[:, 0], np.ones(n), batched=True)
    function.values(Plan(np.ones((9, n))))
    assert function.calls == 3


def test_values_have_a_column_for_every_number_in_them():
    function = Function(lambda x: {"b": x[:2], "a": [x.sum()]}, X)
    assert function.values(Plan(X[None])).tolist() == [[7, 1, 2]]
    assert function.outcome.paths == ["f(x)['a'][0]", "f(x)['b']"]


def test_the_outcome_is_not_known_before_f_was_called():
    function = Function(squares, X)
    with pytest.raises(FunctionError, match="not returned a value"):
        _ = function.outcome
