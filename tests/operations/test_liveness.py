"""The most bytes alive at once, against chains whose lives are known."""

import jax
import jax.numpy as jnp
import pytest
import torch

from clinometer import engines
from clinometer.operations import peak

SIZE = 1000
ARRAY = 4 * SIZE
"""Bytes of one float32 array."""


def chain(tanh, length):
    """tanh of tanh of ... of x, summed."""

    def f(leaves):
        out = leaves[0]
        for _ in range(length):
            out = tanh(out)
        return out.sum()

    return f


@pytest.mark.parametrize(
    ("tanh", "x"), [(jnp.tanh, jnp.ones(SIZE)), (torch.tanh, torch.ones(SIZE))]
)
@pytest.mark.parametrize("length", [3, 9])
def test_forward_holds_three_arrays_and_reverse_mode_one_more_each_step(
    tanh, x, length
):
    """Forward: x, one link and the next. Back: x and all links, then the slopes."""
    engine, f = engines.of([x]), chain(tanh, length)
    assert peak(engine.graph(f, [x])) == 3 * ARRAY
    back = peak(engine.gradient_graph(f, [x]))
    longer = peak(engine.gradient_graph(chain(tanh, length + 1), [x]))
    assert longer - back in {ARRAY, 2 * ARRAY}  # what is kept: tanh, or its slope too
    assert (length + 1) * ARRAY <= back <= (2 * length + 4) * ARRAY


def test_views_take_no_memory_and_keep_what_they_look_at():
    x = torch.ones(SIZE)

    def f(leaves):
        high = leaves[0].exp().reshape(10, -1).T[::2]
        return (high * high.expand(*high.shape)).sum()

    # x, its exponential behind all views, and the product of half of the entries
    assert peak(engines.of([x]).graph(f, [x])) == 2.5 * ARRAY


def test_a_constant_is_held_once_with_its_transpose():
    x, rows = torch.ones(10), torch.ones(10, 10)

    def f(leaves):
        return (rows @ (rows.T @ leaves[0])).sum()

    assert peak(engines.of([x]).graph(f, [x])) == 400 + 40 + 40 + 40


def test_a_loop_holds_what_its_body_holds():
    """x, the carry before and after, and inside exp and its square at once."""
    x = jnp.ones(SIZE)

    def f(leaves):
        def step(state, _):
            high = jnp.exp(state)
            return high * high, None

        return jax.lax.scan(step, leaves[0], None, length=5)[0].sum()

    assert peak(engines.of([x]).graph(f, [x])) == (1 + 1 + 2) * ARRAY
