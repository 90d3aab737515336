"""Changes through sums, largest values and their like, over axes and along them."""

from __future__ import annotations

import numpy as np

from clinometer.graph import Node
from clinometer.memo.delta import Delta
from clinometer.memo.mover import Deltas, Mover
from clinometer.memo.stacks import CUMULATIONS, REDUCTIONS, reduced

__all__ = ["accumulated", "gathered_up"]


def gathered_up(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change through a reduction: a sum's is the sum of changes."""
    (delta,) = deltas
    assert delta is not None
    axes = node.parameters["axes"]
    if node.name not in REDUCTIONS:
        return None
    kept = tuple(place for axis, place in enumerate(delta.box) if axis not in axes)
    if node.name == "sum":
        out = reduced(node, delta.change, mover.tally)
        assert out is not None
        return mover.changed(node.outputs[0], kept, out)
    delta = mover.spanned(delta, node.operands[0], axes)
    out = reduced(node, delta.new, mover.tally)
    assert out is not None
    return mover.renewed(node.outputs[0], kept, out)


def accumulated(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change through running sums, products or largest values."""
    (delta,) = deltas
    assert delta is not None
    if node.name not in CUMULATIONS:
        return None
    axis = node.parameters["axis"]
    delta = mover.spanned(delta, node.operands[0], [axis])
    if node.name == "sum":
        mover.tally.reduction(node, delta.change.size)
        total = np.cumsum(delta.change, axis=axis + 2)
        return mover.changed(node.outputs[0], delta.box, total)
    mover.tally.reduction(node, delta.new.size)
    out = CUMULATIONS[node.name](delta.new, axis=axis + 2)
    return mover.renewed(node.outputs[0], delta.box, out)
