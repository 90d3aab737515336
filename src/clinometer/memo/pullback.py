"""From derivatives by what operations give, back to those by what goes into them.

Where an array reaches f only through linear operations, one after the other, it is
enough to difference f by the last one's value: the rest is their transpose, exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Graph, Kind, Node, Slot
from clinometer.memo.base import Base
from clinometer.memo.contraction import contracted, padded, windows
from clinometer.memo.tally import Tally

__all__ = ["Link", "chain", "pulled"]

Values: TypeAlias = NDArray[Any]
FLOATING = ("float", "bfloat")


@final
@dataclass(frozen=True, eq=False)
class Link:
    """One linear operation on the way from an array to f.

    node : the operation; k : which of its operands the array is.
    """

    node: Node
    k: int


def chain(graph: Graph, slot: Slot) -> list[Link]:
    """The linear operations through which alone a slot reaches f, in their order."""
    users: dict[int, list[Link]] = {}
    for node in graph.nodes:
        for k, operand in enumerate(node.operands):
            if isinstance(operand, Slot):
                users.setdefault(operand.number, []).append(Link(node, k))
    final = {each.number for each in graph.outputs if isinstance(each, Slot)}
    links: list[Link] = []
    number = slot.number
    while number not in final and len(users.get(number, ())) == 1:
        (link,) = users[number]
        if not _is_linear(graph, link):
            break
        links.append(link)
        number = link.node.outputs[0].number
    return links


def _is_linear(graph: Graph, link: Link) -> bool:
    """Whether a node is linear in the one operand, and its transpose known."""
    node = link.node
    operand = node.operands[link.k]
    assert isinstance(operand, Slot)
    if not graph.dtypes[operand.number].startswith(FLOATING):
        return False
    if not node.dtypes[0].startswith(FLOATING):
        return False
    if node.kind is Kind.MAP:
        if node.name == "divide":
            return link.k == 0
        return node.name in {"add", "subtract", "negative", "copy", "cast", "multiply"}
    if node.kind is Kind.REDUCE:
        return node.name == "sum"
    if node.kind is Kind.CONV:
        return link.k == 1 and node.parameters["groups"] == 1
    return node.kind in TRANSPOSES


def pulled(base: Base, links: Sequence[Link], slope: Values, *, tally: Tally) -> Values:
    """The derivatives by what goes into the first of the links.

    slope : those by what the last of them gives.
    """
    for link in reversed(links):
        slope = TRANSPOSES[link.node.kind](base, link, slope, tally=tally)
    return slope


def _map(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    node, k = link.node, link.k
    if node.name == "negative" or (node.name == "subtract" and k == 1):
        slope = -slope
    if node.name in {"multiply", "divide"}:
        other = base.value(node.operands[1 - k])
        slope = slope / other if node.name == "divide" else slope * other
        tally.multiplications += slope.size
    return _shrunk(slope, base.shape(node.operands[k]), tally)


def _shrunk(slope: Values, shape: tuple[int, ...], tally: Tally) -> Values:
    """Sums over the axes along which an operand was repeated."""
    extra = slope.ndim - len(shape)
    axes = [
        axis
        for axis, size in enumerate(slope.shape)
        if axis < extra or (shape[axis - extra] == 1 and size != 1)
    ]
    if axes:
        before = slope.size
        slope = slope.sum(axis=tuple(axes), keepdims=True)
        tally.sums(before - slope.size)
    return slope.reshape(shape)


def _dot(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    node, k = link.node, link.k
    contract, batch = node.parameters["contract"], node.parameters["batch"]
    own, other = node.operands[k], node.operands[1 - k]
    free = [
        [a for a in range(len(base.shape(node.operands[j])))
         if a not in contract[j] and a not in batch[j]]
        for j in (0, 1)
    ]  # fmt: skip
    first = len(batch[0])
    there = [
        range(first, first + len(free[0])),
        range(first + len(free[0]), slope.ndim),
    ]
    # over the other operand's free axes; what is left: batch, own free, contracted
    out = contracted(
        slope[None, None],
        base.value(other)[None, None],
        tally,
        contract=(there[1 - k], free[1 - k]),
        batch=(range(first), batch[1 - k]),
    )[0, 0]
    pairs = dict(zip(contract[1 - k], contract[k], strict=True))
    rest = [pairs[axis] for axis in sorted(contract[1 - k])]
    order = [*batch[k], *free[k], *rest]
    return out.transpose(np.argsort(order)).reshape(base.shape(own))


def _conv(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    node = link.node
    shape = base.shape(node.operands[1])
    x = base.value(node.operands[0])
    views = windows(padded(x, node), shape[2:], node)  # (N, C, *space, *window)
    space = range(2, 2 + len(shape) - 2)
    return contracted(
        slope[None, None],
        views[None, None],
        tally,
        contract=((0, *space), (0, *space)),
        batch=((), ()),
    )[0, 0]


def _reduce(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    del tally
    shape = base.shape(link.node.operands[0])
    axes = link.node.parameters["axes"]
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    return np.broadcast_to(slope.reshape(kept), shape)


def _broadcast(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    axes = link.node.parameters["axes"]
    rest = [axis for axis in range(slope.ndim) if axis not in axes]
    front = slope.transpose(*rest, *axes)
    return _shrunk(front, base.shape(link.node.operands[0]), tally)


def _reshape(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    del tally
    return slope.reshape(base.shape(link.node.operands[0]))


def _transpose(base: Base, link: Link, slope: Values, *, tally: Tally) -> Values:
    del base, tally
    return slope.transpose(np.argsort(link.node.parameters["permutation"]))


class Transpose(Protocol):
    """Derivatives by one operand of a node, from those by its value."""

    def __call__(
        self, base: Base, link: Link, slope: Values, *, tally: Tally
    ) -> Values:
        """Slope: the derivatives by the value."""
        ...


TRANSPOSES: Mapping[Kind, Transpose] = {
    Kind.MAP: _map,
    Kind.DOT: _dot,
    Kind.CONV: _conv,
    Kind.REDUCE: _reduce,
    Kind.BROADCAST: _broadcast,
    Kind.RESHAPE: _reshape,
    Kind.TRANSPOSE: _transpose,
}
