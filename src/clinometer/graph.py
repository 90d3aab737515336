"""A computation as a value: which operations, on which arrays, in which order.

The common form of JAX's jaxprs and torch's aten graphs, made by the engines. What
counts operations, or recomputes a part of a function, reads this form alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, TypeAlias, final

__all__ = ["Constant", "Graph", "Kind", "Node", "Operand", "Slot"]

Shape: TypeAlias = tuple[int, ...]


class Kind(Enum):
    """What an operation does to arrays, with the names of its parameters.

    Axes count from 0 and are never negative. The terms are those of XLA's operations.
    """

    MAP = "map"
    """Elementwise, by `name`; operands have the output's shape, or shape ()."""
    DOT = "dot"
    """contract: (axes of a, axes of b) summed over; batch: the same, kept in front.
    The output has the batch axes, then a's other axes, then b's."""
    CONV = "conv"
    """Operand (N, C, *space), kernel (O, C / groups, *window), output (N, O, *space):
    strides, padding: ((low, high), ...), dilation, input_dilation: one a window axis;
    groups: int."""
    REDUCE = "reduce"
    """By `name` (sum, max, min, prod, ...) over axes, which are dropped."""
    CUMULATE = "cumulate"
    """By `name` (sum, max, prod, ...) along axis."""
    BROADCAST = "broadcast"
    """axes: where each axis of the operand stands in the output, size 1 stretched."""
    RESHAPE = "reshape"
    """The same entries in the same order; squeeze and expand, too."""
    TRANSPOSE = "transpose"
    """permutation: axis of the operand for each axis of the output."""
    SLICE = "slice"
    """starts, stops, strides: one each an axis, strides possibly negative."""
    PAD = "pad"
    """low, high, inner: one each an axis; operands: array, value of shape ()."""
    CONCATENATE = "concatenate"
    """axis; any number of operands."""
    SELECT = "select"
    """Operands: whether (boolean), value where true, value where false; as for MAP."""
    TAKE = "take"
    """Operands: array, whole numbers; axis: entries taken along it. The output has the
    shape of the numbers in place of that axis; last: whether their last axis, of size
    1, is dropped first."""
    LOOP = "loop"
    """`body` run `repeats` times; before each of them, and at the end, `condition`."""
    BRANCH = "branch"
    """One of `branches` run, as often as `taken` says."""
    CONSTANT = "constant"
    """No operands: iota, zeros, random numbers."""
    OTHER = "other"
    """Anything else: known by its value only."""


@final
@dataclass(frozen=True)
class Slot:
    """An array computed by a node, or an input, by its number in the graph."""

    number: int


@final
@dataclass(frozen=True, eq=False)
class Constant:
    """An array, of the library's own or NumPy's, that depends on no input."""

    value: Any
    shape: Shape


Operand: TypeAlias = Slot | Constant


@final
@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    kind : what it does; name : which, in NumPy's terms where there is one ("add",
        "tanh", "sum"), else the library's own.
    operands : what it reads.
    outputs : slots that it fills, one but for OTHER, LOOP and BRANCH.
    shapes, dtypes : of the outputs; dtypes by name, as "float32".
    parameters : those of its kind.
    run : the library's own operation: takes arrays of the library for all operands,
        returns the tuple of outputs.
    body, condition, repeats : of LOOP. repeats is the mean where the loop is entered
        more than once, as inside another, and None if it was not counted.
    branches, taken : of BRANCH; how often each is run in one run of the node (the
        mean, again), empty if it was not counted.
    """

    kind: Kind
    name: str
    operands: tuple[Operand, ...]
    outputs: tuple[Slot, ...]
    shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...]
    run: Callable[..., tuple[Any, ...]]
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Graph | None = None
    condition: Graph | None = None
    repeats: Fraction | int | None = 1
    branches: tuple[Graph, ...] = ()
    taken: tuple[Fraction, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Graph:
    """Operations in an order in which they can be run.

    library : "jax" or "torch".
    inputs : slots of the leaves of x, in their order.
    outputs : slots or constants of the leaves of the value.
    slots : how many slots there are.
    shapes, dtypes : of every slot.
    """

    library: str
    inputs: tuple[Slot, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Operand, ...]
    shapes: Sequence[Shape]
    dtypes: Sequence[str]

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.shapes)
