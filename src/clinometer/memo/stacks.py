"""Operations of a graph in NumPy, on arrays for many perturbations at once.

Every array has two axes in front, (S, P); where one has length 1, all share it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Kind, Node
from clinometer.memo.contraction import contracted, convolved, pad
from clinometer.memo.maps import elementwise
from clinometer.memo.tally import Tally

__all__ = ["CUMULATIONS", "REDUCTIONS", "aligned", "evaluated", "reduced", "slices"]

Values: TypeAlias = NDArray[Any]
Operands: TypeAlias = Sequence[Values]


def evaluated(node: Node, operands: Operands, tally: Tally) -> Values | None:
    """(S, P, *shape) the node's value; None where NumPy has no such operation."""
    rule = RULES.get(node.kind)
    if rule is None:
        return None
    out = rule(node, operands, tally)
    if out is None:
        return None
    if out.dtype.kind in "iu":  # as narrow as the library has them
        out = out.astype(node.dtypes[0], copy=False)
    shape = out.shape[:2] + node.shapes[0]
    return out if out.shape == shape else np.broadcast_to(out, shape)


def aligned(array: Values, rank: int) -> Values:
    """(S, P, ...) with as many axes as the value has, of size 1 where it has none."""
    missing = rank + 2 - array.ndim
    if missing <= 0:
        return array
    return array.reshape(array.shape[:2] + (1,) * missing + array.shape[2:])


def _map(node: Node, operands: Operands, tally: Tally) -> Values | None:
    run = elementwise(node)
    if run is None:
        return None
    rank = len(node.shapes[0])
    out = run(*(aligned(each, rank) for each in operands))
    tally.map(node, out.size)
    return out


def _dot(node: Node, operands: Operands, tally: Tally) -> Values:
    a, b = operands
    return contracted(
        a,
        b,
        tally,
        contract=node.parameters["contract"],
        batch=node.parameters["batch"],
    )


def _conv(node: Node, operands: Operands, tally: Tally) -> Values:
    x, kernel = operands
    return convolved(x, kernel, node, tally=tally)


def reduced(node: Node, x: Values, tally: Tally) -> Values | None:
    """(S, P, *rest) x reduced over the node's axes."""
    run = REDUCTIONS.get(node.name)
    if run is None:
        return None
    axes = tuple(axis + 2 for axis in node.parameters["axes"])
    kept = math.prod(size for k, size in enumerate(x.shape) if k not in axes)
    tally.reduction(node, max(x.size - kept, 0))
    return run(x, axis=axes)


def _reduce(node: Node, operands: Operands, tally: Tally) -> Values | None:
    return reduced(node, operands[0], tally)


def _cumulate(node: Node, operands: Operands, tally: Tally) -> Values | None:
    run = CUMULATIONS.get(node.name)
    if run is None:
        return None
    tally.reduction(node, operands[0].size)
    return run(operands[0], axis=node.parameters["axis"] + 2)


def _broadcast(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    (x,) = operands
    shape = [1] * len(node.shapes[0])
    for axis, size in zip(node.parameters["axes"], x.shape[2:], strict=True):
        shape[axis] = size
    # axes may come in any order: put the operand's in the order of the output's
    order = np.argsort(node.parameters["axes"], kind="stable")
    turned = x.transpose(0, 1, *(int(k) + 2 for k in order))
    return np.broadcast_to(
        turned.reshape(*x.shape[:2], *shape), x.shape[:2] + node.shapes[0]
    )


def _reshape(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    return operands[0].reshape(operands[0].shape[:2] + node.shapes[0])


def _transpose(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    return operands[0].transpose(0, 1, *(k + 2 for k in node.parameters["permutation"]))


def _slice(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    return operands[0][(slice(None), slice(None), *slices(node))]


def slices(node: Node) -> list[slice]:
    """The node's slices; a stop of -1 for a negative stride is the beginning."""
    terms = node.parameters
    every = zip(terms["starts"], terms["stops"], terms["strides"], strict=True)
    return [
        slice(start, None if stride < 0 and stop < 0 else stop, stride)
        for start, stop, stride in every
    ]


def _pad(node: Node, operands: Operands, tally: Tally) -> Values | None:
    del tally
    x, value = operands
    terms = node.parameters
    whole = list(zip(terms["low"], terms["high"], terms["inner"], strict=True))
    inside = np.ones((1, 1, *x.shape[2:]), dtype=bool)
    for k, (low, high, inner) in enumerate(whole):
        x = pad(x, k + 2, low=low, high=high, inner=inner)
        inside = pad(inside, k + 2, low=low, high=high, inner=inner)
    if not value.any():
        return x
    return np.where(inside, x, aligned(value, x.ndim - 2))


def _concatenate(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    lead = np.broadcast_shapes(*(each.shape[:2] for each in operands))
    parts = [np.broadcast_to(each, lead + each.shape[2:]) for each in operands]
    return np.concatenate(parts, axis=node.parameters["axis"] + 2)


def _select(node: Node, operands: Operands, tally: Tally) -> Values:
    del tally
    rank = len(node.shapes[0])
    which, yes, no = (aligned(each, rank) for each in operands)
    return np.where(which, yes, no)


def _take(node: Node, operands: Operands, tally: Tally) -> Values | None:
    del tally
    array, numbers = operands
    axis, last = node.parameters["axis"], node.parameters.get("last", False)
    if numbers.shape[:2] != (1, 1):
        return None
    own = numbers[0, 0, ..., 0] if last else numbers[0, 0]
    if own.size and not (own.min() >= 0 and own.max() < array.shape[axis + 2]):
        return None  # what lies outside is each library's own affair
    return np.take(array, own, axis=axis + 2)


RULES: Mapping[Kind, Callable[[Node, Operands, Tally], Values | None]] = {
    Kind.MAP: _map,
    Kind.DOT: _dot,
    Kind.CONV: _conv,
    Kind.REDUCE: _reduce,
    Kind.CUMULATE: _cumulate,
    Kind.BROADCAST: _broadcast,
    Kind.RESHAPE: _reshape,
    Kind.TRANSPOSE: _transpose,
    Kind.SLICE: _slice,
    Kind.PAD: _pad,
    Kind.CONCATENATE: _concatenate,
    Kind.SELECT: _select,
    Kind.TAKE: _take,
}

REDUCTIONS: Mapping[str, Callable[..., Values]] = {
    "sum": np.sum,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
    "all": np.all,
    "any": np.any,
}
CUMULATIONS: Mapping[str, Callable[..., Values]] = {
    "sum": np.cumsum,
    "prod": np.cumprod,
    "max": np.maximum.accumulate,
    "min": np.minimum.accumulate,
}
