"""What the user's function returns: its structure, shapes and precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import (
    dtype_name,
    is_array,
    is_complex,
    to_float64,
    unit_roundoff,
)
from clinometer.errors import FunctionError, InputError
from clinometer.trees import Flatten, Flattened, Tree, flatten, only

Matrix: TypeAlias = NDArray[np.float64]


@final
class Outcome:
    """What f returns: its structure, shapes and precision, read off its first value.

    size : count of numbers in one value.
    scalar : whether one value is a single number of shape ().
    roundoff : unit roundoff of the coarsest dtype in it.
    """

    def __init__(
        self, value: Any, points: int | None, apart: Flatten = flatten
    ) -> None:
        """Read the first value of f, or that of a batch of so many points.

        apart : how values are taken apart.
        """
        self._apart = apart
        leaves, self.paths, self.rebuild = self._parts(value)
        lead = 0 if points is None else 1
        for leaf, path in zip(leaves, self.paths, strict=True):
            _require_real_value(leaf, path)
            if lead and np.shape(leaf)[:1] != (points,):
                raise InputError(
                    f"with batched=True f gets points along a leading axis, here "
                    f"{points}, and must return as many values along its leading axis; "
                    f"{path} has shape {tuple(np.shape(leaf))}. Drop batched=True if f "
                    "takes one point at a time"
                )
        self.shapes = [tuple(np.shape(leaf))[lead:] for leaf in leaves]
        self.sizes = [int(np.prod(shape, dtype=np.int64)) for shape in self.shapes]
        self.size = sum(self.sizes)
        self.scalar = self.paths == ["f(x)"] and self.shapes == [()]
        self.roundoff = max((_roundoff(leaf) for leaf in leaves), default=0.0)
        if self.size == 0:
            raise InputError(
                f"f must return at least one number, got shapes {self.shapes}"
            )
        self._first: tuple[type[Any], Any] = (
            type(leaves[0]),
            getattr(leaves[0], "dtype", None),
        )

    def __str__(self) -> str:
        """The shapes in words: "f(x) of shape (3,)"."""
        return _in_words(self.paths, self.shapes)

    def matrix(self, value: Any, points: int | None) -> Matrix:
        """(points or 1, size) a value of f, or those of a batch of points, as float64.

        Raises FunctionError if shapes differ from those of the first value.
        """
        number = self.number(value)
        if number is not None:  # ten times as fast
            return np.array([[number]])
        leaves, paths, _ = self._parts(value)
        parts = [to_float64(leaf) for leaf in leaves]
        shapes = [part.shape for part in parts]
        lead = () if points is None else (points,)
        if paths != self.paths or shapes != [lead + own for own in self.shapes]:
            places = "one point" if points is None else f"{points} points"
            raise FunctionError(
                f"f must return the same shape at every point: {self} first, then "
                f"{_in_words(paths, shapes)} for {places}"
            )
        flat = [part.reshape(points or 1, -1) for part in parts]
        return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)

    def number(self, value: Any) -> float | None:
        """A value of f that is one number, of the first's kind; None for any other."""
        if not self.scalar:
            return None
        if isinstance(value, float):  # np.float64 among them
            return value
        kind, dtype = self._first
        if type(value) is kind and dtype is not None and value.dtype == dtype:
            return None if value.shape else float(value.item())
        return None

    def tree(self, rows: NDArray[Any], build: Callable[[NDArray[Any]], Any]) -> Tree:
        """A tree like f's value from (size, ...) rows; build finishes each leaf.

        build : receives (*shape, ...) for each leaf of the value.
        """
        parts: list[Any] = []
        start = 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            part = rows[start : start + size]
            parts.append(build(part.reshape(shape + part.shape[1:])))
            start += size
        return self.rebuild(parts)

    def _parts(self, value: Any) -> Flattened:
        if isinstance(value, float) or is_array(value):
            return [value], ["f(x)"], only
        return self._apart(value, "f(x)")


def _in_words(paths: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> str:
    pairs = zip(paths, shapes, strict=True)
    return ", ".join(f"{path} of shape {shape}" for path, shape in pairs) or "nothing"


def _roundoff(leaf: Any) -> float:
    """Unit roundoff of a value's dtype; whole numbers count as float64."""
    return unit_roundoff(leaf) if "float" in dtype_name(leaf) else 2.0**-53


def _require_real_value(leaf: Any, path: str) -> None:
    if not (is_array(leaf) or isinstance(leaf, int | float | complex)):
        raise InputError(
            f"f must return real numbers, got {type(leaf).__name__} at {path}"
        )
    if is_complex(leaf):
        raise InputError(
            f"f must return real numbers where a real derivative is asked for, got "
            f"{getattr(leaf, 'dtype', 'complex')} at {path}; return its real part, its "
            "modulus, or the two parts as an array"
        )
    if not dtype_name(leaf).startswith(("float", "bfloat", "int", "uint")):
        raise InputError(
            f"f must return real numbers, got {dtype_name(leaf)} at {path}; convert "
            "them to float64"
        )
