"""What each elementwise operation and each sum of aten is in the graph's terms."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from clinometer.engines.torch_laying import Translation, dtype_of
from clinometer.graph import Kind, Operand

__all__ = ["ELEMENTWISE", "TOTALS", "Rule", "value_of"]

Rule: TypeAlias = Callable[[Translation, Any], "Operand | tuple[Operand, ...] | None"]
"""What an aten node becomes; None where the rule does not cover it."""

NAMES = {
    "neg": "negative",
    "sgn": "sign",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "atan2": "arctan2",
    "mul": "multiply",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "bitwise_not": "logical_not",
    "special_erf": "erf",
    "special_erfc": "erfc",
    "erfinv": "erf_inv",
}
"""NumPy's names (or, where it has none, JAX's) where aten has others."""

PLAIN = """
abs neg exp exp2 log log2 log10 log1p expm1 sin cos tan sinh cosh tanh asin acos atan
asinh acosh atanh erf erfc erfinv special_erf special_erfc lgamma digamma sqrt rsqrt
sigmoid floor ceil round trunc sign sgn isnan isinf logical_not bitwise_not mul atan2
maximum minimum fmod remainder eq ne lt le gt ge logical_and logical_or logical_xor
bitwise_and bitwise_or bitwise_xor nextafter copysign hypot
"""
"""Operators whose operands are all their positional arguments."""

SAME = ("alias", "clone", "detach", "lift_fresh_copy", "lift_fresh", "contiguous")
"""Operators that give their argument back."""


def value_of(node: Any) -> Any:
    """A tensor like the result of an aten node, for its shape and dtype."""
    meta = node.meta
    return meta["val"] if "val" in meta else meta["tensor_meta"]


def _map(t: Translation, node: Any, name: str) -> Operand | None:
    like, args = value_of(node), node.args
    if len(args) > 2 or node.kwargs:
        return None
    if name.startswith("bitwise") and dtype_of(like) != "bool":
        return None
    target = node.target

    def run(*arrays: Any) -> Any:
        pairs = zip(args, arrays, strict=True)
        return target(*[new if _is_node(old) else old for old, new in pairs])

    own = NAMES.get(name, name)
    return t.map(own, [t.operand(each) for each in args], run, like=like)


def _plain(name: str) -> Rule:
    return lambda t, node: _map(t, node, name)


def _same(t: Translation, node: Any) -> Operand:
    return t.operand(node.args[0])


def _cast(t: Translation, node: Any) -> Operand | None:
    like, operand = value_of(node), t.operand(node.args[0])
    dtype = like.dtype
    if t.dtype(operand) == dtype_of(like):
        return operand
    return t.map("cast", [operand], lambda x: x.to(dtype), like=like)


def _sum_of_two(name: str) -> Rule:
    """a + alpha * b, or with minus."""
    run = torch.add if name == "add" else torch.sub

    def rule(t: Translation, node: Any) -> Operand:
        like = value_of(node)
        a, b = (t.operand(each) for each in node.args[:2])
        alpha = node.kwargs.get("alpha", node.args[2] if len(node.args) > 2 else 1)
        if alpha != 1:
            sized = torch.empty(t.shape(b), dtype=like.dtype, device="meta")
            b = t.map("multiply", [b, t.operand(alpha)], torch.mul, like=sized)
        return t.map(name, [a, b], _numbers(run), like=like)

    return rule


def _numbers(run: Callable[..., Any]) -> Callable[..., Any]:
    """An operator of two tensors that takes a number for the first, too."""
    return lambda a, b: run(a if isinstance(a, torch.Tensor) else torch.as_tensor(a), b)


def _divide(t: Translation, node: Any) -> Operand:
    mode = node.kwargs.get("rounding_mode")
    name = {None: "divide", "floor": "floor_divide", "trunc": "trunc_divide"}[mode]
    return t.map(
        name,
        [t.operand(each) for each in node.args[:2]],
        lambda a, b: torch.div(a, b, rounding_mode=mode),
        like=value_of(node),
    )


def _reciprocal(t: Translation, node: Any) -> Operand:
    operands = [t.operand(1.0), t.operand(node.args[0])]
    return t.map(
        "divide", operands, lambda _, x: torch.reciprocal(x), like=value_of(node)
    )


def _relu(t: Translation, node: Any) -> Operand:
    operands = [t.operand(node.args[0]), t.operand(0.0)]
    return t.map("maximum", operands, lambda x, _: torch.relu(x), like=value_of(node))


def _power(t: Translation, node: Any) -> Operand:
    like, (base, exponent) = value_of(node), node.args[:2]
    whole = not _is_node(exponent) and float(exponent).is_integer()
    if _is_node(base) and whole:
        return t.map(
            "integer_pow",
            [t.operand(base)],
            lambda x: torch.pow(x, exponent),
            like=like,
            exponent=int(exponent),
        )
    operands = [t.operand(base), t.operand(exponent)]
    return t.map("power", operands, torch.pow, like=like)


def _clamp(t: Translation, node: Any) -> Operand:
    """Bounds one after the other: the lower first, as torch does."""
    bounds = [*node.args[1:], None, None][:2]
    low = node.kwargs.get("min", bounds[0])
    high = node.kwargs.get("max", bounds[1])
    like, out = value_of(node), t.operand(node.args[0])
    if low is not None:
        pair = [out, t.operand(low)]
        out = t.map("maximum", pair, lambda x, b: torch.clamp(x, min=b), like=like)
    if high is not None:
        pair = [out, t.operand(high)]
        out = t.map("minimum", pair, lambda x, b: torch.clamp(x, max=b), like=like)
    return out


def _where(t: Translation, node: Any) -> Operand | None:
    if len(node.args) != 3:
        return None
    like = value_of(node)
    shape = tuple(like.shape)
    return t.add(
        Kind.SELECT,
        [t.stretched(t.operand(each), shape) for each in node.args],
        torch.where,
        shape=shape,
        dtype=dtype_of(like),
        name="where",
    )


def _axes(node: Any) -> Sequence[int]:
    named = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    if named is None:
        return []
    return [named] if isinstance(named, int) else list(named)


def _keeps(node: Any) -> bool:
    return bool(node.kwargs.get("keepdim", len(node.args) > 2 and node.args[2]))


def _total(name: str) -> Rule:
    def rule(t: Translation, node: Any) -> Operand | None:
        if isinstance(value_of(node), tuple | list):
            return None
        operand = t.operand(node.args[0])
        out = t.reduce(name, operand, _axes(node), keep=_keeps(node))
        like = value_of(node)
        if t.dtype(out) == dtype_of(like):
            return out
        dtype = like.dtype
        return t.map("cast", [out], lambda x: x.to(dtype), like=like)

    return rule


def _mean(t: Translation, node: Any) -> Operand:
    operand = t.operand(node.args[0])
    axes = _axes(node)
    total = t.reduce("sum", operand, axes, keep=_keeps(node))
    size = t.count(operand, axes)
    return t.map(
        "divide", [total, t.operand(float(size))], torch.div, like=value_of(node)
    )


def _spread(t: Translation, node: Any, like: Any) -> tuple[Operand, Operand]:
    """Variance and mean over axes, kept: sums of squares about the mean."""
    operand, axes = t.operand(node.args[0]), _axes(node)
    whole = torch.empty(t.shape(operand), dtype=like.dtype, device="meta")
    size = t.count(operand, axes)
    total = t.reduce("sum", operand, axes, keep=True)
    flat = torch.empty(t.shape(total), dtype=like.dtype, device="meta")
    mean = t.map("divide", [total, t.operand(float(size))], torch.div, like=flat)
    apart = t.map("subtract", [operand, mean], torch.sub, like=whole)
    square = t.map("integer_pow", [apart], torch.square, like=whole, exponent=2)
    squares = t.reduce("sum", square, axes, keep=True)
    given = node.kwargs.get("correction")
    left = size - (1 if given is None else given)
    variance = t.map("divide", [squares, t.operand(float(left))], torch.div, like=flat)
    return variance, mean


def _var_mean(t: Translation, node: Any) -> tuple[Operand, Operand]:
    like = value_of(node)[0]
    variance, mean = _spread(t, node, like)
    shape = tuple(like.shape)
    return t.reshape(variance, shape), t.reshape(mean, shape)


def _var(t: Translation, node: Any) -> Operand:
    like = value_of(node)
    return t.reshape(_spread(t, node, like)[0], tuple(like.shape))


def _cumulate(name: str, run: Callable[..., Any]) -> Rule:
    def rule(t: Translation, node: Any) -> Operand | None:
        like, operand = value_of(node), t.operand(node.args[0])
        if t.dtype(operand) != dtype_of(like) or not like.shape:
            return None
        axis = node.args[1] % len(like.shape)
        return t.add(
            Kind.CUMULATE,
            [operand],
            lambda x: run(x, axis),
            shape=tuple(like.shape),
            dtype=dtype_of(like),
            name=name,
            axis=axis,
        )

    return rule


def _is_node(value: object) -> bool:
    return isinstance(value, torch.fx.Node)


ELEMENTWISE: dict[str, Rule] = {
    **{name: _plain(name) for name in PLAIN.split()},
    **dict.fromkeys(SAME, _same),
    "_to_copy": _cast,
    "add": _sum_of_two("add"),
    "sub": _sum_of_two("subtract"),
    "div": _divide,
    "reciprocal": _reciprocal,
    "relu": _relu,
    "pow": _power,
    "clamp": _clamp,
    "where": _where,
}
TOTALS: dict[str, Rule] = {
    "sum": _total("sum"),
    "amax": _total("max"),
    "amin": _total("min"),
    "any": _total("any"),
    "all": _total("all"),
    "prod": _total("prod"),
    "mean": _mean,
    "var": _var,
    "var_mean": _var_mean,
    "cumsum": _cumulate("sum", torch.cumsum),
    "cumprod": _cumulate("prod", torch.cumprod),
}
