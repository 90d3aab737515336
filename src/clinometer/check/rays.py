"""Directions that are made anew wherever they are needed, leaf by leaf and in part.

A matrix of eight directions in ten million entries would take 640 MB. A *ray* is a
direction as a recipe instead: which boxes of which leaves move, with which random
signs, weighted how. Its signs come from a counter (Philox), one bit an entry, so that
any part of a direction moves exactly as it does in the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.place import Place
from clinometer.check.words import Box
from clinometer.paths import Leafwise, Points

__all__ = ["Part", "Ray", "Rays", "here"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]

PICKED = 2**16
"""Entries of a box up to which their signs are picked singly from the stream."""


@final
@dataclass(frozen=True)
class Part:
    """What moves of one leaf.

    leaf : its number.
    box : the part that moves.
    code : axis along which moves grow from nothing to all, or None.
    gain : factor on every move, dimensionless.
    without : boxes that stand still.
    """

    leaf: int
    box: Box
    code: int | None = None
    gain: float = 1.0
    without: tuple[Box, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Ray:
    """A direction: parts of leaves that move, with the signs of a stream.

    stream : number that names the signs; equal streams have equal signs.
    claims : leaf by leaf the claimed gradient, (E) each, to weight the moves with: an
        entry moves in proportion to the slope claimed for it. Empty for moves of the
        entries' own sizes.
    """

    parts: tuple[Part, ...]
    stream: tuple[int, ...]
    claims: tuple[Floats | None, ...] = field(default=())

    def moved(self, place: Place, part: Part) -> Floats:
        """(box) the moves of one part, in units of x."""
        shape = place.layout.shapes[part.leaf]
        move = place.leaf_move(part.leaf).reshape(shape)[part.box.index]
        signs = _signs((*self.stream, part.leaf), shape, part.box)
        if self.claims:
            weights = self._weighted(part, move, shape)
        else:
            weights = signs
            weights *= move
        if part.gain != 1.0:
            weights *= part.gain
        if part.code is not None:
            length = part.box.shape[part.code]
            ramp = np.arange(length) / max(1, length - 1)
            weights *= ramp.reshape([-1, *[1] * (len(shape) - part.code - 1)])
        for still in part.without:
            weights[_within(still, part.box)] = 0.0
        return weights

    def _weighted(self, part: Part, move: Floats, shape: tuple[int, ...]) -> Floats:
        """Moves along the claimed slope, at most each entry's own."""
        claim = self.claims[part.leaf]
        if claim is None:
            return np.zeros(part.box.shape)
        weights = np.array(claim.reshape(shape)[part.box.index])  # an array if 0-d, too
        weights *= move
        largest = float(np.abs(weights).max(initial=0.0))
        if largest > 0:
            weights /= largest
        weights *= move
        return weights

    def add(self, place: Place, k: int, *, out: Floats, t: float) -> None:
        """Add t times the moves of leaf k to its entries out (E), in place."""
        for part in self.parts:
            if part.leaf == k:
                view = out.reshape(place.layout.shapes[k])
                weights = self.moved(place, part)
                weights *= t
                view[part.box.index] += weights


@final
@dataclass(frozen=True, eq=False)
class Rays:
    """Lines through x along rays, for `measure`; t is dimensionless.

    steps : (L) factor on the steps of each.
    """

    place: Place
    rays: tuple[Ray, ...]
    scale: Floats

    @classmethod
    def of(cls, place: Place, rays: Sequence[Ray]) -> Rays:
        """Lines along some rays."""
        return cls(place, tuple(rays), np.ones(len(rays)))

    @property
    def reach(self) -> Floats:
        """(L) entries of a direction may cross zero: +inf."""
        return np.full(self.count, np.inf)

    @property
    def count(self) -> int:
        """How many lines."""
        return len(self.rays)

    @property
    def size(self) -> Floats:
        """(L) zero, as for all directions."""
        return np.zeros(self.count)

    @property
    def first(self) -> Rays:
        """The first of the lines alone."""
        return self.some(np.zeros(1, np.intp))

    def some(self, lines: Ints) -> Rays:
        """Some of the lines."""
        return replace(
            self,
            rays=tuple(self.rays[int(k)] for k in lines),
            scale=self.scale[lines],
        )

    def elsewhere(self, where: NDArray[np.bool_], factor: float) -> Rays:
        """Some of the lines, with other steps."""
        chosen = self.some(np.flatnonzero(where))
        return replace(chosen, scale=chosen.scale * factor)

    def representable(self, t: Floats) -> Floats:
        """(R, L) the same steps: no step is exact in all entries."""
        return t

    def arrived(self, t: Floats) -> Floats:
        """(..., L) the same steps."""
        return t

    def points(self, line: Ints, t: Floats) -> Points:
        """The points at t (P) on the lines of those numbers (P)."""
        return RayPoints(self.place, self.rays, line=line, t=t)


@final
class RayPoints(Leafwise):
    """Points on rays: ray[k] at t[k]."""

    def __init__(
        self, place: Place, rays: Sequence[Ray], *, line: Ints, t: Floats
    ) -> None:
        """Lay out the points.

        line : (P) which ray; t : (P) where on it.
        """
        self._place = place
        self._rays = rays
        self._line = line
        self._t = t

    @property
    def count(self) -> int:
        """How many points."""
        return int(self._t.size)

    def leaf(self, point: int, k: int) -> Floats:
        """(E) the entries of leaf k at a point, a new array."""
        out = self._place.leaf_x(k)
        out = out.copy() if self._place.small else out  # else it is new already
        t = float(self._t[point])
        if t != 0:
            self._rays[int(self._line[point])].add(self._place, k, out=out, t=t)
        return out

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range, a new array."""
        layout = self._place.layout
        out = np.empty((stop - start, layout.size))
        for row in range(stop - start):
            for k, where in enumerate(layout.slices()):
                out[row, where] = self.leaf(start + row, k)
        return out

    def describe(self, point: int) -> str:
        """Where a point lies, in words."""
        t = float(self._t[point])
        return "x itself" if t == 0 else f"x {t:+.3g} times the direction"


def here(place: Place) -> Points:
    """x itself, as a plan of one point."""
    return RayPoints(place, (), line=np.zeros(1, np.intp), t=np.zeros(1))


@lru_cache(maxsize=4)
def _bits(stream: tuple[int, ...], count: int) -> NDArray[np.uint8]:
    """One random bit an entry, packed."""
    seeds = np.random.SeedSequence(stream)
    random = np.random.Generator(np.random.Philox(seeds))
    return np.frombuffer(random.bytes((count + 7) // 8), np.uint8)


def _signs(stream: tuple[int, ...], shape: tuple[int, ...], box: Box) -> Floats:
    """(box) random signs, -1 or 1, those of the box in the stream of the whole leaf."""
    whole = Box.whole(shape)
    bits = _bits(stream, whole.count)
    if box.count <= PICKED:
        flat = np.zeros(box.shape, np.intp)
        for axis, (start, stop) in enumerate(box.ranges):
            stride = int(np.prod(shape[axis + 1 :], dtype=np.int64))
            along = np.arange(start, stop) * stride
            flat += along.reshape([-1, *[1] * (len(shape) - axis - 1)])
        chosen = (bits[flat >> 3] >> (7 - (flat & 7)).astype(np.uint8)) & 1
    else:
        row = whole.count // shape[0]
        first, last = (edge * row for edge in box.ranges[0])
        part = np.unpackbits(bits[first // 8 : (last + 7) // 8])
        part = part[first % 8 :][: last - first]
        inner = (slice(None), *box.index[1:])
        chosen = part.reshape((-1, *shape[1:]))[inner]
    signs = chosen.astype(np.float64)
    signs *= 2.0
    signs -= 1.0
    return signs


def _within(still: Box, box: Box) -> tuple[slice, ...]:
    """Index, within a box, of what another one covers of it."""
    return tuple(
        slice(max(0, a - start), max(0, b - start))
        for (a, b), (start, _) in zip(still.ranges, box.ranges, strict=True)
    )
