"""What one operation costs, by its kind and name and the shapes around it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from clinometer.graph import Kind, Node
from clinometer.operations.others import OTHERS
from clinometer.operations.products import PRODUCTS
from clinometer.operations.value import Operations

__all__ = ["cost_of", "integer_power"]

Shape: TypeAlias = tuple[int, ...]

MULTIPLICATION = Operations(multiplications=1)
ADDITION = Operations(additions=1)
TRANSCENDENTAL = Operations(transcendentals=1)
COMPARISON = Operations(comparisons=1)
NOTHING = Operations()

TRANSCENDENTALS = """
exp exp2 log log2 log10 log1p expm1 sin cos tan sinh cosh tanh arcsin arccos arctan
arcsinh arccosh arctanh arctan2 sqrt rsqrt cbrt hypot power erf erfc erf_inv lgamma
digamma igamma igammac bessel_i0e bessel_i1e
"""
COMPARISONS = """
maximum minimum equal not_equal less less_equal greater greater_equal sign
"""
FREE = """
negative abs copy cast stop_gradient real imag conj floor ceil round trunc isfinite
isnan isinf logical_and logical_or logical_not logical_xor xor nextafter copysign
optimization_barrier
"""
EACH: Mapping[str, Operations] = {
    **dict.fromkeys(TRANSCENDENTALS.split(), TRANSCENDENTAL),
    **dict.fromkeys(COMPARISONS.split(), COMPARISON),
    **dict.fromkeys(FREE.split(), NOTHING),
    "add": ADDITION,
    "subtract": ADDITION,
    "multiply": MULTIPLICATION,
    "divide": MULTIPLICATION,
    "square": MULTIPLICATION,
    "floor_divide": MULTIPLICATION,
    "trunc_divide": MULTIPLICATION,
    "fmod": Operations(multiplications=2, additions=1),  # x - y * whole(x / y)
    "remainder": Operations(multiplications=2, additions=1),
    "clamp": Operations(comparisons=2),
    "sigmoid": Operations(multiplications=1, additions=1, transcendentals=1),
}
"""Of one entry of the result."""

TAKEN_TOGETHER: Mapping[str, Operations] = {
    "sum": ADDITION,
    "prod": MULTIPLICATION,
    "max": COMPARISON,
    "min": COMPARISON,
    "any": NOTHING,
    "all": NOTHING,
}
"""Of one more entry in a reduction."""

MOVES = (
    *(Kind.BROADCAST, Kind.RESHAPE, Kind.TRANSPOSE, Kind.SLICE, Kind.PAD),
    *(Kind.CONCATENATE, Kind.SELECT, Kind.TAKE, Kind.CONSTANT),
)


def cost_of(node: Node, shapes: Sequence[Shape]) -> Operations:
    """The arithmetic of one run of a node; shapes : of its operands."""
    found = _cost(node, shapes)
    if found is None:
        return Operations(uncounted={node.name: 1})
    if node.dtypes and node.dtypes[0].startswith("complex"):
        return _complex(found)
    return found


def _cost(node: Node, shapes: Sequence[Shape]) -> Operations | None:
    if node.kind in MOVES:
        return NOTHING
    if node.kind is Kind.MAP:
        return _map(node)
    if node.kind in {Kind.REDUCE, Kind.CUMULATE}:
        each = TAKEN_TOGETHER.get(node.name)
        return None if each is None else each * _joined(node, shapes[0])
    rule = PRODUCTS.get(node.name) or OTHERS.get(node.name)
    return None if rule is None else rule(node, shapes)


def integer_power(exponent: int) -> int:
    """Products in x ** exponent by squaring, with a quotient if it is negative."""
    size = abs(exponent)
    if size == 0:
        return 0
    return size.bit_length() + size.bit_count() - 2 + (exponent < 0)


def _map(node: Node) -> Operations | None:
    size = math.prod(node.shapes[0])
    if node.name == "integer_pow":
        return MULTIPLICATION * (integer_power(node.parameters["exponent"]) * size)
    each = EACH.get(node.name)
    return None if each is None else each * size


def _joined(node: Node, shape: Shape) -> int:
    """How often a reduction, or a running one, takes one more entry in."""
    size = math.prod(shape)
    if node.kind is Kind.CUMULATE:
        length = shape[int(node.parameters["axis"])]
        return size - size // length if length else 0
    return max(size - math.prod(node.shapes[0]), 0)


def _complex(real: Operations) -> Operations:
    """The same operations on pairs of numbers: 4 products and 2 sums in a product."""
    products, sums = real.multiplications, real.additions
    more = Operations(
        multiplications=3 * products,
        additions=2 * products + sums,
        matmul_multiplications=3 * real.matmul_multiplications,
    )
    return real + more
