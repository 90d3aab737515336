"""Whether what was traced is all of f: its graph at another point, beside f there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from clinometer.errors import InputError
from clinometer.graph import Constant, Graph, Operand

__all__ = ["require_all_traced"]

ROUNDING = 100
"""So many roundings of one value of f, or so often what the graph is off at x: more
than an order of operations makes, and a hundredth of what a number held fixed makes."""


def require_all_traced(
    graph: Graph, f: Callable[[list[Any]], Any], leaves: Sequence[torch.Tensor]
) -> None:
    """Raise InputError where f depends on x by a way that left no trace.

    x.item(), float(x), x.numpy() and x.tolist() give numbers that the graph holds
    fixed: at x it gives f(x), and beside x something else. A random f is not judged.
    """
    own = [leaf.detach() for leaf in leaves]
    moved = [_beside(leaf) for leaf in own]
    with torch.no_grad():
        first, again, beside = (float(f([*at])) for at in (own, own, moved))
        if first != again:
            return
        off = abs(_value(graph, own) - first)
        apart = abs(_value(graph, moved) - beside)
    roundoff = max(torch.finfo(leaf.dtype).eps for leaf in own) / 2
    allowed = ROUNDING * (off + roundoff * max(abs(first), abs(beside)))
    if apart > allowed:
        raise InputError(
            "f must compute its value by operations of torch alone, but beside x its "
            f"traced operations give a value that is off by {apart:.2g}: numbers read "
            "by .item(), float(), .numpy() or .tolist(), and branches on them, leave "
            "no trace; keep them tensors"
        )


def _beside(leaf: torch.Tensor) -> torch.Tensor:
    """A point near x: every entry moved by the root of the roundoff, up and down."""
    size = torch.where(leaf == 0, leaf.abs().mean() + 1e-3, leaf.abs())
    sign = 1 - 2 * (torch.arange(leaf.numel(), device=leaf.device) % 3 == 1).to(
        leaf.dtype
    )
    step = torch.finfo(leaf.dtype).eps ** 0.5
    return leaf + step * size * sign.reshape(leaf.shape)


def _value(graph: Graph, leaves: Sequence[torch.Tensor]) -> float:
    """The graph's value, each of its operations run once."""
    values = {
        slot.number: leaf for slot, leaf in zip(graph.inputs, leaves, strict=True)
    }

    def read(operand: Operand) -> Any:
        if isinstance(operand, Constant):
            return operand.value
        return values[operand.number]

    for node in graph.nodes:
        outputs = node.run(*[read(operand) for operand in node.operands])
        pairs = zip(node.outputs, outputs, strict=True)
        values.update({slot.number: out for slot, out in pairs})
    return float(read(graph.outputs[0]))
