"""Scenes by name, which need no files: for demonstrations, tests and comparisons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.synth.knot import Trefoil
from clinometer.surface.synth.scenes import solid_scene
from clinometer.surface.synth.solids import (
    Capsule,
    Difference,
    Moved,
    RoundedBox,
    SmoothUnion,
    Solid,
    Sphere,
    Torus,
    Union,
)
from clinometer.surface.synth.studio import Studio

__all__ = ["NAMES", "SOLIDS", "scene_named"]

FEW = 12
"""Views of the scenes with few views: neighbours lie about 55 degrees apart."""

QUARTER = math.pi / 2


def _torus_and_ball() -> Solid:
    """A ring, a ball in its middle, and a thin axle that holds it."""
    wheel = Union(
        (
            Torus(0.58, 0.14),
            Sphere(0.26),
            Capsule((-0.58, 0.0, 0.0), (0.58, 0.0, 0.0), 0.045),
        )
    )
    return Moved(wheel, axis=(1.0, 0.0, 0.4), angle=math.radians(50))


def _blocks() -> Solid:
    """Boxes with sharp and rounded edges, a step, a notch and a bore."""
    base = Moved(RoundedBox((0.52, 0.12, 0.42)), shift=(0.0, -0.36, 0.0))
    tower = Moved(
        RoundedBox((0.2, 0.36, 0.2), 0.06), (-0.22, 0.05, -0.1), angle=math.radians(25)
    )
    slab = Moved(RoundedBox((0.16, 0.22, 0.05)), shift=(0.3, -0.05, 0.2))
    notch = Moved(
        RoundedBox((0.09, 0.2, 0.3)), (0.2, -0.3, -0.35), angle=math.radians(-15)
    )
    bore = Capsule((-0.9, 0.14, -0.1), (0.9, 0.14, -0.1), 0.09)
    return Difference(Union((base, tower, slab)), Union((notch, bore)))


def _creature() -> Solid:
    """An animal of capsules that flow into each other: legs, ears, a thin tail."""
    body = (
        Capsule((-0.28, 0.02, 0.0), (0.24, 0.06, 0.0), 0.2),
        Capsule((0.26, 0.1, 0.0), (0.44, 0.36, 0.0), 0.1),
        Sphere(0.15, (0.48, 0.4, 0.0)),
        Capsule((0.5, 0.36, 0.0), (0.66, 0.3, 0.0), 0.08),
        Capsule((-0.44, 0.1, 0.0), (-0.68, 0.34, 0.06), 0.035),
    )
    legs = tuple(
        Capsule((x, -0.08, 0.11 * side), (1.2 * x, -0.52, 0.16 * side), 0.065)
        for x in (-0.3, 0.25)
        for side in (-1.0, 1.0)
    )
    ears = tuple(
        Capsule((0.44, 0.5, 0.08 * side), (0.38, 0.63, 0.16 * side), 0.04)
        for side in (-1.0, 1.0)
    )
    return SmoothUnion((*body, *legs, *ears), 0.09)


def _cup() -> Solid:
    """A thin bowl with a sharp rim, hollow to its ground, and a handle."""
    handle = Moved(
        Torus(0.2, 0.05), shift=(0.58, -0.05, 0.0), axis=(1.0, 0.0, 0.0), angle=QUARTER
    )
    above = Moved(RoundedBox((1.0, 0.5, 1.0)), shift=(0.0, 0.75, 0.0))
    foot = Moved(RoundedBox((0.28, 0.05, 0.28), 0.05), shift=(0.0, -0.55, 0.0))
    bowl = Union((Sphere(0.55), handle, foot))
    return Difference(bowl, Union((Sphere(0.47), above)))


SOLIDS: Mapping[str, Solid] = MappingProxyType(
    {
        "torus_and_ball": _torus_and_ball(),
        "blocks": _blocks(),
        "creature": _creature(),
        "knot": Trefoil(0.22, 0.1),
        "cup": _cup(),
    }
)
"""The solids that have names."""

NAMES: tuple[str, ...] = tuple(
    f"{solid}{albedo}{views}"
    for solid in SOLIDS
    for albedo in ("", "_plain")
    for views in ("", f"_{FEW}")
)
"""All names: that of a solid, "_plain" if of one colour, "_12" if seen by 12 views."""


def scene_named(name: str, studio: Studio | None = None) -> Scene:
    """The scene of that name, the same at every call.

    studio : how the pictures are taken, where the name does not say: by default 48
        views, 8 held-out ones, 128 x 128 pixels, textured, before white.
    Raises InputError if there is no such name.
    """
    if name not in NAMES:
        raise InputError(
            f"no scene is named {name!r}; there are {', '.join(SOLIDS)}, each also "
            f'with "_plain", "_{FEW}" or "_plain_{FEW}" behind'
        )
    studio = studio or Studio()
    solid = name.removesuffix(f"_{FEW}").removesuffix("_plain")
    if name.endswith(f"_{FEW}"):
        studio = replace(studio, views=FEW)
    if "_plain" in name:
        studio = replace(studio, albedo="plain")
    return solid_scene(SOLIDS[solid], studio, name=name)
