"""The values of all operations at x, kept once, and read in boxes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import dtype_name, is_array, library, namespace
from clinometer.graph import Constant, Graph, Node, Operand, Slot
from clinometer.memo.delta import Box
from clinometer.memo.stacks import evaluated
from clinometer.memo.tally import Tally

__all__ = ["Base", "Library"]

Values: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Library:
    """The way between NumPy and the library of x.

    like : a leaf of x, whose library and device count.
    vmap : the library's map of a function over leading axes.
    """

    like: Any
    vmap: Callable[[Callable[..., Any]], Callable[..., Any]]

    def run(self, node: Node, operands: Sequence[Any], dtypes: Sequence[str]) -> Any:
        """The node's outputs in NumPy, from the library's own operation.

        operands : arrays of NumPy; constants of the graph as they are.
        """
        given = [
            self.there(each, dtype)
            for each, dtype in zip(operands, dtypes, strict=True)
        ]
        return [self.here(each) for each in node.run(*given)]

    def there(self, values: Any, dtype: str) -> Any:
        """Values as an array of the library; a constant of the graph as it is."""
        if isinstance(values, Constant):
            return values.value
        if type(values) is not np.ndarray:
            return values
        xp = namespace(self.like)
        device = {} if library(self.like) == "jax" else {"device": self.like.device}
        return xp.asarray(np.array(values), dtype=getattr(xp, dtype), **device)

    def here(self, value: Any) -> Any:
        """Values in NumPy: floating numbers in float64; keys of generators stay."""
        if is_array(value) and library(value) == "torch":
            value = namespace(self.like).asarray(value).detach().cpu().resolve_neg()
            if dtype_name(value) in {"bfloat16", "float16"}:
                value = value.double()
        try:
            array = np.asarray(value)
        except TypeError:
            return value
        if array.dtype.kind == "c":
            return array.astype(np.complex128, copy=False)
        if array.dtype.kind in "biu":
            return array
        return array.astype(np.float64, copy=False)


@final
class Base:
    """What every slot holds at x.

    graph : the operations.
    library : the way to the library of x.
    real : by a node's identity, whether it is one on floating numbers alone.
    foreign : numbers of the nodes that NumPy has no operation for.
    sources : kept for nodes that copy entries: which operands', and which entries.
    """

    def __init__(self, graph: Graph, leaves: Sequence[Values], own: Library) -> None:
        """Run the graph once at the leaves (float64)."""
        self.graph = graph
        self.library = own
        self.foreign: set[int] = set()
        self.sources: dict[int, tuple[list[int], NDArray[np.intp]] | None] = {}
        self._held: list[Any] = [None] * graph.slots
        self._constants: dict[int, Any] = {}
        self.real = {id(node): self._is_real(node) for node in graph.nodes}
        self._turned: dict[tuple[int, tuple[int, ...]], Values] = {}
        for slot, leaf in zip(graph.inputs, leaves, strict=True):
            self._held[slot.number] = leaf
        for k, node in enumerate(graph.nodes):
            for slot, value in zip(node.outputs, self._run(k, node), strict=True):
                self._held[slot.number] = value

    def _run(self, k: int, node: Node) -> Sequence[Any]:
        operands = [self.value(each) for each in node.operands]
        if all(isinstance(each, np.ndarray) for each in operands):
            stacked = [each[None, None] for each in operands]
            out = evaluated(node, stacked, Tally())
            if out is not None:
                return [np.asarray(out[0, 0])]
        self.foreign.add(k)
        return self.library.run(node, self.foreign_operands(node), self.dtypes(node))

    def _is_real(self, node: Node) -> bool:
        """Whether operands and value are floating (or complex) numbers."""
        dtypes = [*self.dtypes(node), node.dtypes[0]]
        return all(dtype.startswith(("float", "bfloat", "complex")) for dtype in dtypes)

    def foreign_operands(self, node: Node) -> list[Any]:
        """What the library is given: values at x, and constants as they are."""
        return [
            each if isinstance(each, Constant) else self.value(each)
            for each in node.operands
        ]

    def dtypes(self, node: Node) -> list[str]:
        """The operands' dtypes in the library."""
        return [self.dtype(each) for each in node.operands]

    def value(self, operand: Operand) -> Any:
        """An operand's value at x; an array of NumPy, unless nothing is."""
        if isinstance(operand, Slot):
            return self._held[operand.number]
        key = id(operand)
        if key not in self._constants:
            self._constants[key] = self.library.here(operand.value)
        return self._constants[key]

    def dtype(self, operand: Operand) -> str:
        """An operand's dtype in the library."""
        if isinstance(operand, Slot):
            return self.graph.dtypes[operand.number]
        return dtype_name(operand.value)

    def shape(self, operand: Operand) -> Shape:
        """An operand's shape."""
        if isinstance(operand, Constant):
            return operand.shape
        return tuple(self.graph.shapes[operand.number])

    def at(self, operand: Operand, box: Box) -> Values:
        """(1, P, *extent) an operand's values in boxes; P is 1 where all share them."""
        value = self.value(operand)
        held = tuple(axis for axis, place in enumerate(box) if place is not None)
        if not held:
            return value[None, None]
        places = [place for place in box if place is not None]
        turned = self._turned_to(operand, value, held, count=len(places[0]))
        taken = turned[tuple(places)]
        extent = [1 if axis in held else size for axis, size in enumerate(value.shape)]
        return taken.reshape(1, len(taken), *extent)

    def _turned_to(
        self, operand: Operand, value: Values, axes: tuple[int, ...], *, count: int
    ) -> Any:
        """The value with some axes in front, laid out so that taking is fast.

        count : how many places are taken; for a few, it is not worth to lay it out.
        """
        if axes == tuple(range(len(axes))):
            return value
        key = (operand.number if isinstance(operand, Slot) else -id(operand), axes)
        if key not in self._turned:
            rest = [axis for axis in range(value.ndim) if axis not in axes]
            turned = value.transpose(*axes, *rest)
            if 4 * count < math.prod(turned.shape[: len(axes)]):
                return turned
            self._turned[key] = np.ascontiguousarray(turned)
        return self._turned[key]
