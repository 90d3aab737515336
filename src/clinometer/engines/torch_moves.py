"""What aten's products, and all that only moves entries, are in the graph's terms."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from clinometer.engines.torch_kinds import Rule, value_of
from clinometer.engines.torch_laying import Translation, dtype_of
from clinometer.graph import Constant, Kind, Operand

__all__ = ["MOVES", "PRODUCTS"]


def _product(contract: tuple[int, int], *, batch: bool = False) -> Rule:
    terms = {
        "contract": ((contract[0],), (contract[1],)),
        "batch": ((0,), (0,)) if batch else ((), ()),
    }

    def rule(t: Translation, node: Any) -> Operand:
        like, target = value_of(node), node.target
        return t.add(
            Kind.DOT,
            [t.operand(each) for each in node.args[:2]],
            target,
            shape=tuple(like.shape),
            dtype=dtype_of(like),
            **terms,
        )

    return rule


def conv_terms(args: Sequence[Any], window: int) -> dict[str, Any]:
    """The parameters of CONV: args are aten's stride, padding, dilation, groups."""

    def each(given: Sequence[int]) -> tuple[int, ...]:
        return tuple(given) * (window // len(given))

    stride, padding, dilation, groups = args
    return {
        "strides": each(stride),
        "padding": tuple((p, p) for p in each(padding)),
        "dilation": each(dilation),
        "input_dilation": (1,) * window,
        "groups": groups,
    }


def _conv(t: Translation, node: Any) -> Operand | None:
    like, target = value_of(node), node.target
    x, kernel, bias, stride, padding, dilation, transposed, extra, groups = node.args
    operands = [t.operand(x), t.operand(kernel)]
    window = len(t.shape(operands[1])) - 2
    if transposed or len(t.shape(operands[0])) != window + 2:
        return None
    out = t.add(
        Kind.CONV,
        operands,
        lambda x, w: target(
            x, w, None, stride, padding, dilation, transposed, extra, groups
        ),
        shape=tuple(like.shape),
        dtype=dtype_of(like),
        **conv_terms((stride, padding, dilation, groups), window),
    )
    if bias is None:
        return out
    added = t.operand(bias)
    high = t.reshape(added, (*t.shape(added), *(1,) * window))
    return t.map("add", [out, high], torch.add, like=like)


def _reshape(t: Translation, node: Any) -> Operand:
    return t.reshape(t.operand(node.args[0]), tuple(value_of(node).shape))


def _expand(t: Translation, node: Any) -> Operand:
    operand, shape = t.operand(node.args[0]), tuple(value_of(node).shape)
    return operand if t.shape(operand) == shape else t.broadcast(operand, shape)


def _permute(t: Translation, node: Any) -> Operand:
    return t.transpose(t.operand(node.args[0]), node.args[1])


def _swap(t: Translation, node: Any) -> Operand:
    """t and transpose: two axes change places."""
    operand = t.operand(node.args[0])
    order = list(range(len(t.shape(operand))))
    first, second = node.args[1:] if len(node.args) > 1 else (0, -1)
    if order:
        order[first], order[second] = order[second], order[first]
    return t.transpose(operand, order)


def _slice(t: Translation, node: Any) -> Operand:
    operand, given = t.operand(node.args[0]), dict(enumerate(node.args))
    axis = int(given.get(1, 0))
    whole = range(t.shape(operand)[axis])
    where = whole[given.get(2) : given.get(3) : given.get(4, 1)]
    return operand if where == whole else t.slice(operand, axis, where)


def _select(t: Translation, node: Any) -> Operand:
    operand, axis, at = t.operand(node.args[0]), node.args[1], node.args[2]
    at %= t.shape(operand)[axis]
    cut = t.slice(operand, axis, range(at, at + 1))
    return t.reshape(cut, tuple(value_of(node).shape))


def _flip(t: Translation, node: Any) -> Operand:
    out = t.operand(node.args[0])
    for axis in node.args[1]:
        out = t.slice(out, axis, range(t.shape(out)[axis] - 1, -1, -1))
    return out


def _pad(t: Translation, node: Any) -> Operand:
    operand, like, target = t.operand(node.args[0]), value_of(node), node.target
    widths = list(node.args[1])
    value = node.args[2] if len(node.args) > 2 else 0
    rank = len(like.shape)
    low, high = [0] * rank, [0] * rank
    for k in range(len(widths) // 2):  # torch names the last axis first
        low[rank - 1 - k], high[rank - 1 - k] = widths[2 * k : 2 * k + 2]
    return t.add(
        Kind.PAD,
        [operand, t.operand(value)],
        lambda x, _: target(x, widths, value),
        shape=tuple(like.shape),
        dtype=dtype_of(like),
        low=tuple(low),
        high=tuple(high),
        inner=(0,) * rank,
    )


def _cat(t: Translation, node: Any) -> Operand:
    like = value_of(node)
    parts = [t.operand(each) for each in node.args[0]]
    parts = [p for p in parts if len(t.shape(p)) == len(like.shape)]
    axis = (node.args[1] if len(node.args) > 1 else 0) % len(like.shape)
    return t.add(
        Kind.CONCATENATE,
        parts,
        lambda *parts: torch.cat(parts, axis),
        shape=tuple(like.shape),
        dtype=dtype_of(like),
        axis=axis,
    )


def _take(
    t: Translation, operand: Operand, numbers: Operand, *, axis: int
) -> Operand | None:
    """Entries along an axis by number; None where numbers may count from the end."""
    own, wanted = t.shape(operand), t.shape(numbers)
    if not isinstance(numbers, Constant) or "int" not in t.dtype(numbers):
        return None
    positive = torch.remainder(numbers.value, max(own[axis], 1))
    return t.add(
        Kind.TAKE,
        [operand, Constant(positive, wanted)],
        lambda x, at: x.index_select(axis, at.reshape(-1)).reshape(
            (*own[:axis], *wanted, *own[axis + 1 :])
        ),
        shape=(*own[:axis], *wanted, *own[axis + 1 :]),
        dtype=t.dtype(operand),
        axis=axis,
    )


def _index(t: Translation, node: Any) -> Operand | None:
    named = [k for k, each in enumerate(node.args[1]) if each is not None]
    if len(named) != 1:
        return None
    operand, numbers = t.operand(node.args[0]), t.operand(node.args[1][named[0]])
    return _take(t, operand, numbers, axis=named[0])


def _gather(t: Translation, node: Any) -> Operand | None:
    """As entries of the flat array, where the numbers are known."""
    operand, numbers = t.operand(node.args[0]), t.operand(node.args[2])
    own = t.shape(operand)
    if not isinstance(numbers, Constant) or not own:
        return None
    axis = node.args[1] % len(own)
    where = list(torch.meshgrid(*map(torch.arange, numbers.shape), indexing="ij"))
    where[axis] = numbers.value.cpu()
    flat = torch.zeros(numbers.shape, dtype=torch.int64)
    for size, at in zip(own, where, strict=True):
        flat = flat * size + at
    line = t.reshape(operand, (-1,) if len(own) == 1 else (_size(own),))
    at = Constant(flat.to(numbers.value.device), numbers.shape)
    return _take(t, line, at, axis=0)


def _size(shape: Sequence[int]) -> int:
    return int(torch.Size(shape).numel())


def _copy(t: Translation, node: Any) -> Operand:
    """An array written over another: the new one, in the old one's shape and dtype."""
    like, operand = value_of(node), t.operand(node.args[1])
    dtype = like.dtype
    if t.dtype(operand) != dtype_of(like):
        sized = torch.empty(t.shape(operand), dtype=dtype, device="meta")
        operand = t.map("cast", [operand], lambda x: x.to(dtype), like=sized)
    shape = tuple(like.shape)
    return operand if t.shape(operand) == shape else t.broadcast(operand, shape)


def _filled(number: float | None) -> Rule:
    """An array of one number, which stands where aten has it if it is not told."""

    def rule(t: Translation, node: Any) -> Operand:
        like = value_of(node)
        fill = node.args[1] if number is None else number
        shape, dtype = tuple(like.shape), like.dtype
        entry = torch.tensor(fill, dtype=dtype, device=like.device)
        if not shape:
            return Constant(entry, ())
        return t.laying.single(
            Kind.BROADCAST,
            [Constant(entry, ())],
            lambda x: x.expand(shape),
            shape=shape,
            dtype=dtype_of(like),
            axes=(),
        )

    return rule


def _empty(t: Translation, node: Any) -> Operand:
    """Memory that is filled by what comes next, such as a draw."""
    del t
    like = value_of(node)
    shape = tuple(like.shape)
    return Constant(torch.zeros(shape, dtype=like.dtype, device=like.device), shape)


def _scalar(t: Translation, node: Any) -> Operand:
    del t
    like = value_of(node)
    return Constant(torch.tensor(node.args[0], dtype=like.dtype), ())


PRODUCTS: dict[str, Rule] = {
    "mm": _product((1, 0)),
    "bmm": _product((2, 1), batch=True),
    "mv": _product((1, 0)),
    "dot": _product((0, 0)),
    "convolution": _conv,
}
MOVES: dict[str, Rule] = {
    **dict.fromkeys(
        ("view", "reshape", "_unsafe_view", "squeeze", "unsqueeze", "flatten"), _reshape
    ),
    "expand": _expand,
    "permute": _permute,
    "t": _swap,
    "transpose": _swap,
    "slice": _slice,
    "select": _select,
    "flip": _flip,
    "constant_pad_nd": _pad,
    "cat": _cat,
    "index": _index,
    "gather": _gather,
    "copy": _copy,
    "full": _filled(None),
    "full_like": _filled(None),
    "zeros": _filled(0),
    "zeros_like": _filled(0),
    "new_zeros": _filled(0),
    **dict.fromkeys(
        ("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty"),
        _empty,
    ),
    "ones": _filled(1),
    "ones_like": _filled(1),
    "new_ones": _filled(1),
    "scalar_tensor": _scalar,
}
