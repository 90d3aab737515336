"""Products of stacked arrays summed over some of their axes, and convolutions.

Every array has two axes in front, (S, P): signs and perturbations. Where one of them
has length 1, all share it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.tally import Tally

__all__ = ["contracted", "convolved", "padded", "windows"]

Values: TypeAlias = NDArray[Any]
Pairs: TypeAlias = tuple[Sequence[int], Sequence[int]]


def contracted(
    a: Values, b: Values, tally: Tally, *, contract: Pairs, batch: Pairs
) -> Values:
    """(S, P, batch axes, other axes of a, other axes of b): sums over paired axes.

    a, b : (S, P, ...) either may have 1 for S and P.
    contract, batch : pairs of axes, counted without S and P.
    """
    free_a = _rest(a.ndim - 2, *contract[0], *batch[0])
    free_b = _rest(b.ndim - 2, *contract[1], *batch[1])
    left = _grouped(a, batch[0], free_a, contract[0])
    right = _grouped(b, batch[1], contract[1], free_b)
    out = _product(left, right)
    tally.products(out.size, left.shape[-1])
    sizes = [a.shape[k + 2] for k in (*batch[0], *free_a)]
    sizes += [b.shape[k + 2] for k in free_b]
    return out.reshape(out.shape[:2] + tuple(sizes))


def _rest(count: int, *taken: int) -> list[int]:
    return [axis for axis in range(count) if axis not in taken]


def _grouped(array: Values, *groups: Sequence[int]) -> Values:
    """(S, P, one axis for each group of axes)."""
    order = [axis + 2 for group in groups for axis in group]
    sizes = [math.prod(array.shape[axis + 2] for axis in group) for group in groups]
    return array.transpose(0, 1, *order).reshape(*array.shape[:2], *sizes)


def _product(a: Values, b: Values) -> Values:
    """Matrix products (S, P, B, M, K) by (S, P, B, K, N); large ones where possible."""
    batch, rows, inner = a.shape[2:]
    columns = b.shape[-1]
    if inner == 1:
        return a * b
    if b.shape[:2] == (1, 1):
        lead = a.shape[:2]
        if batch == 1:
            flat = a.reshape(math.prod(lead) * rows, inner) @ b[0, 0, 0]
            return flat.reshape(*lead, 1, rows, columns)
        turned = np.moveaxis(a, 2, 0).reshape(batch, math.prod(lead) * rows, inner)
        stacked = turned @ b[0, 0]
        return np.moveaxis(stacked.reshape(batch, *lead, rows, columns), 0, 2)
    if a.shape[:2] == (1, 1) and columns == 1:
        turned = _product(b.swapaxes(-1, -2), a.swapaxes(-1, -2))
        return turned.swapaxes(-1, -2)
    return a @ b


def convolved(x: Values, kernel: Values, node: Node, *, tally: Tally) -> Values:
    """(S, P, N, O, *space) convolutions, as Kind.CONV has them.

    x : (S, P, N, C, *space); kernel : (S, P, O, C / groups, *window).
    """
    lead = np.broadcast_shapes(x.shape[:2], kernel.shape[:2])
    if kernel.shape[:2] == (1, 1):
        out = _plain(x.reshape(-1, *x.shape[3:]), kernel[0, 0], node, tally=tally)
        return out.reshape(*x.shape[:3], *out.shape[1:])
    every = np.broadcast_to(x, lead + x.shape[2:])
    kernels = np.broadcast_to(kernel, lead + kernel.shape[2:])
    found = [_plain(every[k], kernels[k], node, tally=tally) for k in np.ndindex(lead)]
    return np.stack(found).reshape(*lead, *found[0].shape)


def _plain(x: Values, kernel: Values, node: Node, *, tally: Tally) -> Values:
    """(N, O, *space) one convolution, as one matrix product for each group."""
    groups = int(node.parameters["groups"])
    window = kernel.shape[2:]
    views = windows(padded(x, node), window, node)
    space, dims = views.shape[2 : 2 + len(window)], len(window)
    # (N, C, *space, *window) to (N * space, C * window)
    order = [0, *range(2, 2 + dims), 1, *range(2 + dims, 2 + 2 * dims)]
    turned = views.transpose(order)
    each_in, each_out = x.shape[1] // groups, kernel.shape[0] // groups
    outs: list[Values] = []
    for g in range(groups):
        part = turned[
            (slice(None),) * (1 + dims) + (slice(g * each_in, (g + 1) * each_in),)
        ]
        columns = part.reshape(x.shape[0] * math.prod(space), -1)
        own = kernel[g * each_out : (g + 1) * each_out].reshape(each_out, -1)
        outs.append(columns @ own.T)
        tally.products(outs[-1].size, columns.shape[1])
    flat = outs[0] if groups == 1 else np.concatenate(outs, axis=1)
    return np.moveaxis(flat.reshape(x.shape[0], *space, kernel.shape[0]), -1, 1)


def padded(x: Values, node: Node) -> Values:
    """(..., *space) with the zeros of a convolution inside and around it."""
    spread = node.parameters["input_dilation"]
    padding = node.parameters["padding"]
    dims = len(padding)
    for k, (step, (low, high)) in enumerate(zip(spread, padding, strict=True)):
        x = pad(x, x.ndim - dims + k, low=low, high=high, inner=step - 1)
    return x


def pad(x: Values, axis: int, *, low: int, high: int, inner: int) -> Values:
    """x with zeros between, before and after its entries; negative: cut off."""
    if (low, high, inner) == (0, 0, 0):
        return x
    size = int(x.shape[axis])
    spread = max(size + inner * (size - 1), 0)
    total = spread + low + high
    shape = list(x.shape)
    shape[axis] = max(total, 0)
    out = np.zeros(shape, x.dtype)
    at = np.arange(size, dtype=np.intp) * (inner + 1) + low
    kept = (at >= 0) & (at < total)
    onto, of = [slice(None)] * x.ndim, [slice(None)] * x.ndim
    if kept.any():
        first, last = np.flatnonzero(kept)[[0, -1]]
        onto[axis] = slice(int(at[first]), int(at[last]) + 1, inner + 1)
        of[axis] = slice(int(first), int(last) + 1)
        out[tuple(onto)] = x[tuple(of)]
    return out


def windows(x: Values, window: Sequence[int], node: Node) -> Values:
    """(..., *space, *window) what the kernel sees at each place; a view."""
    strides, dilation = node.parameters["strides"], node.parameters["dilation"]
    dims = len(window)
    reach = [d * (size - 1) + 1 for d, size in zip(dilation, window, strict=True)]
    space = tuple(range(x.ndim - dims, x.ndim))
    views = np.lib.stride_tricks.sliding_window_view(x, reach, space)
    steps = [slice(None, None, s) for s in strides]
    spread = [slice(None, None, d) for d in dilation]
    return views[(..., *steps, *spread)]
