"""The kernel's library as Python sees it: structures by address, and its functions.

Nothing here checks: addresses must be those of contiguous arrays of the sizes that
the sources state.
"""

from __future__ import annotations

import ctypes
import functools
import os
from ctypes import POINTER, Structure, c_float, c_int32, c_int64, c_uint32, c_void_p
from typing import Any, ClassVar, final

from torch import Tensor

from clinometer.errors import InputError
from clinometer.surface.field import FieldShape
from clinometer.surface.grid import Grid
from clinometer.surface.kernel.build import build, recipe_for

__all__ = [
    "Adam",
    "Gradient",
    "Level",
    "Library",
    "Owed",
    "Parameters",
    "Question",
    "SlopeCotangent",
    "Slopes",
    "ValueCotangent",
    "Values",
    "address",
    "levels_of",
    "library_for",
    "processors",
]

FEATURES = (2, 4, 8)
"""Numbers in an entry that fit a vector."""

MOST_HIDDEN, MOST_LEVELS = 128, 16
"""Blocks of wider fields leave the fast caches, and then the stack."""


@final
class Level(Structure):
    """`struct Level` of grid.h."""

    _fields_: ClassVar = [
        ("start", c_int64),
        ("entries", c_int64),
        ("resolution", c_int32),
        ("mask", c_uint32),
    ]


@final
class Parameters(Structure):
    """`struct Parameters` of network.h."""

    _fields_: ClassVar = [
        ("table", c_void_p),
        ("first", c_void_p),
        ("first_bias", c_void_p),
        ("second", c_void_p),
        ("second_bias", c_void_p),
        ("levels", POINTER(Level)),
        ("active", c_int64),
    ]


@final
class Question(Structure):
    """`struct Question` of question.h."""

    _fields_: ClassVar = [
        ("x", c_void_p),
        ("offsets", c_void_p),
        ("points", c_int64),
        ("taps", c_int64),
    ]


@final
class Values(Structure):
    """`struct Values` of values.h."""

    _fields_: ClassVar = [
        ("distance", c_void_p),
        ("features", c_void_p),
        ("blocks", c_void_p),
    ]


@final
class ValueCotangent(Structure):
    """`struct ValueCotangent` of values.h."""

    _fields_: ClassVar = [
        ("distance", c_void_p),
        ("features", c_void_p),
        ("blocks", c_void_p),
    ]


@final
class Slopes(Structure):
    """`struct Slopes` of slopes.h."""

    _fields_: ClassVar = [("slope", c_void_p), ("blocks", c_void_p)]


@final
class SlopeCotangent(Structure):
    """`struct SlopeCotangent` of slopes.h."""

    _fields_: ClassVar = [("slope", c_void_p), ("blocks", c_void_p)]


@final
class Gradient(Structure):
    """`struct Gradient` of question.h."""

    _fields_: ClassVar = [
        ("table", c_void_p),
        ("first", c_void_p),
        ("first_bias", c_void_p),
        ("second", c_void_p),
        ("second_bias", c_void_p),
        ("encoded", c_void_p),
        ("partial", c_void_p),
    ]


@final
class Owed(Structure):
    """`struct Owed` of adam.h."""

    _fields_: ClassVar = [
        ("question", Question),
        ("slope", c_void_p),
        ("encoded", c_void_p),
        ("active", c_int64),
    ]


@final
class Adam(Structure):
    """`struct Adam` of adam.h."""

    _fields_: ClassVar = [
        ("value", c_void_p),
        ("gradient", c_void_p),
        ("mean", c_void_p),
        ("square", c_void_p),
        ("mean_decay", c_float),
        ("mean_gain", c_float),
        ("square_decay", c_float),
        ("square_gain", c_float),
        ("rate", c_float),
        ("square_scale", c_float),
        ("least", c_float),
    ]


@final
class Library:
    """The functions of one library."""

    def __init__(self, path: str) -> None:
        loaded = ctypes.CDLL(path)

        def function(name: str, *arguments: Any, result: Any = None) -> Any:
            found = getattr(loaded, name)
            found.argtypes, found.restype = arguments, result
            return found

        asked = POINTER(Parameters), POINTER(Question)
        into = POINTER(Gradient)
        self.values = function("field_values", *asked, POINTER(Values))
        self.values_back = function(
            "field_values_back", *asked, POINTER(ValueCotangent), into
        )
        self.slopes = function("field_slopes", *asked, POINTER(Slopes))
        self.slopes_back = function(
            "field_slopes_back", *asked, POINTER(SlopeCotangent), into
        )
        self.adam = function(
            "field_adam", POINTER(Level), c_int64, POINTER(Owed), c_int64, POINTER(Adam)
        )
        self.use_threads = function("use_threads", c_int64)
        self.softplus = function("softplus_of", c_void_p, c_int64, c_void_p, c_void_p)
        self.block_bytes: int = function("block_bytes", result=c_int64)()
        self.slope_block_bytes: int = function("slope_block_bytes", result=c_int64)()
        self.partial_bytes: int = function("partial_bytes", result=c_int64)()
        self.block_points: int = function("block_points", result=c_int64)()


def library_for(shape: FieldShape) -> Library:
    """The library for fields of a shape, built where it is not there yet.

    Raises InputError for shapes that the kernel does not know, and what
    `build.recipe_for` and `build.build` raise.
    """
    grid = shape.grid
    if grid.features not in FEATURES:
        raise InputError(
            f"the fused kernel has entries of {FEATURES} features, got {grid.features}"
        )
    if shape.hidden > MOST_HIDDEN or grid.levels > MOST_LEVELS:
        raise InputError(
            f"the fused kernel goes up to {MOST_LEVELS} levels and a hidden layer of "
            f"{MOST_HIDDEN}, got {grid.levels} and {shape.hidden}"
        )
    return _loaded(str(build(recipe_for(shape))))


@functools.cache
def _loaded(path: str) -> Library:
    return Library(path)


def levels_of(grid: Grid) -> ctypes.Array[Level]:
    """The levels as the kernel reads them."""
    rows = [
        Level(start, size, resolution, 0 if dense else size - 1)
        for start, resolution, size, dense in zip(
            grid.starts[:-1], grid.resolutions, grid.sizes, grid.dense, strict=True
        )
    ]
    return (Level * len(rows))(*rows)


def address(tensor: Tensor | None) -> int | None:
    """Where a contiguous tensor's numbers stand; None stands for none."""
    return None if tensor is None else tensor.data_ptr()


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
