"""What all rules need: base values in boxes, and changes brought to other boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node, Operand
from clinometer.memo.base import Base
from clinometer.memo.delta import Box, Delta, Place, moved, same_place, widened
from clinometer.memo.tally import Tally

__all__ = ["Deltas", "Mover", "Rule"]

Values: TypeAlias = NDArray[Any]
Deltas: TypeAlias = Sequence[Delta | None]


@final
class Mover:
    """Makes deltas for one plan of perturbations.

    base : values at x.
    tally : of the arithmetic done.
    signs : 2 where both signs of each step are taken, else 1.
    """

    def __init__(self, base: Base, tally: Tally, signs: int) -> None:
        self.base = base
        self.tally = tally
        self.signs = signs

    def changed(self, operand: Operand, box: Box, change: Values) -> Delta:
        """A delta from changes (S, P, *extent), which may share numbers along axes."""
        full = self._extent(operand, box)
        if change.shape[2:] != full:
            change = np.broadcast_to(change, change.shape[:2] + full)
        return Delta(
            box, partial(self.base.at, operand, box), self.signs, change=change
        )

    def renewed(self, operand: Operand, box: Box, new: Values) -> Delta:
        """A delta from changed values (signs, P, *extent)."""
        full = self._extent(operand, box)
        if new.shape[2:] != full:
            new = np.broadcast_to(new, new.shape[:2] + full)
        return Delta(box, partial(self.base.at, operand, box), self.signs, new=new)

    def moved(
        self,
        delta: Delta,
        operand: Operand,
        box: Box,
        *,
        move: Callable[[Values], Values],
    ) -> Delta:
        """A delta whose numbers stand elsewhere in another array."""
        return moved(delta, box, move, old=partial(self.base.at, operand, box))

    def _extent(self, operand: Operand, box: Box) -> tuple[int, ...]:
        shape = self.base.shape(operand)
        return tuple(
            size if place is None else 1 for size, place in zip(shape, box, strict=True)
        )

    def spanned(self, delta: Delta, operand: Operand, axes: Sequence[int]) -> Delta:
        """The delta in boxes that span some axes."""
        if all(delta.box[axis] is None for axis in axes):
            return delta
        shape = self.base.shape(operand)
        change = widened(delta.change, delta.box, shape, axes=axes)
        box = tuple(
            None if axis in axes else place for axis, place in enumerate(delta.box)
        )
        return self.changed(operand, box, change)

    def whole(self, delta: Delta, operand: Operand) -> Delta:
        """The delta in boxes that span everything."""
        return self.spanned(delta, operand, range(len(delta.box)))

    def values(self, node: Node, deltas: Deltas, k: int, *, box: Box) -> Values:
        """(signs or 1, P or 1, ...) operand k where a box of the value reads it.

        Changed or not, with as many axes as the value has.
        """
        own = self.read(node.operands[k], box, node.shapes[0])
        delta = deltas[k]
        if delta is None:
            return _padded(self.base.at(node.operands[k], own), len(box))
        return _padded(self.fitted(node.operands[k], delta, own).new, len(box))

    def part(self, node: Node, deltas: Deltas, k: int, *, box: Box) -> Delta:
        """The change of operand k in the part of it that a box of the value reads."""
        delta, operand = deltas[k], node.operands[k]
        assert delta is not None
        return self.fitted(operand, delta, self.read(operand, box, node.shapes[0]))

    def fitted(self, operand: Operand, delta: Delta, box: Box) -> Delta:
        """The delta in a box of the operand that holds its own."""
        if box is delta.box:
            return delta
        axes = [axis for axis, place in enumerate(box) if place is None]
        return self.spanned(delta, operand, axes)

    def read(self, operand: Operand, box: Box, shape: tuple[int, ...]) -> Box:
        """The box of an operand that a box of an elementwise value reads."""
        own = self.base.shape(operand)
        if own == shape:
            return box
        first = len(shape) - len(own)
        return tuple(
            box[first + axis] if size == shape[first + axis] else None
            for axis, size in enumerate(own)
        )

    def joined(self, node: Node, deltas: Deltas) -> Box:
        """The box in which an elementwise value changes."""
        shape = node.shapes[0]
        live = [
            (operand, delta)
            for operand, delta in zip(node.operands, deltas, strict=True)
            if delta is not None
        ]
        operand, delta = live[0]
        if len(live) == 1 and self.base.shape(operand) == shape:
            return delta.box
        box: list[Place] = []
        for axis, size in enumerate(shape):
            places = [
                self._place(operand, delta, axis - len(shape), size=size)
                for operand, delta in live
            ]
            same = all(same_place(place, places[0]) for place in places)
            box.append(places[0] if same else None)
        return tuple(box)

    def _place(self, operand: Operand, delta: Delta, axis: int, *, size: int) -> Place:
        """Where a delta stands on an axis of the value, counted from the last."""
        own = self.base.shape(operand)
        if -axis > len(own) or own[axis] != size:
            return None
        return delta.box[axis]

    def summed(self, operand: Operand, terms: Sequence[Delta]) -> Delta:
        """The sum of some changes of one array."""
        if len(terms) == 1:
            return terms[0]
        box = tuple(
            places[0] if all(same_place(p, places[0]) for p in places) else None
            for places in zip(*(term.box for term in terms), strict=True)
        )
        fitted = [self.fitted(operand, term, box) for term in terms]
        changes = alike(fitted)
        total = reduce(np.add, changes)
        self.tally.sums(total.size * (len(changes) - 1))
        return self.changed(operand, box, total)


def alike(deltas: Sequence[Delta]) -> list[Values]:
    """The changes of some deltas, with both signs laid out if one of them has both."""
    if all(delta.odd for delta in deltas):
        return [delta.change for delta in deltas]
    return [delta.changes for delta in deltas]


def _padded(array: Values, rank: int) -> Values:
    missing = rank + 2 - array.ndim
    if not missing:
        return array
    return array.reshape(array.shape[:2] + (1,) * missing + array.shape[2:])


Rule: TypeAlias = Callable[[Node, Deltas, Mover], Delta | None]
"""What becomes of the changes of a node's operands; None where it is not covered."""
