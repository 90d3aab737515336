"""The library of what happens on rays, as Python sees it: structures and functions.

It is compiled apart from the field's (`source/rays.cpp`), for the sizes of the colour
network. Nothing here checks: addresses must be those of contiguous arrays of the sizes
that the sources state.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import POINTER, Structure, c_float, c_int64, c_void_p
from typing import Any, ClassVar, final

import torch
from torch import Tensor

from clinometer.errors import InputError
from clinometer.surface.kernel.build import build, recipe

__all__ = [
    "MOST_SAMPLES",
    "Along",
    "Bundle",
    "ColourParameters",
    "Lattice",
    "Placing",
    "RayLibrary",
    "Shown",
    "ShownGradient",
    "ray_library",
    "require_singles",
]

MOST_SAMPLES = 1024
"""Places on a ray, at most, as opacity.h has it."""

MOST_WIDE, MOST_FEATURES = 128, 112
"""Tiles of wider colour networks leave the fast caches, and then the stack."""

STEP = 16
"""Hidden layers fill whole vectors."""


@final
class Lattice(Structure):
    """`struct Lattice` of march.h."""

    _fields_: ClassVar = [("values", c_void_p), ("side", c_int64)]


@final
class Bundle(Structure):
    """`struct Rays` of march.h."""

    _fields_: ClassVar = [
        ("origin", c_void_p),
        ("direction", c_void_p),
        ("near", c_void_p),
        ("far", c_void_p),
        ("count", c_int64),
    ]


@final
class Placing(Structure):
    """`struct Placing` of march.h."""

    _fields_: ClassVar = [
        ("looked", c_void_p),
        ("share", c_void_p),
        ("looks", c_int64),
        ("samples", c_int64),
        ("sharpness", c_float),
        ("missing", c_float),
        ("always", c_float),
    ]


@final
class Along(Structure):
    """`struct Along` of opacity.h."""

    _fields_: ClassVar = [
        ("distance", c_void_p),
        ("t", c_void_p),
        ("rays", c_int64),
        ("samples", c_int64),
        ("sharpness", c_float),
    ]


@final
class ColourParameters(Structure):
    """`struct ColourParameters` of colours.h."""

    _fields_: ClassVar = [
        ("first", c_void_p),
        ("first_bias", c_void_p),
        ("second", c_void_p),
        ("second_bias", c_void_p),
        ("third", c_void_p),
        ("third_bias", c_void_p),
    ]


@final
class Shown(Structure):
    """`struct Shown` of colours.h."""

    _fields_: ClassVar = [
        ("x", c_void_p),
        ("direction", c_void_p),
        ("gradient", c_void_p),
        ("features", c_void_p),
        ("weight", c_void_p),
        ("at", c_void_p),
        ("sloped", c_void_p),
        ("points", c_int64),
        ("rays", c_int64),
        ("samples", c_int64),
    ]


@final
class ShownGradient(Structure):
    """`struct ShownGradient` of colours.h."""

    _fields_: ClassVar = [
        ("gradient", c_void_p),
        ("features", c_void_p),
        ("weight", c_void_p),
        ("first", c_void_p),
        ("first_bias", c_void_p),
        ("second", c_void_p),
        ("second_bias", c_void_p),
        ("third", c_void_p),
        ("third_bias", c_void_p),
        ("partial", c_void_p),
    ]


@final
class RayLibrary:
    """The functions of one library, for colour networks of one size.

    features : of the field, which enter the colour network.
    """

    def __init__(self, path: str, features: int) -> None:
        loaded = ctypes.CDLL(path)

        def function(name: str, *arguments: Any, result: Any = None) -> Any:
            found = getattr(loaded, name)
            found.argtypes, found.restype = arguments, result
            return found

        lattice, along = POINTER(Lattice), POINTER(Along)
        bundle = POINTER(Bundle)
        colours = POINTER(ColourParameters), POINTER(Shown), c_void_p, c_void_p
        self.features = features
        self.closest = function(
            "rays_closest", lattice, bundle, c_void_p, c_int64, c_void_p
        )
        self.place = function("rays_place", lattice, bundle, POINTER(Placing), c_void_p)
        self.weights = function("rays_weights", along, c_void_p)
        self.weights_back = function(
            "rays_weights_back", along, c_void_p, c_void_p, c_void_p
        )
        self.colours = function("rays_colours", *colours)
        self.colours_back = function(
            "rays_colours_back", *colours, POINTER(ShownGradient)
        )
        self.use_threads = function("use_threads", c_int64)
        self.tile_bytes: int = function("tile_bytes", result=c_int64)()
        self.partial_bytes: int = function("partial_bytes", result=c_int64)()
        self.tile_points: int = function("tile_points", result=c_int64)()
        self.partial_points: int = function("partial_points", result=c_int64)()


def ray_library(features: int, width: int) -> RayLibrary:
    """The library for colour networks of so many features and hidden units.

    It is built where it is not there yet. Raises InputError for sizes that it does not
    know, and what `build.recipe` and `build.build` raise.
    """
    if features > MOST_FEATURES or width > MOST_WIDE or width % STEP:
        raise InputError(
            f"fused colours go up to {MOST_FEATURES} features and {MOST_WIDE} hidden "
            f"units, a multiple of {STEP}, got {features} and {width}"
        )
    # lanes.h asks for all four sizes of a field; the first two are not used here
    sizes = {
        "LEVELS": 1,
        "FEATURES": 2,
        "HIDDEN": width,
        "OUTPUTS": 3,
        "COLOUR_FEATURES": features,
    }
    return _loaded(str(build(recipe("rays", sizes))), features)


def require_singles(**given: Tensor) -> None:
    """Raises InputError unless all are float32 on the CPU."""
    for name, value in given.items():
        if value.dtype != torch.float32 or value.device.type != "cpu":
            raise InputError(
                f"{name} must be float32 on the CPU for the kernel, got "
                f"{value.dtype} on {value.device}; plain PyTorch takes any"
            )


@functools.cache
def _loaded(path: str, features: int) -> RayLibrary:
    return RayLibrary(path, features)
