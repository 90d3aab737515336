"""Solids as signed distances: frozen values that combine into others.

`distance` is negative inside and never changes by more than the way gone (its slope is
at most 1), so that its size never exceeds the distance to the surface: a step of that
length crosses nothing. Where `exact` is true it is that distance everywhere. All
lengths are in scene units, all points (N, 3) float64.

Source of the formulas: elementary geometry, one line each; the smooth minimum is the
quadratic one, min(a, b) - max(k - |a - b|, 0)² / (4 k).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, final

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats

__all__ = [
    "Capsule",
    "Difference",
    "Moved",
    "RoundedBox",
    "SmoothUnion",
    "Solid",
    "Sphere",
    "Torus",
    "Union",
    "slopes",
]

Place = tuple[float, float, float]

STEP = 1e-5
"""Of the central difference in `slopes`, scene units: the rounding of a distance, about
2e-16, over it and the square of it are both below 1e-10."""


class Solid(Protocol):
    """A solid body with a signed distance."""

    @property
    def exact(self) -> bool:
        """Whether `distance` is the distance; if not, its size is a lower bound."""
        ...

    def distance(self, x: Floats) -> Floats:
        """(N) scene units, negative inside, at points x (N, 3)."""
        ...


def slopes(solid: Solid, x: Floats) -> Floats:
    """(N, 3) gradient of the distance at x (N, 3), by central differences of step 1e-5.

    At a sharp edge it is a mean of the two sides', shorter than 1.
    """
    columns = [
        (solid.distance(x + h) - solid.distance(x - h)) / (2 * STEP)
        for h in STEP * np.eye(3)
    ]
    return np.stack(columns, axis=-1)


@final
@dataclass(frozen=True)
class Sphere:
    """A ball of this radius > 0 round this centre."""

    radius: float
    centre: Place = (0.0, 0.0, 0.0)
    exact = True

    def __post_init__(self) -> None:
        _positive("radius", self.radius)
        _place("centre", self.centre)

    def distance(self, x: Floats) -> Floats:
        """|x - centre| - radius."""
        return np.linalg.norm(x - np.asarray(self.centre), axis=-1) - self.radius


@final
@dataclass(frozen=True)
class Torus:
    """A tube of radius `minor` whose middle runs round a circle of radius `major`.

    The circle lies round the origin in the plane y = 0. 0 < minor < major.
    """

    major: float
    minor: float
    exact = True

    def __post_init__(self) -> None:
        _positive("minor", self.minor)
        if not self.minor < self.major < np.inf:
            raise InputError(
                f"a torus needs minor < major, got {self.minor} and {self.major}: "
                "its hole would be closed"
            )

    def distance(self, x: Floats) -> Floats:
        """From the nearest point of the circle, less the tube's radius."""
        across = np.hypot(x[..., 0], x[..., 2]) - self.major
        return np.hypot(across, x[..., 1]) - self.minor


@final
@dataclass(frozen=True)
class RoundedBox:
    """A box round the origin with rounded edges.

    half : half of its lengths, the rounding counted in, > 0.
    rounding : radius of its edges, at least 0 (sharp), at most the smallest half.
    """

    half: Place
    rounding: float = 0.0
    exact = True

    def __post_init__(self) -> None:
        _place("half", self.half)
        if not 0.0 <= self.rounding <= min(self.half) or min(self.half) <= 0.0:
            raise InputError(
                "a box needs positive half lengths and a rounding between 0 and the "
                f"smallest of them, got {self.half} and {self.rounding}"
            )

    def distance(self, x: Floats) -> Floats:
        """To the box without its rounding, less the rounding."""
        beyond = np.abs(x) - (np.asarray(self.half) - self.rounding)
        outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1)
        inside = np.minimum(np.max(beyond, axis=-1), 0.0)
        return outside + inside - self.rounding


@final
@dataclass(frozen=True)
class Capsule:
    """All points within `radius` > 0 of the segment from start to end."""

    start: Place
    end: Place
    radius: float
    exact = True

    def __post_init__(self) -> None:
        _positive("radius", self.radius)
        _place("start", self.start)
        _place("end", self.end)
        if self.start == self.end:
            raise InputError(
                f"a capsule's ends must differ, got {self.start} twice; a Sphere has "
                "one centre"
            )

    def distance(self, x: Floats) -> Floats:
        """From the nearest point of the segment, less the radius."""
        start = np.asarray(self.start)
        along = np.asarray(self.end) - start
        given = x - start
        share = np.clip(given @ along / (along @ along), 0.0, 1.0)
        return np.linalg.norm(given - share[..., None] * along, axis=-1) - self.radius


@final
@dataclass(frozen=True)
class Union:
    """What lies in any of the parts.

    Outside, the distance is exact if theirs are; inside, where they meet, a bound.
    """

    parts: tuple[Solid, ...]
    exact = False

    def __post_init__(self) -> None:
        _parts(self.parts)

    def distance(self, x: Floats) -> Floats:
        """The smallest of the parts'."""
        return reduce(np.minimum, (part.distance(x) for part in self.parts))


@final
@dataclass(frozen=True)
class SmoothUnion:
    """The union of the parts, one after the other, with fillets where they meet.

    width : how far apart two distances may be for a fillet to bend the surface, > 0;
        the fillet adds at most width / 4.
    """

    parts: tuple[Solid, ...]
    width: float
    exact = False

    def __post_init__(self) -> None:
        _parts(self.parts)
        _positive("width", self.width)

    def distance(self, x: Floats) -> Floats:
        """The smooth minimum of the parts', from the first to the last."""
        k = self.width

        def smaller(a: Floats, b: Floats) -> Floats:
            near = np.maximum(k - np.abs(a - b), 0.0)
            return np.minimum(a, b) - near**2 / (4 * k)

        return reduce(smaller, (part.distance(x) for part in self.parts))


@final
@dataclass(frozen=True)
class Difference:
    """What lies in `whole` but not in `hole`. The distance is a bound."""

    whole: Solid
    hole: Solid
    exact = False

    def distance(self, x: Floats) -> Floats:
        """max(whole, -hole)."""
        return np.maximum(self.whole.distance(x), -self.hole.distance(x))


@final
@dataclass(frozen=True)
class Moved:
    """A solid turned about an axis through the origin, then shifted.

    shift : scene units. axis : of any length but 0. angle : radians, by the right hand.
    """

    solid: Solid
    shift: Place = (0.0, 0.0, 0.0)
    axis: Place = (0.0, 1.0, 0.0)
    angle: float = 0.0

    def __post_init__(self) -> None:
        _place("shift", self.shift)
        _place("axis", self.axis)
        if not any(self.axis) or not math.isfinite(self.angle):
            raise InputError(
                "a turn needs an axis other than 0 and a finite angle, got "
                f"{self.axis} and {self.angle}"
            )

    @property
    def exact(self) -> bool:
        """As the solid that is moved."""
        return self.solid.exact

    @property
    def turn(self) -> Floats:
        """(3, 3) the rotation: cos·1 + sin·[a]× + (1 - cos)·a aᵀ (Rodrigues)."""
        a = np.asarray(self.axis) / np.linalg.norm(self.axis)
        cross = np.cross(
            np.eye(3), a
        )  # its row i is e_i × a, so that cross @ x = a × x
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return cosine * np.eye(3) + sine * cross + (1 - cosine) * np.outer(a, a)

    def distance(self, x: Floats) -> Floats:
        """The solid's, where x comes from: turnᵀ (x - shift)."""
        return self.solid.distance((x - np.asarray(self.shift)) @ self.turn)


def _positive(name: str, value: float) -> None:
    if not 0.0 < value < np.inf:
        raise InputError(f"{name} must be positive and finite, got {value}")


def _place(name: str, value: Place) -> None:
    if len(value) != 3 or not all(map(math.isfinite, value)):
        raise InputError(f"{name} must be three finite numbers, got {value}")


def _parts(parts: tuple[Solid, ...]) -> None:
    if not parts:
        raise InputError("a union needs at least one part, got none")
