"""Graphs as they grow: slots and nodes laid one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

from clinometer.graph import Constant, Graph, Kind, Node, Operand, Slot

__all__ = ["Laying"]

Shape = tuple[int, ...]


@final
class Laying:
    """Slots and nodes so far."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = []
        self.dtypes: list[str] = []

    def slot(self, shape: Sequence[int], dtype: str) -> Slot:
        """A new slot for a value of that shape and dtype."""
        self.shapes.append(tuple(shape))
        self.dtypes.append(dtype)
        return Slot(len(self.shapes) - 1)

    def shape(self, operand: Operand) -> Shape:
        """Of what an operand holds."""
        if isinstance(operand, Constant):
            return operand.shape
        return self.shapes[operand.number]

    def node(
        self,
        kind: Kind,
        name: str,
        operands: Sequence[Operand],
        *,
        outputs: Sequence[Slot],
        run: Callable[..., tuple[Any, ...]],
        parameters: dict[str, Any],
        **inner: Any,
    ) -> None:
        """One more node, that fills some slots; inner: what loops and branches hold."""
        node = Node(
            kind=kind,
            name=name,
            operands=tuple(operands),
            outputs=tuple(outputs),
            shapes=tuple(self.shapes[slot.number] for slot in outputs),
            dtypes=tuple(self.dtypes[slot.number] for slot in outputs),
            run=run,
            parameters=parameters,
            **inner,
        )
        self.nodes.append(node)

    def single(
        self,
        kind: Kind,
        operands: Sequence[Operand],
        run: Callable[..., Any],
        *,
        shape: Sequence[int],
        dtype: str,
        name: str | None = None,
        **parameters: Any,
    ) -> Slot:
        """The slot of one more node that gives one array; run gives it alone."""
        slot = self.slot(shape, dtype)
        self.node(
            kind,
            name or kind.value,
            operands,
            outputs=[slot],
            run=lambda *arrays: (run(*arrays),),
            parameters=parameters,
        )
        return slot

    def graph(
        self, library: str, inputs: Sequence[Slot], outputs: Sequence[Operand]
    ) -> Graph:
        """All that was laid, less the nodes that no output needs."""
        needed = {each.number for each in outputs if isinstance(each, Slot)}
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if any(slot.number in needed for slot in node.outputs):
                kept.append(node)
                needed.update(
                    each.number for each in node.operands if isinstance(each, Slot)
                )
        return Graph(
            library=library,
            inputs=tuple(inputs),
            nodes=tuple(reversed(kept)),
            outputs=tuple(outputs),
            shapes=self.shapes,
            dtypes=self.dtypes,
        )
