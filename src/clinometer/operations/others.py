"""What operations cost that are known to the graph by their name only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from clinometer.graph import Node
from clinometer.operations.products import Rule, Shape
from clinometer.operations.value import Operations

__all__ = ["OTHERS"]

MOVING = """
dynamic_slice dynamic_update_slice gather scatter slice_scatter select_scatter diagonal
diagonal_scatter as_strided as_strided_scatter index_put index split platform_index
reshape rev bernoulli rand_like randn_like device_put repeat unfold complex view_as_real
view_as_complex _conj conj_physical _linalg_check_errors copy_ _assert_async
"""
"""Entries are moved, and nothing is computed. index_put: without accumulation, or with
few entries that meet."""


def _nothing(node: Node, shapes: Sequence[Shape]) -> Operations:
    del node, shapes
    return Operations()


def _scatter_add(node: Node, shapes: Sequence[Shape]) -> Operations:
    """One addition for each entry that is added."""
    del node
    return Operations(additions=math.prod(shapes[-1]))


def _extreme(node: Node, shapes: Sequence[Shape]) -> Operations:
    """Largest or smallest along an axis, with its place."""
    return Operations(comparisons=math.prod(shapes[0]) - math.prod(node.shapes[0]))


def _sort(node: Node, shapes: Sequence[Shape]) -> Operations:
    """n log2 n comparisons; the axis is taken to be the last, the usual one."""
    del node
    length = shapes[0][-1] if shapes[0] else 1
    rounds = max(length - 1, 0).bit_length()
    return Operations(comparisons=math.prod(shapes[0]) * rounds)


def _window(operation: Operations) -> Rule:
    """A pool: one operation for each further entry of the window."""

    def rule(node: Node, shapes: Sequence[Shape]) -> Operations:
        del shapes
        window = math.prod(node.parameters["window"])
        return operation * (math.prod(node.shapes[0]) * (window - 1))

    return rule


def _average(node: Node, shapes: Sequence[Shape]) -> Operations:
    """A mean over a window: its sum and a quotient; back, the other way round."""
    results = min(math.prod(node.shapes[0]), math.prod(shapes[0]))
    window = math.prod(node.parameters["window"])
    return results * Operations(multiplications=1, additions=window - 1)


def _running(node: Node, shapes: Sequence[Shape]) -> Operations:
    """A running sum from the end: one addition for each entry but the first."""
    size, length = math.prod(shapes[0]), shapes[0][int(node.parameters["axis"])]
    return Operations(additions=size - size // length if length else 0)


def _select_and_add(node: Node, shapes: Sequence[Shape]) -> Operations:
    """The way back of a max pool: the maximum is found again, then added to."""
    size, window = math.prod(shapes[0]), math.prod(node.parameters["window"])
    return Operations(comparisons=size * (window - 1), additions=size)


def _first_added(node: Node, shapes: Sequence[Shape]) -> Operations:
    """The way back of a max pool whose maxima are known: one addition a result."""
    del node
    return Operations(additions=math.prod(shapes[0]))


def _matrices(shape: Shape) -> tuple[int, int, int]:
    """How many matrices, their rows and their columns."""
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def _cholesky(node: Node, shapes: Sequence[Shape]) -> Operations:
    """Row by row: n (n^2 - 1) / 6 products and as many sums, quotients, n roots.

    Source: Golub & Van Loan, Matrix Computations, 4.2.
    """
    del node
    many, n, _ = _matrices(shapes[0])
    products = (n**3 - n) // 6
    return many * Operations(
        multiplications=products + n * (n - 1) // 2,
        additions=products,
        transcendentals=n,
    )


def _lu(node: Node, shapes: Sequence[Shape]) -> Operations:
    """Elimination: sum over k of (m - k)(n - k) products and sums, m - k quotients.

    Comparisons for the pivots. Source: Golub & Van Loan, Matrix Computations, 3.2.
    """
    del node
    many, m, n = _matrices(shapes[0])
    steps = range(1, min(m, n) + 1)
    products = sum((m - k) * (n - k) for k in steps)
    quotients = sum(m - k for k in steps)
    return many * Operations(
        multiplications=products + quotients, additions=products, comparisons=quotients
    )


def _triangular(node: Node, shapes: Sequence[Shape]) -> Operations:
    """n (n - 1) / 2 products and sums and n quotients for each right-hand side."""
    del node
    n = shapes[0][-1]
    sides = math.prod(shapes[1]) // max(n, 1)
    products = n * (n - 1) // 2
    return sides * Operations(multiplications=products + n, additions=products)


OTHERS: Mapping[str, Rule] = {
    **dict.fromkeys(MOVING.split(), _nothing),
    "scatter-add": _scatter_add,
    "scatter_add": _scatter_add,
    "argmax": _extreme,
    "argmin": _extreme,
    "max": _extreme,
    "min": _extreme,
    "sort": _sort,
    "topk": _sort,
    "top_k": _sort,
    "cumsum": _running,
    "avg_pool1d": _average,
    "avg_pool2d": _average,
    "avg_pool3d": _average,
    "avg_pool2d_backward": _average,
    "avg_pool3d_backward": _average,
    "reduce_window_sum": _window(Operations(additions=1)),
    "reduce_window_max": _window(Operations(comparisons=1)),
    "reduce_window_min": _window(Operations(comparisons=1)),
    "max_pool2d_with_indices": _window(Operations(comparisons=1)),
    "max_pool3d_with_indices": _window(Operations(comparisons=1)),
    "select_and_scatter_add": _select_and_add,
    "max_pool2d_with_indices_backward": _first_added,
    "max_pool3d_with_indices_backward": _first_added,
    "cholesky": _cholesky,
    "lu": _lu,
    "linalg_cholesky_ex": _cholesky,
    "linalg_lu_factor_ex": _lu,
    "_linalg_slogdet": _lu,
    "linalg_solve_triangular": _triangular,
    "triangular_solve": _triangular,
}
