"""Changes through convolutions: in channels of the operand, or taps of the kernel."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.contraction import convolved, padded, windows
from clinometer.memo.delta import Delta, Place
from clinometer.memo.mover import Deltas, Mover

__all__ = ["convolved_change"]

Values: TypeAlias = NDArray[Any]


def convolved_change(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change of the operand or of the kernel; of both is not covered."""
    x, kernel = deltas
    if x is not None and kernel is None:
        return _of_operand(node, x, mover)
    if kernel is not None and x is None:
        return _of_kernel(node, kernel, mover)
    return None


def _of_operand(node: Node, delta: Delta, mover: Mover) -> Delta:
    """A change in some channels: only the kernel's part for them is read."""
    space = range(2, len(delta.box))
    delta = mover.spanned(delta, node.operands[0], space)
    if node.parameters["groups"] != 1:
        delta = mover.spanned(delta, node.operands[0], [1])
    box = (delta.box[0], *(None for _ in node.shapes[0][1:]))
    channel = delta.box[1]
    own = (None, channel, *(None for _ in space))
    kernel = mover.base.at(node.operands[1], own)
    if channel is None:
        out = convolved(delta.change, kernel, node, tally=mover.tally)
    else:
        out = _by_taps(delta.change, kernel, node, mover=mover)
    return mover.changed(node.outputs[0], box, out)


def _by_taps(x: Values, kernel: Values, node: Node, *, mover: Mover) -> Values:
    """(S, P, N, O, *space) one channel x (S, P, N, 1, *space), a kernel for each."""
    window = kernel.shape[4:]
    views = windows(padded(x, node), window, node)
    dims = len(window)
    out: Values | None = None
    for tap in np.ndindex(window):
        weights = kernel[(..., *tap)][:, :, None, :, 0]  # (1, P, 1, O)
        weights = weights.reshape(*weights.shape, *(1,) * dims)
        term = views[(..., *tap)] * weights
        mover.tally.multiplications += term.size
        if out is None:
            out = term
        else:
            out += term
            mover.tally.sums(term.size)
    assert out is not None
    return out


def _of_kernel(node: Node, delta: Delta, mover: Mover) -> Delta | None:
    """A change of one tap each, or of whole kernels."""
    shape = mover.base.shape(node.operands[1])
    places = [_single(delta, axis, size) for axis, size in enumerate(shape)]
    x = mover.base.value(node.operands[0])[None, None]
    views = windows(padded(x, node), shape[2:], node)[0, 0]
    if all(place is not None for place in places):
        return _of_taps(
            node,
            delta,
            [p for p in places if p is not None],
            views=views,
            mover=mover,
        )
    if node.parameters["groups"] != 1:
        return None
    delta = mover.spanned(delta, node.operands[1], range(1, len(shape)))
    # views (N, C, *space, *window) by changes (S, P, O, C, *window)
    change, dims = delta.change, len(shape) - 2
    space = views.shape[2 : 2 + dims]
    turned = views.transpose(
        0, *range(2, 2 + dims), 1, *range(2 + dims, 2 + 2 * dims)
    ).reshape(-1, int(np.prod(shape[1:])))
    flat = change.reshape(-1, turned.shape[1]) @ turned.T
    mover.tally.products(flat.size, turned.shape[1])
    out = flat.reshape(*change.shape[:3], views.shape[0], *space)
    box = (None, delta.box[0], *(None for _ in space))
    return mover.changed(node.outputs[0], box, out.swapaxes(2, 3))


def _of_taps(
    node: Node,
    delta: Delta,
    places: list[NDArray[np.intp]],
    *,
    views: Values,
    mover: Mover,
) -> Delta:
    """One tap moves one output channel by what it sees of one input channel."""
    groups = int(node.parameters["groups"])
    out_channels, in_each, *window = mover.base.shape(node.operands[1])
    output, channel, *tap = places
    channel = channel + output // (out_channels // groups) * in_each
    dims = len(window)
    # (C, *window, N, *space), then what each perturbation's tap sees: (P, N, *space)
    order = [1, *range(2 + dims, 2 + 2 * dims), 0, *range(2, 2 + dims)]
    seen = views.transpose(order)[(channel, *tap)]
    seen = seen.reshape(1, *seen.shape[:2], 1, *seen.shape[2:])
    out = seen * delta.change  # the change has extent 1 along every axis
    mover.tally.multiplications += out.size
    place: Place = delta.box[0]
    box = (None, place, *(None for _ in range(dims)))
    return mover.changed(node.outputs[0], box, out)


def _single(delta: Delta, axis: int, size: int) -> Place:
    """The place on an axis; 0 where the axis has no other."""
    if delta.box[axis] is None and size == 1:
        return np.zeros(delta.count, dtype=np.intp)
    return delta.box[axis]
