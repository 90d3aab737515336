"""f on wide paths through x: is it smooth there, or does it move in jumps and steps?

An f that stops an iteration or a solver at a tolerance is made of smooth pieces with
jumps between them: its own slope at x is not that of the limit, which is what a right
gradient claims. An f that rounds its result is level everywhere and has no slope at
all. Both are told from a wrong claim by what f does further away from x.

Each path is sampled at the zeros of a Chebyshev polynomial. The coefficients of a
smooth function fall off geometrically, those of one with jumps like 1 / k.
Source: L. N. Trefethen, Approximation Theory and Approximation Practice, 2013,
theorems 7.2 and 8.2.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.check.subject import Subject
from clinometer.paths import Paths

__all__ = ["Whole", "is_rough", "is_stepped", "too_fine"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

Whole: TypeAlias = tuple[Paths, float]
"""A path, and the slope claimed along it, in units of f / t."""

NODES = 64
"""Values of f on a path."""

WIDTHS = (0.5, 0.2, 0.9, 0.05)
"""Half-widths of the paths, relative to the size of what moves: a stopped iteration
takes another number of steps only so far away. Below 1, so that no entry crosses 0."""

ROUGH = 30.0
"""Roundoffs of f in the last coefficients from which they are no rounding. Of 13 exact
functions (likelihoods, solvers, simulations) none had more than 15; of functions that
stop at a tolerance all had 70 and more."""

LEVEL = 0.4
"""Ratio of the last two bands of coefficients from which they do not fall off: 0.8 for
jumps, 0.6 for kinks, 0.04 for a function whose next singularity lies 1.3 widths off."""

BAND = 12
"""Coefficients in a band."""

STEPS = 8
"""Different values on a path from which f is a staircase: with fewer, a rule that
claims a slope where f is level is simply wrong there."""

GRID = 0.01
"""Part of a step by which values may lie beside the grid."""

SLACK = 8.0
"""Steps of the staircase by which its slope may be off, over the half-width."""

LOOSE = 0.1
"""Part of the claim by which it may be off besides, for f bends on the path."""


def is_rough(subject: Subject, lines: Paths) -> Bools:
    """(L) whether f jumps about on the paths along lines; 64 to 256 evaluations each.

    Where f fails on all of a path it counts as rough there.
    """
    rough = np.zeros(lines.count, np.bool_)
    seen = np.zeros(lines.count, np.bool_)
    for width in WIDTHS:
        left = np.flatnonzero(~rough)
        if not left.size:
            break
        values = _values(subject, lines.some(left), width)
        lost = np.isnan(values.sum(axis=1))
        seen[left] |= ~lost
        rough[left] |= ~lost & _jumps(np.where(lost[:, None], 0.0, values))
    return rough | ~seen


def is_stepped(subject: Subject, lines: Paths, claim: Floats) -> Bools:
    """(L) whether f is a staircase on the paths that rises as is claimed.

    claim : (L) slopes claimed, in units of f / t.
    Costs 64 evaluations a line.
    """
    return np.isfinite(_stairs(subject, lines, claim))


def too_fine(subject: Subject, lines: Paths, claim: Floats, *, whole: Whole) -> Bools:
    """(L) whether f would hardly move on the paths that `is_stepped` looks at.

    claim : (L) slopes claimed, in units of f / t.
    whole : a path on which more moves, and the slope claimed along it.
    So it is if f is a staircase along the whole, which rises as is claimed, and the
    claim promises less than STEPS of its steps. Costs 64 evaluations.
    """
    path, slope = whole
    step = float(_stairs(subject, path, np.array([slope]))[0])
    return np.abs(claim) * lines.scale * WIDTHS[0] < STEPS * step  # not where NaN


def _stairs(subject: Subject, lines: Paths, claim: Floats) -> Floats:
    """(L) steps, in units of f, of the staircases that rise as is claimed; else NaN."""
    width = WIDTHS[0]
    found = np.full(lines.count, np.nan)
    values = _values(subject, lines, width)
    for k in np.flatnonzero(~np.isnan(values.sum(axis=1))):
        own = values[k]
        step = _step(own)
        if step is None:
            continue
        half = width * float(lines.scale[k])
        slope = float(np.polynomial.Polynomial.fit(_nodes(), own, 9).deriv()(0.0))
        off = abs(slope / half - claim[k])
        if off <= SLACK * step / half + LOOSE * abs(claim[k]):
            found[k] = step
    return found


def _nodes() -> Floats:
    return np.cos((np.arange(NODES) + 0.5) * np.pi / NODES)


def _values(subject: Subject, lines: Paths, width: float) -> Floats:
    """(L, NODES) f on the paths, NaN where it failed."""
    t = width * lines.scale[:, None] * _nodes()
    line = np.repeat(np.arange(lines.count), NODES)
    values = subject.function.values(lines.points(line, t.ravel()))
    values[~np.isfinite(values)] = np.nan
    return values[:, 0].reshape(t.shape)


def _jumps(values: Floats) -> Bools:
    """(L) whether the coefficients end above rounding without falling off."""
    size = np.abs(values).max(axis=1)
    angle = np.outer(np.arange(NODES), np.arange(NODES) + 0.5) * np.pi / NODES
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scaled = values / size[:, None]
        coefficients = 2 / NODES * scaled @ np.cos(angle).T
        last = _rms(coefficients[:, -BAND:])
        before = _rms(coefficients[:, -2 * BAND : -BAND])
        noise = last * np.sqrt(NODES / 2)  # of values with such coefficients
    eps = float(np.finfo(np.float64).eps)
    return (noise > ROUGH * eps) & (last > LEVEL * before)


def _rms(coefficients: Floats) -> Floats:
    return np.sqrt(np.mean(np.square(coefficients), axis=1))


def _step(values: Floats) -> float | None:
    """The step of which all differences of values are multiples; None without one."""
    levels = np.unique(values)
    if levels.size < STEPS:
        return None
    step = float(np.diff(levels).min())
    count = (levels - levels[0]) / step
    beside = np.abs(count - np.rint(count)).max()
    coarse = step > NODES * np.finfo(np.float64).eps * np.abs(levels).max()
    return step if coarse and beside <= GRID else None
