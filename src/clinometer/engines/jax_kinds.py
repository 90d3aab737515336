"""What each of JAX's primitives does, in the terms of `clinometer.graph`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from clinometer.graph import Kind

__all__ = ["kind_of"]

Shape: TypeAlias = tuple[int, ...]
Described: TypeAlias = tuple[Kind, str, Sequence[int], Mapping[str, Any]]

NAMES = {
    "add_any": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "max": "maximum",
    "min": "minimum",
    "rem": "fmod",
    "pow": "power",
    "logistic": "sigmoid",
    "convert_element_type": "cast",
    "stop_gradient": "copy",
    "reduce_precision": "copy",
    "copy_p": "copy",
    "is_finite": "isfinite",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "and": "logical_and",
    "or": "logical_or",
    "not": "logical_not",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "atan2": "arctan2",
}
"""NumPy's names where JAX has others."""

ELEMENTWISE = """
abs sign floor ceil round add add_any sub mul div neg max min rem pow exp exp2 log log1p
expm1 sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh atan2 sqrt rsqrt cbrt
square integer_pow logistic erf erfc erf_inv lgamma digamma igamma igammac bessel_i0e
bessel_i1e convert_element_type copy stop_gradient reduce_precision is_finite eq ne lt
le gt ge and or not xor nextafter clamp real imag conj copy_p optimization_barrier
"""
MAPS = frozenset(ELEMENTWISE.split())
REDUCTIONS = {
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_and": "all",
    "reduce_or": "any",
}
CUMULATIONS = {"cumsum": "sum", "cumprod": "prod", "cummax": "max", "cummin": "min"}
CONSTANTS = ("iota", "random_bits", "random_seed", "random_wrap", "random_unwrap")


def kind_of(
    name: str, parameters: Any, *, shapes: Sequence[Shape], outputs: Sequence[Shape]
) -> Described:
    """Kind, name in NumPy's terms, order of the operands, and parameters.

    name : of the primitive; parameters : its own.
    shapes : of its operands; outputs : of its values.
    """
    every = range(len(shapes))
    if name in MAPS and len(outputs) == 1:
        return Kind.MAP, NAMES.get(name, name), every, _of_map(name, parameters)
    if name in REDUCTIONS:
        return Kind.REDUCE, REDUCTIONS[name], every, {"axes": tuple(parameters["axes"])}
    if name in CUMULATIONS and not parameters["reverse"]:
        return Kind.CUMULATE, CUMULATIONS[name], every, {"axis": parameters["axis"]}
    if name in ("scan", "while"):
        return Kind.LOOP, name, every, {}
    if name == "cond":
        return Kind.BRANCH, name, every, {}
    if name in CONSTANTS:
        return Kind.CONSTANT, name, every, {}
    describe = DESCRIBED.get(name)
    found = describe(parameters, shapes, outputs) if describe else None
    return found or (Kind.OTHER, name, every, _of_window(parameters))


def _of_map(name: str, parameters: Any) -> dict[str, Any]:
    if name == "integer_pow":
        return {"exponent": parameters["y"]}
    if name == "convert_element_type":
        return {"dtype": str(parameters["new_dtype"])}
    return {}


def _of_window(parameters: Any) -> dict[str, Any]:
    """A pool's window, or the axis of a running sum, which counting asks for."""
    names = {"window_dimensions": "window", "axis": "axis"}
    return {own: parameters[k] for k, own in names.items() if k in parameters}


def _dot(parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]) -> Described:
    contract, batch = parameters["dimension_numbers"]
    terms = {
        "contract": (tuple(contract[0]), tuple(contract[1])),
        "batch": (tuple(batch[0]), tuple(batch[1])),
    }
    return Kind.DOT, "dot", range(len(shapes)), terms


def _broadcast(
    parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]
) -> Described | None:
    if len(shapes) != 1:  # a shape that is computed
        return None
    axes = tuple(parameters["broadcast_dimensions"])
    return Kind.BROADCAST, "broadcast", (0,), {"axes": axes}


def _reshape(
    parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]
) -> Described | None:
    order = parameters.get("dimensions") or ()  # of squeeze: the axes that go
    moved = "new_sizes" in parameters and tuple(order) != tuple(range(len(order)))
    if len(shapes) != 1 or moved:
        return None
    return Kind.RESHAPE, "reshape", (0,), {}


def _transpose(parameters: Any, _: Sequence[Shape], __: Sequence[Shape]) -> Described:
    terms = {"permutation": tuple(parameters["permutation"])}
    return Kind.TRANSPOSE, "transpose", (0,), terms


def _slice(parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]) -> Described:
    terms = {
        "starts": tuple(parameters["start_indices"]),
        "stops": tuple(parameters["limit_indices"]),
        "strides": tuple(parameters["strides"] or (1,) * len(shapes[0])),
    }
    return Kind.SLICE, "slice", (0,), terms


def _flip(parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]) -> Described:
    (shape,) = shapes
    flipped = [axis in parameters["dimensions"] for axis in range(len(shape))]
    pairs = list(zip(shape, flipped, strict=True))
    terms = {
        "starts": tuple(size - 1 if turn else 0 for size, turn in pairs),
        "stops": tuple(-1 if turn else size for size, turn in pairs),
        "strides": tuple(-1 if turn else 1 for _, turn in pairs),
    }
    return Kind.SLICE, "flip", (0,), terms


def _pad(parameters: Any, _: Sequence[Shape], __: Sequence[Shape]) -> Described:
    terms = {
        name: tuple(each[k] for each in parameters["padding_config"])
        for k, name in enumerate(("low", "high", "inner"))
    }
    return Kind.PAD, "pad", (0, 1), terms


def _concatenate(
    parameters: Any, shapes: Sequence[Shape], _: Sequence[Shape]
) -> Described:
    terms = {"axis": parameters["dimension"]}
    return Kind.CONCATENATE, "concatenate", range(len(shapes)), terms


def _select(_: Any, shapes: Sequence[Shape], __: Sequence[Shape]) -> Described | None:
    # JAX's order is: which, value where false, value where true
    return (Kind.SELECT, "where", (0, 2, 1), {}) if len(shapes) == 3 else None


def _gather(
    parameters: Any, shapes: Sequence[Shape], outputs: Sequence[Shape]
) -> Described | None:
    """Entries taken whole along one axis; any other gathering is not described."""
    spec, sizes = parameters["dimension_numbers"], parameters["slice_sizes"]
    array, numbers = shapes
    if len(spec.collapsed_slice_dims) != 1 or spec.operand_batching_dims:
        return None
    (axis,) = spec.collapsed_slice_dims
    whole = (*array[:axis], 1, *array[axis + 1 :])
    if tuple(spec.start_index_map) != (axis,) or tuple(sizes) != whole:
        return None
    taken = array[:axis] + numbers[:-1] + array[axis + 1 :]
    around = [k for k in range(len(taken)) if not axis <= k < axis + len(numbers) - 1]
    if outputs[0] != taken or list(spec.offset_dims) != around:
        return None
    return Kind.TAKE, "take", (0, 1), {"axis": axis, "last": True}


DESCRIBED: dict[
    str, Callable[[Any, Sequence[Shape], Sequence[Shape]], Described | None]
] = {
    "dot_general": _dot,
    "broadcast_in_dim": _broadcast,
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "rev": _flip,
    "pad": _pad,
    "concatenate": _concatenate,
    "select_n": _select,
    "gather": _gather,
}
