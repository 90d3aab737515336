"""Changes from where they start to the value of f."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Graph, Kind, Node, Slot
from clinometer.memo.base import Base
from clinometer.memo.convolutions import convolved_change
from clinometer.memo.delta import Delta
from clinometer.memo.elements import mapped, selected
from clinometer.memo.mover import Deltas, Mover, Rule
from clinometer.memo.moves import (
    broadcast,
    concatenated,
    padded_out,
    reshaped,
    sliced,
    taken,
    transposed,
)
from clinometer.memo.products import dotted
from clinometer.memo.reductions import accumulated, gathered_up
from clinometer.memo.tally import Tally
from clinometer.memo.whole import by_library, by_numpy, copied
from clinometer.operations import Operations

__all__ = ["Pilot", "Propagation"]

Values: TypeAlias = NDArray[Any]
Seeds: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float64]]

RULES: Mapping[Kind, Rule] = {
    Kind.MAP: mapped,
    Kind.SELECT: selected,
    Kind.DOT: dotted,
    Kind.CONV: convolved_change,
    Kind.REDUCE: gathered_up,
    Kind.CUMULATE: accumulated,
    Kind.BROADCAST: broadcast,
    Kind.RESHAPE: reshaped,
    Kind.TRANSPOSE: transposed,
    Kind.SLICE: sliced,
    Kind.PAD: padded_out,
    Kind.CONCATENATE: concatenated,
    Kind.TAKE: taken,
    Kind.OTHER: copied,
}


@final
@dataclass(frozen=True)
class Pilot:
    """What one perturbation costs.

    each : operations, on average.
    widest : most numbers that a change holds.
    """

    each: Operations
    widest: int


@final
class Propagation:
    """Perturbations of the entries of one slot, moved to the value of f.

    boxes : whether changes are held in boxes; without, every operation that is reached
        is done again in full (memoized per node).
    full : numbers of the nodes that were done again in full though boxes were asked
        for.
    widest : most numbers that a change held in the last run, for one perturbation.
    pilots : what perturbing a slot costs, by its number, where that has been tried.
    """

    def __init__(self, base: Base, *, signs: int, boxes: bool = True) -> None:
        self.base = base
        self.signs = signs
        self.boxes = boxes
        self.full: set[int] = set()
        self.widest = 0
        self.pilots: dict[int, Pilot] = {}
        self._last = _last_uses(base.graph)

    def run(self, slot: Slot, seeds: Seeds, tally: Tally) -> tuple[Values, Values]:
        """(P) changes of f for the step, and for its negative, at P entries of a slot.

        seeds : (P) entries of the slot, as it lies flat, and (P) the step of each.
        """
        self.widest = 0
        mover = Mover(self.base, tally, self.signs)
        live: dict[int, Delta] = {slot.number: self._seed(slot, seeds, mover)}
        (value,) = self.base.graph.outputs
        for k, node in enumerate(self.base.graph.nodes):
            deltas = [
                live.get(each.number) if isinstance(each, Slot) else None
                for each in node.operands
            ]
            if any(delta is not None for delta in deltas):
                self._step(k, node, deltas, live=live, mover=mover)
                for number in self._last.get(k, ()):
                    live.pop(number, None)
        delta = live.get(value.number) if isinstance(value, Slot) else None
        if delta is None:
            zero = np.zeros(len(seeds[0]))
            return zero, zero
        changes = delta.change.reshape(len(delta.change), -1)
        return changes[0], changes[-1] if len(changes) == 2 else -changes[0]

    def _step(
        self,
        k: int,
        node: Node,
        deltas: Deltas,
        *,
        live: dict[int, Delta],
        mover: Mover,
    ) -> None:
        """Move changes through one node."""
        rule = RULES.get(node.kind) if self.boxes else None
        out = rule(node, deltas, mover) if rule else None
        if out is None:
            if self.boxes:
                self.full.add(k)
            out = by_numpy(node, deltas, mover)
        outs = by_library(node, deltas, mover) if out is None else [out]
        for slot, delta in zip(node.outputs, outs, strict=True):
            if delta is None:
                continue
            self.widest = max(self.widest, delta.entries * self.signs)
            whole = not node.dtypes[node.outputs.index(slot)].startswith(
                ("float", "bfloat", "complex")
            )
            if whole and self.boxes and not delta.change.any():
                continue
            live[slot.number] = delta

    def _seed(self, slot: Slot, seeds: Seeds, mover: Mover) -> Delta:
        entries, steps = seeds
        shape = mover.base.shape(slot)
        places = np.unravel_index(entries, shape) if shape else ()
        box = tuple(
            place if size > 1 else None
            for place, size in zip(places, shape, strict=True)
        )
        change = steps.reshape(1, -1, *(1,) * len(shape))
        delta = mover.changed(slot, box, change)
        if self.boxes:
            return delta
        return mover.whole(delta, slot)


def _last_uses(graph: Graph) -> dict[int, list[int]]:
    """Slots that no later node reads, by the node that reads them last."""
    last: dict[int, int] = {}
    for k, node in enumerate(graph.nodes):
        for operand in node.operands:
            if isinstance(operand, Slot):
                last[operand.number] = k
    for operand in graph.outputs:
        if isinstance(operand, Slot):
            last.pop(operand.number, None)
    found: dict[int, list[int]] = {}
    for number, k in last.items():
        found.setdefault(k, []).append(number)
    return found
