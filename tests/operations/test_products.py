"""Products of convolutions and of factorisations, against loops that count them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clinometer import engines
from clinometer.graph import Kind
from clinometer.operations import count
from tests.graphs import conv

SHAPES = [
    {"window_strides": (1, 1), "padding": "VALID"},
    {"window_strides": (2, 1), "padding": "SAME"},
    {"window_strides": (2, 3), "padding": ((2, 1), (0, 3)), "rhs_dilation": (2, 1)},
    {"window_strides": (1, 1), "padding": ((1, 1), (2, 2)), "lhs_dilation": (2, 3)},
]


@pytest.mark.parametrize("terms", SHAPES)
@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_multiplies_where_its_window_meets_entries(terms, groups):
    """Forward and, twice more, back: whatever the stride, padding and groups."""
    rng = np.random.default_rng(0)
    image = jnp.asarray(rng.normal(size=(2, 4, 6, 7)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(6, 4 // groups, 3, 2)), jnp.float32)

    def f(leaves):
        return jax.lax.conv_general_dilated(
            *leaves, **terms, feature_group_count=groups
        ).sum()

    engine = engines.of([image])
    graph = engine.graph(f, [image, kernel])
    (node,) = (node for node in graph.nodes if node.kind is Kind.CONV)
    _, products = conv(np.asarray(image), np.asarray(kernel), node.parameters)
    assert count(graph).multiplications == products
    back = count(engine.gradient_graph(f, [image, kernel]))
    assert back.matmul_multiplications in {2 * products, 3 * products}
    assert back.complete


def cholesky(a):
    """Products, quotients, sums and roots of a factorisation row by row."""
    n, products, quotients, roots = len(a), 0, 0, 0
    low = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= low[i, k] * low[j, k]
                products += 1
            low[i, j] = np.sqrt(rest) if i == j else rest / low[j, j]
            roots, quotients = roots + (i == j), quotients + (i != j)
    np.testing.assert_allclose(low @ low.T, a, rtol=1e-12)
    return products + quotients, products, roots


def eliminated(a):
    """Products, quotients and sums of Gaussian elimination, without its pivots."""
    a, (m, n), products, quotients = a.copy(), a.shape, 0, 0
    for k in range(min(m, n)):
        for i in range(k + 1, m):
            a[i, k] /= a[k, k]
            quotients += 1
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
                products += 1
    return products + quotients, products


def test_factorisations_take_what_their_loops_take():
    rng = np.random.default_rng(0)
    tall = rng.normal(size=(6, 4)) + 3 * np.eye(6, 4)
    square = tall @ tall.T + np.eye(6)

    def counted(operation, array):
        x = jnp.asarray(array, jnp.float32)
        graph = engines.of([x]).graph(lambda leaves: operation(leaves[0]), [x])
        wanted = {"cholesky", "lu", "triangular_solve"}
        nodes = tuple(node for node in graph.nodes if node.name in wanted)
        (node,) = nodes
        return count(type(graph)(**{**vars(graph), "nodes": nodes})), node

    found, _ = counted(lambda x: jax.lax.linalg.cholesky(x).sum(), square)
    numbers = found.multiplications, found.additions, found.transcendentals
    assert numbers == cholesky(square)
    found, _ = counted(lambda x: jax.lax.linalg.lu(x)[0].sum(), tall)
    assert (found.multiplications, found.additions) == eliminated(tall)
    sides = jnp.ones((6, 2))
    found, _ = counted(
        lambda x: jax.lax.linalg.triangular_solve(
            x, sides, left_side=True, lower=True
        ).sum(),
        square,
    )
    # each of two sides: row i takes i products off and a quotient
    assert found.multiplications == 2 * sum(i + 1 for i in range(6))
