"""The operations of a graph, node by node, loops and branches with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from clinometer.graph import Constant, Graph, Kind, Node, Operand, Slot
from clinometer.operations.rules import cost_of
from clinometer.operations.sizes import bytes_of
from clinometer.operations.value import Operations

__all__ = ["count"]

VIEWS = (Kind.RESHAPE, Kind.TRANSPOSE, Kind.SLICE, Kind.BROADCAST)
"""Other ways to look at the same memory."""
ALIKE = ("cast", "copy", "stop_gradient")
"""Elementwise operations that keep the number, as views do."""
NEUTRAL = {
    "multiply": (1.0, (0, 1)),
    "divide": (1.0, (1,)),
    "add": (0.0, (0, 1)),
    "subtract": (0.0, (1,)),
    "power": (1.0, (1,)),
}
"""The number that changes nothing, and as which operands."""


def count(graph: Graph) -> Operations:
    """The operations of one run of a graph.

    A loop counts as often as it is passed, its condition once more; of branches each
    counts as often as it is taken. Where that is not known, one pass, or the branch
    with the most operations, is counted and named among the uncounted.
    """
    return _Count(graph).operations()


@final
class _Count:
    """One graph, and what is known of its slots before it runs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.fixed: set[int] = set()  # slots that no input enters
        self.even: dict[int, float] = {}  # those that are one number all over
        self.small: dict[int, int] = {}  # bytes of stretched ones, before stretching

    def operations(self) -> Operations:
        """Of all nodes, once each."""
        total = Operations()
        for node in self.graph.nodes:
            fixed = self._fixed(node)
            if fixed:
                self.fixed.update(slot.number for slot in node.outputs)
            self._follow(node)
            if not fixed:
                total += self._of(node)
        return total

    def _fixed(self, node: Node) -> bool:
        """Whether a node gives the same for every x: it need not run each time."""
        return node.kind is Kind.CONSTANT or all(
            isinstance(each, Constant) or each.number in self.fixed
            for each in node.operands
        )

    def _of(self, node: Node) -> Operations:
        if node.kind is Kind.LOOP:
            return _loop(node)
        if node.kind is Kind.BRANCH:
            return _branch(node)
        moved = Operations(bytes_moved=self._moved(node))
        if not self._arithmetic(node) or self._neutral(node):
            return moved
        shapes = [
            self.graph.shapes[each.number] if isinstance(each, Slot) else each.shape
            for each in node.operands
        ]
        return moved + cost_of(node, shapes)

    def _follow(self, node: Node) -> None:
        """Remember which results are one number, and which are stretched."""
        if not node.operands or len(node.outputs) != 1:
            return
        first, number = node.operands[0], node.outputs[0].number
        same = node.kind in VIEWS or (node.kind is Kind.MAP and node.name in ALIKE)
        value = self._number(first)
        if same and value is not None:
            self.even[number] = value
        if node.kind in VIEWS:
            own = bytes_of(node.shapes[0], node.dtypes[0])
            self.small[number] = min(own, self._bytes(first, own))

    def _number(self, operand: Operand) -> float | None:
        """The number that an operand is all over; None if it is more than one."""
        if isinstance(operand, Slot):
            return self.even.get(operand.number)
        if operand.shape:
            return None
        try:
            return float(np.asarray(operand.value))
        except (TypeError, ValueError):  # a random key, a complex number
            return None

    def _neutral(self, node: Node) -> bool:
        """Whether a node multiplies with 1, adds 0 and the like."""
        if node.kind is not Kind.MAP or node.name not in NEUTRAL:
            return False
        number, places = NEUTRAL[node.name]
        return any(self._number(node.operands[k]) == number for k in places)

    def _arithmetic(self, node: Node) -> bool:
        """Whether a node works on floating-point numbers, or gives them."""
        dtypes = [*node.dtypes]
        if node.kind in {Kind.MAP, Kind.REDUCE, Kind.OTHER}:
            dtypes += [
                self.graph.dtypes[each.number]
                for each in node.operands
                if isinstance(each, Slot)
            ]
        return any("float" in name or "complex" in name for name in dtypes)

    def _bytes(self, operand: Operand, size: int) -> int:
        """Bytes read of an operand; size : those of a constant of unknown dtype."""
        if isinstance(operand, Slot):
            number = operand.number
            own = bytes_of(self.graph.shapes[number], self.graph.dtypes[number])
            return self.small.get(number, own)
        return int(getattr(operand.value, "nbytes", size if operand.shape else 0))

    def _moved(self, node: Node) -> int:
        if node.kind in VIEWS:
            return 0
        written = [
            bytes_of(shape, dtype)
            for shape, dtype in zip(node.shapes, node.dtypes, strict=True)
        ]
        return sum(written) + sum(self._bytes(each, 0) for each in node.operands)


def _loop(node: Node) -> Operations:
    once = count(node.body) if node.body else Operations()
    test = count(node.condition) if node.condition else Operations()
    if node.repeats is None:
        unknown = Operations(uncounted={f"{node.name} (passes unknown)": 1})
        return once + test + unknown
    return once * node.repeats + test * (node.repeats + 1)


def _branch(node: Node) -> Operations:
    each = [count(branch) for branch in node.branches]
    if node.taken:
        pairs = zip(each, node.taken, strict=True)
        return _sum([one * share for one, share in pairs])
    unknown = Operations(uncounted={f"{node.name} (branch unknown)": 1})
    return max(each, key=lambda one: one.total, default=Operations()) + unknown


def _sum(each: Sequence[Operations]) -> Operations:
    total = Operations()
    for one in each:
        total += one
    return total
