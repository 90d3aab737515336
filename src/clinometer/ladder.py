"""Which points to try: lines through x, and a ladder of steps along each.

A *line* is t -> x + t * direction. A *ladder* holds the steps h that may be tried on
it, each some four times finer than the one before; a *row* is one of them, taken to
both sides. Ratio four spans a 64-fold range with four rows, which still extrapolate to
eighth order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.paths import Paths, Points
from clinometer.trees import Layout

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

IRREGULAR = (0.73, 0.9)
"""Bounds of the factor on the step of a row, dimensionless. It uses all its bits, and
differs from row to row: an f that rounds to a grid somewhere inside, as log(1 + x)
does, is a staircase. Steps in exact powers of four count its stairs in exact powers of
four too often; then all quotients agree on a wrong slope (at 3 of 200 points)."""

GOLDEN = 0.6180339887498949
"""Golden ratio less one: its multiples spread most evenly, modulo one."""

FLOAT64 = 2.0**-53
"""Unit roundoff of float64, in which points are laid out."""

SMALLEST = {
    FLOAT64: 2.0**-1074,
    2.0**-24: 2.0**-149,
    2.0**-11: 2.0**-24,
    2.0**-8: 2.0**-133,
}
"""Least positive number of float64, float32, float16 and bfloat16 by their unit
roundoff: numbers near zero lie no closer. Source: IEEE 754-2019, table 3.5."""

REACH = 0.9
"""Largest step over |x|, dimensionless: below one, so that no entry crosses zero."""


@final
@dataclass(frozen=True)
class Ladder:
    """The steps of a line, by rows; row 0 is coarsest.

    exponents : -log2(h / scale) of every row, but for the irregular factor.
    start : rows tried first.
    probe : rows far finer, which tell noise from hidden structure.
    """

    exponents: tuple[int, ...]
    start: tuple[int, ...]
    probe: tuple[int, ...]

    @staticmethod
    @cache
    def of(roundoff: float) -> Ladder:
        """The ladder for arguments of a given unit roundoff.

        The finest row is 2**8 spacings of x wide in float64, 2**5 in float32, so that
        x + h is still resolved.
        """
        bits = round(-np.log2(roundoff))
        if bits > 40:
            return _ladder(finest=44, start=(4, 6, 8, 10), probe=(18, 24, 30))
        if bits > 20:
            return _ladder(finest=18, start=(4, 6, 8, 10), probe=(14, 16, 18))
        if bits > 10:
            return _ladder(finest=8, start=(2, 4, 6, 8), probe=())
        return _ladder(finest=6, start=(2, 4, 6), probe=())

    @property
    def rows(self) -> int:
        """Count of rows."""
        return len(self.exponents)

    @property
    def tiny(self) -> int:
        """First row that counts as tiny: there a smooth f no longer moves."""
        return self.probe[0] if self.probe else self.rows

    def steps(self, lines: Paths, rows: tuple[int, ...] | None = None) -> Floats:
        """(R, L) steps of every line, in units of t: those of some rows, or of all."""
        chosen = range(self.rows) if rows is None else rows
        size = np.array(
            [_irregular(row) * 2.0 ** -self.exponents[row] for row in chosen]
        )
        return lines.representable(lines.scale * size[:, None])


def _irregular(row: int) -> float:
    low, high = IRREGULAR
    return low + (high - low) * (GOLDEN * row % 1)


def _ladder(*, finest: int, start: tuple[int, ...], probe: tuple[int, ...]) -> Ladder:
    exponents = tuple(range(-10, finest + 1, 2))
    rows = {p: row for row, p in enumerate(exponents)}
    return Ladder(
        exponents, tuple(rows[p] for p in start), tuple(rows[p] for p in probe)
    )


@final
@dataclass(frozen=True, eq=False)
class Lines:
    """Straight lines through x along which f is differenced.

    layout : of x.
    x : (n) the point.
    entries : (L, K) entries of x that move on each line.
    weights : (L, K) how far each of them moves per unit of t.
    scale : (L) a typical size of t, > 0; the ladder hangs on it.
    reach : (L) largest |t| that takes no entry across zero, or inf.
    """

    layout: Layout
    x: Floats
    entries: Ints
    weights: Floats
    scale: Floats
    reach: Floats

    @property
    def count(self) -> int:
        """How many lines."""
        return len(self.scale)

    def some(self, lines: Ints) -> Lines:
        """Some of the lines."""
        return replace(
            self,
            entries=self.entries[lines],
            weights=self.weights[lines],
            scale=self.scale[lines],
            reach=self.reach[lines],
        )

    @property
    def size(self) -> Floats:
        """(L) the entries of x that move, in units of t; zero for directions."""
        if self.entries.shape[1] != 1:
            return np.zeros(self.count)
        return np.abs(self.x[self.entries[:, 0]] / self.weights[:, 0])

    def representable(self, t: Floats) -> Floats:
        """(R, L) the nearest steps for which x + t and x - t are exact, if there are.

        Only lines that move one entry can have such steps; others keep theirs. No step
        is finer than the spacing of x, which would not move it at all.
        """
        if self.entries.shape[1] != 1:
            return t
        entry, weight = self.entries[:, 0], np.abs(self.weights[:, 0])
        move = t * weight
        spacing = _spacing(np.abs(self.x[entry]) + move, self.layout.roundoff_of(entry))
        return np.maximum(np.rint(move / spacing), 1) * spacing / weight

    def arrived(self, t: Floats) -> Floats:
        """(..., L) the t really taken, once x + t is rounded to the dtype of x."""
        if self.entries.shape[1] != 1:
            return t
        entry, weight = self.entries[:, 0], self.weights[:, 0]
        x, roundoff = self.x[entry], self.layout.roundoff_of(entry)
        if np.max(roundoff) == FLOAT64:
            return (x + t * weight - x) / weight
        place = x + t * weight
        spacing = _spacing(place, roundoff)
        return (np.rint(place / spacing) * spacing - x) / weight

    def points(self, line: Ints, t: Floats) -> Points:
        """The points at t (P) on the lines of those numbers (P)."""
        return LinePoints(self, line, t)


def _spacing(number: Floats, roundoff: Floats | float) -> Floats:
    """Distance of the numbers of a dtype near a number, which may be subnormal."""
    _, exponent = np.frexp(number)
    if isinstance(roundoff, float):
        least = SMALLEST.get(roundoff, SMALLEST[FLOAT64])
    else:
        least = np.select([roundoff == u for u in SMALLEST], [*SMALLEST.values()])
    return np.maximum(np.ldexp(roundoff, exponent), least)


def scales(layout: Layout, x: Floats, given: Floats | None) -> Floats:
    """(n) typical size of every entry, in units of x.

    given : (n) the user's own sizes, or None: then |x|, and for an entry that is zero
        the median of the other entries of its leaf (1 if all are zero, the one case in
        which nothing tells a size).
    """
    if given is not None:
        return given
    size = np.abs(x)
    for where in layout.slices():
        leaf = size[where]
        if not leaf.all():
            rest = leaf[leaf > 0]
            leaf[leaf == 0] = np.median(rest) if rest.size else 1.0
    return size


def coordinates(
    layout: Layout, x: Floats, scale: Floats, *, free: bool = False
) -> Lines:
    """One line along every entry of x; t is in units of that entry.

    free : whether steps may cross zero, as when the user gave the scale. Otherwise no
        point changes the sign of an entry.
    """
    reach = np.where((x == 0) | free, np.inf, REACH * np.abs(x))
    return Lines(
        layout, x, np.arange(x.size)[:, None], np.ones((x.size, 1)), scale, reach
    )


def directions(layout: Layout, x: Floats, v: Floats, *, scale: Floats) -> Lines:
    """Lines along the rows of v (L, n); t is in units of x / v.

    The scale of t moves no entry by more than its own size, or than the size typical of
    its leaf where that is larger.
    """
    floor = scale.copy()
    for where in layout.slices():
        part = scale[where]
        if part.size:
            most = float(np.max(part))  # taken out, or squares of 1e200 overflow
            rms = most * np.sqrt(np.mean(np.square(part / most)))
            floor[where] = np.maximum(part, rms)
    with np.errstate(over="ignore"):
        largest = np.max(np.abs(v) / floor, axis=1)
    _, exponent = np.frexp(np.where(largest > 0, largest, 1.0))
    unit = np.ldexp(1.0, 1 - exponent)  # a power of two, so that it rounds nothing
    lines, n = len(v), x.size
    entries: Ints = np.broadcast_to(np.arange(n, dtype=np.intp), (lines, n))
    return Lines(layout, x, entries, v, unit, np.full(len(v), np.inf))


def pairs(layout: Layout, x: Floats, scale: Floats) -> Lines:
    """Lines through all pairs i < j, along +i +j and then +i -j, each in its own scale.

    t is dimensionless: entry i moves by t * scale[i].
    """
    i, j = np.triu_indices(x.size, 1)
    entries = np.repeat(np.stack([i, j], axis=1), 2, axis=0)
    weights = scale[entries]
    weights[1::2, 1] *= -1
    size = np.abs(x[entries])
    with np.errstate(divide="ignore"):
        reach = np.min(np.where(size > 0, size / np.abs(weights), np.inf), axis=1)
    reach *= REACH
    return Lines(layout, x, entries, weights, np.ones(len(entries)), reach)


@final
@dataclass(frozen=True, eq=False)
class LinePoints:
    """Points on lines: line[k] at t[k]; with `base`, x itself comes first.

    line : (P) which line.
    t : (P) where on it; zero is x.
    """

    lines: Lines
    line: Ints
    t: Floats

    @property
    def count(self) -> int:
        """How many points."""
        return self.t.size

    def rows(self, start: int, stop: int) -> Floats:
        """(stop - start, n) the points of that range."""
        lines = self.lines
        line, t = self.line[start:stop], self.t[start:stop, None]
        out = np.repeat(lines.x[None], stop - start, axis=0)
        if lines.entries.shape[1] == lines.x.size and lines.x.size > 1:
            out += t * lines.weights[line]
        else:
            where = np.arange(stop - start)[:, None], lines.entries[line]
            out[where] += t * lines.weights[line]
        return out

    def describe(self, point: int) -> str:
        """Where a point lies, in words."""
        t = float(self.t[point])
        if t == 0:
            return "x itself"
        lines, line = self.lines, int(self.line[point])
        if lines.entries.shape[1] != 1:
            return f"x {t:+.3g} times the direction"
        entry = int(lines.entries[line, 0])
        value = lines.x[entry] + t * lines.weights[line, 0]
        return f"{lines.layout.place(entry)} = {value:.17g} (a step of {t:+.3g})"
