"""What the translation of aten operations writes down, one node at a time."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import torch

from clinometer.engines.laying import Laying
from clinometer.graph import Constant, Kind, Operand, Slot

__all__ = ["Translation", "dtype_of"]

Shape: TypeAlias = tuple[int, ...]
Known: TypeAlias = "Operand | tuple[Operand, ...]"


def dtype_of(value: Any) -> str:
    """Name of a tensor's dtype, as "float32"."""
    return str(value.dtype).removeprefix("torch.")


@final
class Translation:
    """Nodes so far, and what each node of torch's graph has become."""

    def __init__(self) -> None:
        self.laying = Laying()
        self.known: dict[Any, Known] = {}

    def operand(self, argument: Any) -> Operand:
        """What an argument of an aten operation has become; numbers are constants."""
        if not isinstance(argument, torch.fx.Node):
            return Constant(argument, ())
        known = self.known[argument]
        return known[0] if isinstance(known, tuple) else known

    def shape(self, operand: Operand) -> Shape:
        """Of what an operand holds."""
        return self.laying.shape(operand)

    def dtype(self, operand: Operand) -> str:
        """Of what an operand holds; of a number, as torch would promote it."""
        if isinstance(operand, Slot):
            return self.laying.dtypes[operand.number]
        return dtype_of(torch.as_tensor(operand.value))

    def add(
        self,
        kind: Kind,
        operands: Sequence[Operand],
        run: Callable[..., Any],
        *,
        shape: Sequence[int],
        dtype: str,
        **parameters: Any,
    ) -> Operand:
        """One more operation with one result; done at once if it is all constant."""
        if all(isinstance(each, Constant) for each in operands) and operands:
            given = [each.value for each in operands if isinstance(each, Constant)]
            if any(isinstance(each, torch.Tensor) for each in given):
                value = run(*given)
                return Constant(value, tuple(value.shape))
        return self.laying.single(
            kind, operands, run, shape=shape, dtype=dtype, **parameters
        )

    def map(
        self,
        name: str,
        operands: Sequence[Operand],
        run: Callable[..., Any],
        *,
        like: Any,
        **parameters: Any,
    ) -> Operand:
        """An elementwise operation, operands stretched to the shape of its result.

        like : a tensor of the result's shape and dtype.
        """
        shape = tuple(like.shape)
        return self.add(
            Kind.MAP,
            [self.stretched(each, shape) for each in operands],
            run,
            shape=shape,
            dtype=dtype_of(like),
            name=name,
            **parameters,
        )

    def stretched(self, operand: Operand, shape: Shape) -> Operand:
        """An operand as large as the result; one of shape () stays."""
        own = self.shape(operand)
        if own in ((), shape):
            return operand
        return self.broadcast(operand, shape)

    def broadcast(self, operand: Operand, shape: Shape) -> Operand:
        """An operand repeated along new axes in front, and those of size 1."""
        own = self.shape(operand)
        return self.add(
            Kind.BROADCAST,
            [operand],
            lambda x: torch.as_tensor(x).expand(shape),
            shape=shape,
            dtype=self.dtype(operand),
            axes=tuple(range(len(shape) - len(own), len(shape))),
        )

    def reshape(self, operand: Operand, shape: Shape) -> Operand:
        """The same entries in another shape; nothing where it is the same."""
        if self.shape(operand) == shape:
            return operand
        return self.add(
            Kind.RESHAPE,
            [operand],
            lambda x: x.reshape(shape),
            shape=shape,
            dtype=self.dtype(operand),
        )

    def transpose(self, operand: Operand, permutation: Sequence[int]) -> Operand:
        """Axes in another order."""
        own = self.shape(operand)
        order = tuple(k % len(own) for k in permutation)
        return self.add(
            Kind.TRANSPOSE,
            [operand],
            lambda x: x.permute(order),
            shape=[own[k] for k in order],
            dtype=self.dtype(operand),
            permutation=order,
        )

    def slice(self, operand: Operand, axis: int, where: range) -> Operand:
        """Entries of one axis at equal distances, in either direction."""
        own = self.shape(operand)
        axis %= len(own)

        def set_at(whole: Sequence[int], own: int) -> Shape:
            return tuple(own if k == axis else at for k, at in enumerate(whole))

        def run(x: Any) -> Any:
            if where.step > 0:
                return x[(slice(None),) * axis + (slice(*where_of(where)),)]
            return x.index_select(axis, torch.tensor(list(where), device=x.device))

        return self.add(
            Kind.SLICE,
            [operand],
            run,
            shape=set_at(own, len(where)),
            dtype=self.dtype(operand),
            starts=set_at([0] * len(own), where.start),
            stops=set_at(own, where.stop),
            strides=set_at([1] * len(own), where.step),
        )

    def reduce(
        self, name: str, operand: Operand, axes: Sequence[int], *, keep: bool = False
    ) -> Operand:
        """Sum, product, maximum and so on over axes; all of them if none is named."""
        own, dtype = self.shape(operand), self.dtype(operand)
        gone = sorted({k % len(own) for k in axes} or range(len(own))) if own else []
        left = tuple(size for k, size in enumerate(own) if k not in gone)
        flat = tuple(1 if k in gone else size for k, size in enumerate(own))
        out = self.add(
            Kind.REDUCE,
            [operand],
            lambda x: REDUCTIONS[name](x, gone) if gone else x,
            shape=left,
            dtype="bool" if name in {"any", "all"} else summed(name, dtype),
            name=name,
            axes=tuple(gone),
        )
        return self.reshape(out, flat) if keep else out

    def count(self, operand: Operand, axes: Sequence[int]) -> int:
        """How many entries a reduction takes together."""
        own = self.shape(operand)
        return math.prod(own[k] for k in axes) if axes else math.prod(own)


def where_of(where: range) -> tuple[int, int, int]:
    """Start, stop and step of a slice that runs forward."""
    return where.start, where.stop, where.step


def summed(name: str, dtype: str) -> str:
    """Dtype of a sum or product: whole numbers and truth values grow."""
    if name in {"sum", "prod"} and dtype in {"bool", "uint8", "int8", "int16", "int32"}:
        return "int64"
    return dtype


def _product(x: Any, axes: Sequence[int]) -> Any:
    for axis in reversed(axes):
        x = x.prod(axis)
    return x


REDUCTIONS: dict[str, Callable[[Any, Sequence[int]], Any]] = {
    "sum": lambda x, axes: torch.sum(x, tuple(axes)),
    "max": lambda x, axes: torch.amax(x, tuple(axes)),
    "min": lambda x, axes: torch.amin(x, tuple(axes)),
    "any": lambda x, axes: torch.any(x, tuple(axes)),
    "all": lambda x, axes: torch.all(x, tuple(axes)),
    "prod": _product,
}
