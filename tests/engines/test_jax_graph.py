"""JAX's computations as graphs: they compute what f computes, and say how."""

import functools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clinometer import engines
from clinometer.engines.plain import PlainEngine
from clinometer.errors import InputError
from clinometer.graph import Kind
from tests.graphs import run

A = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)), jnp.float32)
IMAGE = jnp.asarray(np.random.default_rng(1).normal(size=(2, 4, 5, 2)), jnp.float32)
KERNEL = jnp.asarray(np.random.default_rng(2).normal(size=(3, 2, 2, 4)), jnp.float32)

quickly = functools.partial(
    jax.jit,
    compiler_options={
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
    },
)
"""Compiled at once, for the compiling takes longer than the running."""


def moved(x):
    """Entries taken, turned, padded, joined and cut."""
    parts = [x[::2, 1:], x[:2][:, jnp.array([2, 0])], jnp.flip(x, 0)[:2, :2]]
    high = jnp.pad(jnp.concatenate(parts), ((1, 0), (0, 2)), constant_values=2.0)
    return (high.T.reshape(4, 7) * jnp.cumsum(x, 0)[:, :1]).sum()


def normed(x):
    chosen = jax.nn.log_softmax(jnp.tanh(x - x.mean(0)), 1)[jnp.arange(4), 1]
    return -jnp.where(chosen > -1, chosen, chosen**3).mean() + x.max()


def convolved(kernel):
    """Axes in TensorFlow's order, strides, padding, and two groups."""
    out = jax.lax.conv_general_dilated(
        IMAGE,
        kernel[:, :, :1],
        (2, 1),
        "SAME",
        rhs_dilation=(1, 2),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=2,
    )
    plain = jax.lax.conv_general_dilated(
        IMAGE, kernel, (1, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jnp.tanh(out).sum() + (plain**2).sum()


@jax.custom_vjp
def shifted(x):
    return jnp.sin(x) + 1


shifted.defvjp(lambda x: (shifted(x), x), lambda x, g: (3 * g * jnp.cos(x),))


def nested(x):
    """Calls inside calls: jit, a checkpoint, a custom rule, a solver."""
    y = jax.jit(jax.checkpoint(lambda x: shifted(x) * jax.nn.relu(x)))(x)
    return jnp.linalg.solve(y.T @ y + jnp.eye(3), y.sum(0)).sum()


def looped(x):
    """A scan over rows in reverse, with what it carries and what it piles up."""

    def row(carry, at):
        carry = jnp.tanh(carry + at)
        return carry, carry[:2] * at[0]

    last, piled = jax.lax.scan(row, jnp.zeros(3), x, reverse=True)
    return last.sum() + (piled * x[:, :2]).sum()


EVERY = [
    (moved, A),
    (normed, A),
    (convolved, KERNEL),
    (nested, A),
    (looped, A),
]
each_function = pytest.mark.parametrize(
    ("f", "x"), EVERY, ids=[f.__name__ for f, _ in EVERY]
)


def engine():
    return engines.of([A])


@each_function
def test_a_gradient_graph_gives_value_and_gradient_and_its_nodes_do_what_they_say(f, x):
    def of_leaves(leaves):
        return f(leaves[0])

    wanted, exact = quickly(jax.value_and_grad(f))(x)
    graph = engine().gradient_graph(of_leaves, [x])
    value, slope = run(graph, [x], checked=True, compiled=quickly)
    np.testing.assert_allclose(value, wanted, rtol=1e-5)
    np.testing.assert_allclose(slope, exact, rtol=1e-4, atol=1e-5)


def test_the_passes_of_a_scan_laid_out_do_what_they_say():
    graph = engine().graph(lambda leaves: looped(leaves[0]), [A], unroll=True)
    assert all(node.kind is not Kind.LOOP for node in graph.nodes)
    (value,) = run(graph, [A], checked=True, compiled=quickly)
    np.testing.assert_allclose(value, quickly(looped)(A), rtol=1e-5)


def test_a_tangent_graph_gives_value_and_slope():
    graph = engine().tangent_graph(lambda leaves: looped(leaves[0]), [A])
    v = jnp.ones_like(A)
    both = run(graph, [A, v], compiled=quickly)
    wanted = quickly(lambda x, v: jax.jvp(looped, (x,), (v,)))(A, v)
    np.testing.assert_allclose(both, wanted, rtol=1e-5)


def test_a_scan_is_a_loop_of_its_length():
    graph = engine().graph(lambda leaves: looped(leaves[0]), [A])
    assert [n.repeats for n in graph.nodes if n.kind is Kind.LOOP] == [4]


def test_passes_of_while_loops_and_branches_taken_are_those_at_x():
    """Roots of 0, 1, ... 8, rounded up: 0 1 2 2 2 3 3 3 3, 19 passes in 9 loops."""

    def row(total, x):
        passes = jax.lax.while_loop(lambda k: k * k < x, lambda k: k + 1, 0.0)
        extra = jax.lax.cond(
            passes > 1,
            lambda k: jax.lax.cond(k > 2, lambda k: k, lambda k: -k, k),
            lambda k: k * k,
            passes,
        )
        return total + extra * x, None

    def f(leaves):
        return jax.lax.scan(row, 0.0, leaves[0])[0]

    x = jnp.arange(9.0)
    graph = engine().graph(f, [x])
    (scan,) = (n for n in graph.nodes if n.kind is Kind.LOOP)
    (inner,) = (n for n in scan.body.nodes if n.kind is Kind.LOOP)
    assert (scan.repeats, inner.repeats) == (9, Fraction(19, 9))
    (outer,) = (n for n in scan.body.nodes if n.kind is Kind.BRANCH)
    assert outer.taken == (Fraction(2, 9), Fraction(7, 9))
    (second,) = (n for n in outer.branches[1].nodes if n.kind is Kind.BRANCH)
    assert second.taken == (Fraction(3, 7), Fraction(4, 7))
    np.testing.assert_allclose(run(graph, [x])[0], f([x]))


def test_what_no_output_needs_is_left_out():
    def f(leaves):
        jnp.exp(leaves[0]).sum()
        return leaves[0].sum()

    names = [node.name for node in engine().graph(f, [A]).nodes]
    assert names == ["sum"]


def test_more_than_one_number_is_refused_with_a_way_out():
    with pytest.raises(InputError, match=r"shape \(4, 3\).*\.sum\(\)"):
        engine().graph(lambda leaves: leaves[0], [A])


@pytest.mark.parametrize("which", ["graph", "gradient_graph", "tangent_graph"])
def test_numpy_leaves_no_trace_and_says_what_does(which):
    with pytest.raises(InputError, match="torch or JAX"):
        getattr(PlainEngine(), which)(lambda leaves: leaves[0].sum(), [np.ones(3)])
