"""The most memory that a computation holds at once."""

from __future__ import annotations

from typing import Any

from clinometer.graph import Constant, Graph, Kind, Node, Operand, Slot
from clinometer.operations.sizes import bytes_of

__all__ = ["peak"]

VIEWS = (Kind.RESHAPE, Kind.TRANSPOSE, Kind.SLICE, Kind.BROADCAST)
"""Other ways to look at the same memory."""


def peak(graph: Graph) -> int:
    """Bytes of all arrays alive at once, at the most.

    Inputs and constants are alive all the time, what is computed from its operation to
    the last that reads it. Views take no memory of their own and keep what they look at
    alive. A loop or a branch takes, beside its operands and results, the peak of what
    it runs less the inputs, which are counted as operands. No result is written over
    an operand: a compiler that does so needs less.
    """
    return _constants(graph) + _alive(graph)


def _alive(graph: Graph) -> int:
    """The peak without the constants."""
    root = _roots(graph)
    last = _last_reads(graph, root)
    size = {
        number: bytes_of(graph.shapes[number], graph.dtypes[number])
        for number in set(root.values())
    }
    for node in graph.nodes:  # a view of a constant takes nothing
        if node.kind in VIEWS and isinstance(node.operands[0], Constant):
            size.update((slot.number, 0) for slot in node.outputs)
    now = sum(size[slot.number] for slot in graph.inputs)
    most = now
    held = {slot.number for slot in graph.inputs}
    for at, node in enumerate(graph.nodes):
        own = {root[slot.number] for slot in node.outputs} - held
        held |= own
        now += sum(size[number] for number in own)
        most = max(most, now + _inside(node))
        gone = {number for number in held if last.get(number, at) <= at}
        held -= gone
        now -= sum(size[number] for number in gone)
    return most


def _roots(graph: Graph) -> dict[int, int]:
    """For each slot the one whose memory it looks at."""
    root = {slot.number: slot.number for slot in graph.inputs}
    for node in graph.nodes:
        first = node.operands[0] if node.operands else None
        for slot in node.outputs:
            root[slot.number] = slot.number
            if node.kind in VIEWS and isinstance(first, Slot):
                root[slot.number] = root[first.number]
    return root


def _last_reads(graph: Graph, root: dict[int, int]) -> dict[int, int]:
    """After which node each root is free; inputs and outputs never are."""
    end = len(graph.nodes)
    last: dict[int, int] = {}

    def read(operand: Operand, at: int) -> None:
        if isinstance(operand, Slot):
            last[root[operand.number]] = at

    for at, node in enumerate(graph.nodes):
        for slot in node.outputs:
            read(slot, at)
        for operand in node.operands:
            read(operand, at)
    for operand in (*graph.inputs, *graph.outputs):
        read(operand, end)
    return last


def _inside(node: Node) -> int:
    """What a loop or a branch holds besides its operands."""
    runs = [each for each in (node.body, node.condition, *node.branches) if each]
    return max((peak(each) - _inputs(each) for each in runs), default=0)


def _inputs(graph: Graph) -> int:
    return sum(
        bytes_of(graph.shapes[slot.number], graph.dtypes[slot.number])
        for slot in graph.inputs
    )


def _constants(graph: Graph) -> int:
    """Bytes of the constants, each of them once."""
    found: dict[int, int] = {}
    for node in graph.nodes:
        for operand in node.operands:
            if isinstance(operand, Constant) and operand.shape:
                place, size = _memory(operand.value)
                found[place] = max(size, found.get(place, 0))
    return sum(found.values())


def _memory(value: Any) -> tuple[int, int]:
    """What tells an array's memory from others', and the bytes of it.

    Tensors that look at the same memory, as one and its transpose, have it once.
    """
    storage = getattr(value, "untyped_storage", None)
    if storage is None:
        return id(value), int(getattr(value, "nbytes", 0))
    own = storage()
    return int(own.data_ptr()), int(own.nbytes())
