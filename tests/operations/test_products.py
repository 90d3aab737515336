"""Products of convolutions and of factorisations, against loops that count them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

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


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_takes_the_products_of_its_adjoint(groups):
    """Every triple of operand, kernel and result meets once, forward and twice back."""
    x, kernel = torch.ones(2, 4, 4, 5), torch.ones(4, 6 // groups, 3, 2)
    terms = {"stride": (2, 1), "padding": (1, 0), "groups": groups}

    def forward(leaves):
        return torch.conv_transpose2d(*leaves, None, **terms).sum()

    large = torch.conv_transpose2d(x, kernel, None, **terms)

    def adjoint(leaves):
        return torch.conv2d(*leaves, None, **terms).sum()

    engine = engines.of([x])
    wanted = count(engine.graph(adjoint, [large, kernel])).multiplications
    assert count(engine.graph(forward, [x, kernel])).multiplications == wanted
    back = count(engine.gradient_graph(forward, [x, kernel]))
    assert back.matmul_multiplications == 3 * wanted
    assert back.complete


def test_pools_take_one_operation_for_each_further_entry_of_a_window():
    x = torch.ones(1, 2, 6, 6)
    engine, windows = engines.of([x]), 2 * 3 * 3

    def counted(pool):
        return count(engine.graph(lambda leaves: pool(leaves[0], 2).sum(), [x]))

    largest = counted(torch.nn.functional.max_pool2d)
    mean = counted(torch.nn.functional.avg_pool2d)
    assert largest.comparisons == 3 * windows
    assert (mean.additions, mean.multiplications) == (4 * windows - 1, windows)


def test_a_running_sum_from_the_end_takes_what_one_from_the_start_takes():
    x = jnp.ones((3, 5))
    found = [
        count(
            engines.of([x]).graph(
                lambda leaves, back=back: jax.lax.cumsum(
                    leaves[0], axis=1, reverse=back
                ).max(),
                [x],
            )
        )
        for back in (False, True)
    ]
    assert [one.additions for one in found] == [12, 12]
