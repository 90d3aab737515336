"""Changes through operations that only put numbers elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node
from clinometer.memo.contraction import pad
from clinometer.memo.delta import Delta, Place
from clinometer.memo.mover import Deltas, Mover
from clinometer.memo.stacks import slices

__all__ = [
    "broadcast",
    "concatenated",
    "padded_out",
    "reshaped",
    "sliced",
    "taken",
    "transposed",
]

Values: TypeAlias = NDArray[Any]


def broadcast(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change spread along axes that the operand has not, or has with size 1."""
    (delta,) = deltas
    assert delta is not None
    axes, shape = node.parameters["axes"], node.shapes[0]
    box: list[Place] = [None] * len(shape)
    own = mover.base.shape(node.operands[0])
    for axis, place, size in zip(axes, delta.box, own, strict=True):
        box[axis] = place if size == shape[axis] else None
    order = [int(k) for k in np.argsort(axes, kind="stable")]

    def move(x: Values) -> Values:
        extent = [1] * len(shape)
        for axis, size in zip(axes, x.shape[2:], strict=True):
            extent[axis] = size
        turned = x.transpose(0, 1, *(k + 2 for k in order))
        full = [n if place is None else 1 for n, place in zip(shape, box, strict=True)]
        return np.broadcast_to(
            turned.reshape(*x.shape[:2], *extent), (*x.shape[:2], *full)
        )

    return mover.moved(delta, node.outputs[0], tuple(box), move=move)


def transposed(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change with its axes in another order."""
    (delta,) = deltas
    assert delta is not None
    order: Sequence[int] = node.parameters["permutation"]
    box = tuple(delta.box[axis] for axis in order)
    return mover.moved(
        delta,
        node.outputs[0],
        box,
        move=lambda x: x.transpose(0, 1, *(axis + 2 for axis in order)),
    )


def reshaped(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change in another shape; its box survives where its axes are not cut."""
    (delta,) = deltas
    assert delta is not None
    before, after = mover.base.shape(node.operands[0]), node.shapes[0]
    if 0 in before:
        return None
    box: list[Place] = [None] * len(after)
    wide: list[int] = []
    for mine, others in _groups(before, after):
        places = [delta.box[axis] for axis in mine]
        held = [place for place in places if place is not None]
        if not held:
            continue
        if len(held) < len(mine):
            wide += mine
            continue
        sizes = [before[axis] for axis in mine]
        flat = np.ravel_multi_index(held, sizes)
        there = np.unravel_index(flat, [after[axis] for axis in others])
        for axis, place in zip(others, there, strict=True):
            box[axis] = held[0] if len(mine) == len(others) == 1 else place
    delta = mover.spanned(delta, node.operands[0], wide)
    extent = [n if place is None else 1 for n, place in zip(after, box, strict=True)]
    return mover.moved(
        delta,
        node.outputs[0],
        tuple(box),
        move=lambda x: x.reshape(*x.shape[:2], *extent),
    )


def _groups(
    before: Sequence[int], after: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    """Axes before and after that hold the same entries, size 1 left out."""
    left = [axis for axis, size in enumerate(before) if size != 1]
    right = [axis for axis, size in enumerate(after) if size != 1]
    groups: list[tuple[list[int], list[int]]] = []
    mine: list[int] = []
    others: list[int] = []
    while left or right or mine:
        have = math.prod(before[axis] for axis in mine)
        want = math.prod(after[axis] for axis in others)
        if mine and have == want:
            groups.append((mine, others))
            mine, others = [], []
        elif have <= want and left:
            mine = [*mine, left.pop(0)]
        else:
            others = [*others, right.pop(0)]
    return groups


def sliced(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change in part of an array; what stands outside changes nothing."""
    (delta,) = deltas
    assert delta is not None
    box: list[Place] = []
    cut: list[slice] = []
    inside = np.ones(delta.count, dtype=bool)
    held = False
    terms = node.parameters
    every = zip(delta.box, slices(node), terms["starts"], terms["strides"], strict=True)
    for (place, part, start, stride), size in zip(every, node.shapes[0], strict=True):
        if place is None:
            box.append(None)
            cut.append(part)
            continue
        held = True
        there, rest = np.divmod(place - start, stride)
        within = (rest == 0) & (there >= 0) & (there < size)
        inside &= within
        box.append(np.where(within, there, 0) if size > 1 else None)
        cut.append(slice(None) if size else slice(0, 0))
    change = delta.change[(slice(None), slice(None), *cut)]
    if held and not inside.all():
        change = change * inside.reshape(1, -1, *(1,) * len(box))
        change = change.astype(delta.change.dtype, copy=False)
    return mover.changed(node.outputs[0], tuple(box), change)


def padded_out(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change with zeros round it; a changed filling is not covered."""
    delta, filling = deltas
    if filling is not None or delta is None:
        return None
    own, terms = mover.base.shape(node.operands[0]), node.parameters
    box: list[Place] = []
    change = delta.change
    inside = np.ones(delta.count, dtype=bool)
    every = zip(terms["low"], terms["high"], terms["inner"], strict=True)
    for axis, (low, high, inner) in enumerate(every):
        size = node.shapes[0][axis]
        place = _single(delta, axis, own[axis])
        if place is None or size == 1:
            change = pad(change, axis + 2, low=low, high=high, inner=inner)
            box.append(None)
            continue
        there = place * (inner + 1) + low
        within = (there >= 0) & (there < size)
        inside &= within
        box.append(np.where(within, there, 0))
    if not inside.all():
        change = change * inside.reshape(1, -1, *(1,) * len(box))
        change = change.astype(delta.change.dtype, copy=False)
    return mover.changed(node.outputs[0], tuple(box), change)


def _single(delta: Delta, axis: int, size: int) -> Place:
    """The place on an axis; 0 where the axis has no other."""
    if delta.box[axis] is None and size == 1:
        return np.zeros(delta.count, dtype=np.intp)
    return delta.box[axis]


def concatenated(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """Changes of arrays that are joined end to end."""
    axis = int(node.parameters["axis"])
    total = node.shapes[0][axis]
    terms: list[Delta] = []
    start = 0
    for operand, delta in zip(node.operands, deltas, strict=True):
        size = mover.base.shape(operand)[axis]
        if delta is not None and size:
            place = _single(delta, axis, size) if total > 1 else None
            change = delta.change
            if place is None:
                rest = total - start - size
                change = pad(change, axis + 2, low=start, high=rest, inner=0)
            else:
                place = place + start
            box = (*delta.box[:axis], place, *delta.box[axis + 1 :])
            terms.append(mover.changed(node.outputs[0], box, change))
        start += size
    return mover.summed(node.outputs[0], terms) if terms else None


def taken(node: Node, deltas: Deltas, mover: Mover) -> Delta | None:
    """A change of an array from which entries are taken along one axis."""
    delta, numbers = deltas
    if numbers is not None or delta is None:
        return None
    axis, last = int(node.parameters["axis"]), node.parameters.get("last", False)
    own: Values = mover.base.value(node.operands[1])
    own = own[..., 0] if last else own
    size = mover.base.shape(node.operands[0])[axis]
    if own.size and not (own.min() >= 0 and own.max() < size):
        return None
    place, change = delta.box[axis], delta.change
    box = (*delta.box[:axis], *(None for _ in own.shape), *delta.box[axis + 1 :])
    if place is None:
        return mover.changed(node.outputs[0], box, np.take(change, own, axis=axis + 2))
    hit: Values = own == place.reshape(-1, *(1,) * own.ndim)  # (P, *numbers)
    before, after = change.shape[2 : axis + 2], change.shape[axis + 3 :]
    spread = change.reshape(*change.shape[:2], *before, *(1,) * own.ndim, *after)
    mask = hit.reshape(1, len(hit), *(1,) * len(before), *own.shape, *(1,) * len(after))
    out = (spread * mask).astype(change.dtype, copy=False)
    return mover.changed(node.outputs[0], box, out)
