"""Changes through elementwise operations."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.delta import Box, Delta
from clinometer.memo.maps import BILINEAR, LINEAR, elementwise
from clinometer.memo.mover import Deltas, Mover, alike
from clinometer.memo.stacks import aligned

__all__ = ["mapped", "selected"]

Values: TypeAlias = NDArray[Any]


def mapped(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change through an elementwise operation, by name."""
    box = mover.joined(node, deltas)
    if mover.base.real[id(node)]:
        if node.name in LINEAR:
            return _linear(node, deltas, mover, box=box)
        if node.name in BILINEAR and (node.name == "multiply" or deltas[1] is None):
            return _bilinear(node, deltas, mover, box=box)
    given = [mover.values(node, deltas, k, box=box) for k in range(len(deltas))]
    run = elementwise(node)
    if run is None:
        out = _by_library(node, given, mover)
    else:
        out = run(*given)
        mover.tally.map(node, out.size)
    return mover.renewed(node.outputs[0], box, out)


def _linear(node: Node, deltas: Deltas, mover: Mover, *, box: Box) -> Delta:
    rank = len(node.shapes[0])
    live = [k for k, delta in enumerate(deltas) if delta is not None]
    if node.name in {"copy", "cast"}:
        (delta,) = deltas
        assert delta is not None
        if node.shapes[0] == mover.base.shape(node.operands[0]):
            return mover.moved(delta, node.outputs[0], box, move=lambda x: x)
    fitted = [mover.part(node, deltas, k, box=box) for k in live]
    changes = [aligned(change, rank) for change in alike(fitted)]
    negative = node.name == "negative" or (node.name == "subtract" and live == [1])
    if len(changes) == 1:
        total = -changes[0] if negative else changes[0]
    else:
        first, second = changes
        total = first - second if node.name == "subtract" else first + second
        mover.tally.sums(total.size)
    return mover.changed(node.outputs[0], box, total)


def _bilinear(node: Node, deltas: Deltas, mover: Mover, *, box: Box) -> Delta:
    rank = len(node.shapes[0])
    live = [k for k, delta in enumerate(deltas) if delta is not None]
    if len(live) == 1:
        (k,) = live
        change = aligned(mover.part(node, deltas, k, box=box).change, rank)
        other = mover.values(node, deltas, 1 - k, box=box)
        total = change / other if node.name == "divide" else change * other
        mover.tally.multiplications += total.size
    else:  # d(ab) = da (b + db) + a db
        first, second = (mover.part(node, deltas, k, box=box) for k in live)
        read = mover.read(node.operands[0], box, node.shapes[0])
        old = aligned(mover.base.at(node.operands[0], read), rank)
        total = aligned(first.changes, rank) * aligned(second.new, rank)
        total = total + old * aligned(second.changes, rank)
        mover.tally.multiplications += 2 * total.size
        mover.tally.sums(total.size)
    return mover.changed(node.outputs[0], box, total)


def _by_library(node: Node, given: list[Values], mover: Mover) -> Values:
    """An operation that NumPy has not, on the boxes alone."""
    shape = np.broadcast_shapes(*(each.shape for each in given))
    full = [np.broadcast_to(each, shape) for each in given]
    dtypes = [mover.base.dtype(each) for each in node.operands]
    out: Values = mover.base.library.run(node, full, dtypes)[0]
    mover.tally.map(node, out.size)
    return out


def selected(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change through a choice between two values."""
    box, rank = mover.joined(node, deltas), len(node.shapes[0])
    if deltas[0] is not None or not all(
        mover.base.dtype(each).startswith(("float", "bfloat"))
        for each in node.operands[1:]
    ):
        which, yes, no = (mover.values(node, deltas, k, box=box) for k in range(3))
        return mover.renewed(node.outputs[0], box, np.where(which, yes, no))
    which = mover.values(node, deltas, 0, box=box)
    live = [k for k in (1, 2) if deltas[k] is not None]
    changes: dict[int, Any] = {1: 0.0, 2: 0.0}
    fitted = alike([mover.part(node, deltas, k, box=box) for k in live])
    changes.update(
        (k, aligned(each, rank)) for k, each in zip(live, fitted, strict=True)
    )
    out = cast("Values", np.where(which, changes[1], changes[2]))
    return mover.changed(node.outputs[0], box, out)
