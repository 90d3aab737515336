"""Changes through products summed over axes: one operand moves, the other is sliced."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.contraction import contracted
from clinometer.memo.delta import Box, Delta, Place
from clinometer.memo.mover import Deltas, Mover

__all__ = ["dotted"]

Values: TypeAlias = NDArray[Any]


def dotted(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change of a, of b, or of both: d(ab) = da b + a db + da db."""
    terms = [
        _one(node, deltas, k, mover=mover) for k in (0, 1) if deltas[k] is not None
    ]
    a, b = deltas
    if a is not None and b is not None:
        terms.append(_both(node, (a, b), mover))
    return mover.summed(node.outputs[0], terms)


def _pairs(node: Node) -> list[tuple[int, int]]:
    """Axes of a and b that run together."""
    contract, batch = node.parameters["contract"], node.parameters["batch"]
    return [*zip(*contract, strict=True), *zip(*batch, strict=True)]


def _one(node: Node, deltas: Deltas, k: int, *, mover: Mover) -> Delta:
    """The change of operand k with the other as it is."""
    delta = deltas[k]
    assert delta is not None
    other = node.operands[1 - k]
    box: list[Place] = [None] * len(mover.base.shape(other))
    for pair in _pairs(node):
        box[pair[1 - k]] = delta.box[pair[k]]
    values = mover.base.at(other, tuple(box))
    sides = (delta.change, values) if k == 0 else (values, delta.change)
    boxes = (delta.box, tuple(box)) if k == 0 else (tuple(box), delta.box)
    return _product(node, sides, boxes, mover=mover)


def _both(node: Node, deltas: tuple[Delta, Delta], mover: Mover) -> Delta:
    """The product of both changes."""
    changes = [delta.changes for delta in deltas]
    boxes = [list(delta.box) for delta in deltas]
    for pair in _pairs(node):
        places = [boxes[k][pair[k]] for k in (0, 1)]
        for k in (0, 1):
            mine, others = places[k], places[1 - k]
            if others is None:
                continue
            if mine is None:
                changes[k] = _picked(changes[k], pair[k], others)
                boxes[k][pair[k]] = others
            elif k == 0:  # both stand somewhere: nothing, unless it is the same place
                same = (mine == others).reshape(1, -1, *(1,) * (changes[0].ndim - 2))
                changes[0] = changes[0] * same
    return _product(
        node, (changes[0], changes[1]), (tuple(boxes[0]), tuple(boxes[1])), mover=mover
    )


def _picked(change: Values, axis: int, place: NDArray[np.intp]) -> Values:
    """(S, P, ...) changes at one place of an axis for each perturbation."""
    where = place.reshape(1, -1, *(1,) * (change.ndim - 2))
    return np.take_along_axis(change, where, axis + 2)


def _product(
    node: Node, sides: tuple[Values, Values], boxes: tuple[Box, Box], *, mover: Mover
) -> Delta:
    contract, batch = node.parameters["contract"], node.parameters["batch"]
    out = contracted(*sides, mover.tally, contract=contract, batch=batch)
    box: list[Place] = [boxes[0][axis] for axis in batch[0]]
    for k in (0, 1):
        paired = {*contract[k], *batch[k]}
        box += [place for axis, place in enumerate(boxes[k]) if axis not in paired]
    return mover.changed(node.outputs[0], tuple(box), out)
