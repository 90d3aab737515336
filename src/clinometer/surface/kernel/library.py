"""The kernel's library as Python sees it: structures by address, and its functions.

Nothing here checks: addresses must be those of contiguous arrays of the sizes that
`source/field.cpp` states.
"""

from __future__ import annotations

import ctypes
import functools
import os
from ctypes import POINTER, Structure, c_int32, c_int64, c_uint32, c_void_p
from typing import ClassVar, final

from torch import Tensor

from clinometer.errors import InputError
from clinometer.surface.field import FieldShape
from clinometer.surface.grid import Grid
from clinometer.surface.kernel.build import build, recipe_for

__all__ = [
    "Answer",
    "Cotangent",
    "Gradient",
    "Level",
    "Library",
    "Parameters",
    "Question",
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
    """`struct Question` of field.cpp."""

    _fields_: ClassVar = [
        ("x", c_void_p),
        ("offsets", c_void_p),
        ("points", c_int64),
        ("taps", c_int64),
    ]


@final
class Answer(Structure):
    """`struct Answer` of field.cpp."""

    _fields_: ClassVar = [
        ("distance", c_void_p),
        ("features", c_void_p),
        ("blocks", c_void_p),
    ]


@final
class Cotangent(Structure):
    """`struct Cotangent` of field.cpp."""

    _fields_: ClassVar = [
        ("distance", c_void_p),
        ("features", c_void_p),
        ("blocks", c_void_p),
    ]


@final
class Gradient(Structure):
    """`struct Gradient` of field.cpp."""

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
class Library:
    """The functions of one library."""

    def __init__(self, path: str) -> None:
        loaded = ctypes.CDLL(path)
        self.evaluate = loaded.evaluate
        self.evaluate.argtypes = [
            POINTER(Parameters),
            POINTER(Question),
            POINTER(Answer),
        ]
        self.evaluate.restype = None
        self.differentiate = loaded.differentiate
        self.differentiate.argtypes = [
            POINTER(Parameters),
            POINTER(Question),
            POINTER(Cotangent),
            POINTER(Gradient),
        ]
        self.differentiate.restype = None
        self.use_threads = loaded.use_threads
        self.use_threads.argtypes = [c_int64]
        self.use_threads.restype = None
        for name in ("block_bytes", "partial_bytes", "block_points"):
            getattr(loaded, name).restype = c_int64
        self.block_bytes: int = loaded.block_bytes()
        self.partial_bytes: int = loaded.partial_bytes()
        self.block_points: int = loaded.block_points()


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
        Level(start=start, resolution=resolution, mask=0 if dense else size - 1)
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
