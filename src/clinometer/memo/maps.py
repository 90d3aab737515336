"""Elementwise operations in NumPy, by the names of `clinometer.graph`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.graph import Node

__all__ = ["BILINEAR", "LINEAR", "elementwise"]

Values: TypeAlias = NDArray[Any]
Map: TypeAlias = Callable[..., Values]

LINEAR = frozenset({"add", "subtract", "negative", "copy", "cast"})
"""Linear in all operands together: they move a change as it is."""

BILINEAR = frozenset({"multiply", "divide"})
"""Linear in the first operand alone; a product, in each of the two."""


def elementwise(node: Node) -> Map | None:
    """The node's operation on NumPy arrays that broadcast; None where NumPy has none.

    Whole numbers are divided, rounded and raised to powers otherwise by every library:
    those are left to the library itself.
    """
    if node.name == "cast":
        return _cast(str(node.parameters.get("dtype", node.dtypes[0])))
    if node.name == "integer_pow":
        return _powers(int(node.parameters["exponent"]))
    if node.dtypes[0] == "bool" and node.name in LOGICAL:
        return LOGICAL[node.name]  # torch's take any numbers
    whole = node.dtypes[0].startswith(("int", "uint"))
    if whole and node.name not in ON_WHOLE:
        return None
    return MAPS.get(node.name)


def _cast(dtype: str) -> Map:
    """To another dtype; floating numbers stay what they are, in float64."""
    if dtype.startswith(("float", "bfloat")):
        dtype = "float64"
    elif dtype.startswith("complex"):
        dtype = "complex128"

    def cast(x: Values) -> Values:
        return x.astype(dtype, copy=False)

    return cast


def _powers(exponent: int) -> Map:
    """A whole power by repeated squaring, as the libraries compute it."""

    def power(x: Values) -> Values:
        left, square = abs(exponent), x
        out: Values | None = None
        while left:
            if left & 1:
                out = square if out is None else out * square
            left >>= 1
            square = square * square if left else square
        if out is None:
            return np.ones_like(x)
        return out if exponent > 0 else 1.0 / out

    return power


def _sigmoid(x: Values) -> Values:
    """Logistic function, without overflow for negative numbers."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _clamp(low: Values, x: Values, high: Values) -> Values:
    return np.minimum(np.maximum(x, low), high)


def _rsqrt(x: Values) -> Values:
    return 1.0 / np.sqrt(x)


def _copy(x: Values) -> Values:
    return x


NUMPYS = """
abs sign floor ceil add subtract multiply divide negative maximum minimum fmod power exp
exp2 log log1p log2 log10 expm1 sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh
arccosh arctanh arctan2 sqrt cbrt square reciprocal trunc hypot copysign remainder
isfinite isnan isinf equal not_equal less less_equal greater greater_equal nextafter
real imag conj
"""
"""Those that NumPy has under the same name."""

MAPS: Mapping[str, Map] = {
    **{name: getattr(np, name) for name in NUMPYS.split()},
    "logical_and": np.bitwise_and,
    "logical_or": np.bitwise_or,
    "logical_xor": np.bitwise_xor,
    "logical_not": np.invert,
    "rsqrt": _rsqrt,
    "sigmoid": _sigmoid,
    "clamp": _clamp,
    "copy": _copy,
}

LOGICAL: Mapping[str, Map] = {
    name: getattr(np, name)
    for name in ("logical_and", "logical_or", "logical_xor", "logical_not")
}

WHOLE = """
abs sign add subtract multiply negative maximum minimum copy clamp logical_and
logical_or logical_xor logical_not square
"""
ON_WHOLE = frozenset(WHOLE.split())
"""Operations on whole numbers that NumPy does as the libraries do."""
