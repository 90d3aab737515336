"""More points at which to check a gradient: special values of x, other sizes of it.

Half of the wrong gradients of public trackers pass a check at one generic point. They
fail at zeros, at ties, on one side of a threshold, or where something saturates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, is_array
from clinometer.check.complexes import ByParts, holds_complex
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict
from clinometer.errors import FunctionError, InputError
from clinometer.trees import Layout, Tree

__all__ = ["Points", "at_points", "checked_at", "given_points", "points_of"]

Floats: TypeAlias = NDArray[np.float64]

Points: TypeAlias = "Callable[[np.random.Generator], Tree] | Iterable[Tree]"
"""Makes a point from a generator of random numbers, or holds points."""

SMALL, LARGE = 2.0**-10, 2.0**5
"""Factors on x that make it small and large."""

TIED = 0.5
"""Share of the entries that are made equal, or zero, in mixed points."""

HIDING = (Cause.NOISE, Cause.TOLERANCE)
"""What hides slopes at x does so elsewhere; further off, an iteration may not end."""

KINK = "a kink"
"""How the reason of a finding at a kink begins."""

MANY = 3
"""Equal entries of which a right rule may claim what no slope of one of them shows:
sorted or selected, each takes the place of any, but moved alone the first or last."""


def points_of(
    x: Tree, random: np.random.Generator, layout: Layout | None = None
) -> list[tuple[str, Tree]]:
    """Special points around x, (description, point), each like x.

    Zeros, some, one and all; pairs of equal entries; other signs; small and large
    magnitudes. Not all entries equal: a spread or a norm of differences has no
    derivative there, and each library another convention.
    Those that equal x or each other are left out; whether f has a value at them is not
    known here.
    layout : that of x, where it is at hand.
    """
    if layout is None and holds_complex(x):
        parts = ByParts(x)
        made = points_of(parts.split(x), random)
        return [(words, parts.joined(point)) for words, point in made]
    if layout is None:
        layout = Layout.of(x)
    here = layout.vector()
    found: list[tuple[str, Tree]] = []
    seen = {here.tobytes()}
    for words, flat in _variants(here, layout.slices(), random):
        key = (flat + 0.0).tobytes()  # -0 is 0
        if key not in seen and np.isfinite(flat).all():
            seen.add(key)
            parts = [
                _like(flat[where], leaf)
                for leaf, where in zip(layout.leaves, layout.slices(), strict=True)
            ]
            found.append((words, layout.rebuild(parts)))
    return found


def _like(values: Floats, leaf: Any) -> Any:
    """An array or a number like a leaf, from its (E) values."""
    if not is_array(leaf):
        return float(values[0])
    return from_float64(values.reshape(np.shape(leaf)), leaf)


def _variants(
    x: Floats, leaves: list[slice], random: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    some = random.random(x.size) < TIED
    yield "x with other signs", -x
    signs = np.where(random.random(x.size) < TIED, -1.0, 1.0)
    yield "x with some signs changed", x * signs
    yield "x with some entries zero", np.where(some, 0.0, x)
    single, tied = x.copy(), x.copy()
    for leaf in leaves:
        part = x[leaf]
        if part.size > 1:
            order = random.permutation(part.size)
            single[leaf.start + order[0]] = 0.0
            pairs = order[: 2 * max(1, int(TIED * part.size / 2))].reshape(2, -1)
            tied[leaf.start + pairs[1]] = part[pairs[0]]
    yield "x with one entry of each array zero", single
    yield "x with pairs of equal entries", tied
    yield f"x times {LARGE:g}", x * LARGE
    yield f"x times {SMALL:g}", x * SMALL
    yield "x with every entry zero", np.zeros_like(x)


def given_points(
    points: Points, random: np.random.Generator, *, count: int = 8
) -> list[tuple[str, Tree]]:
    """The points that a user gives, (description, point).

    count : how many a maker of points is asked for.
    """
    if callable(points):
        return [(f"point {k} of points()", points(random)) for k in range(count)]
    return [(f"points[{k}]", x) for k, x in enumerate(points)]


def at_points(
    report: Report,
    points: Sequence[tuple[str, Tree]],
    check_at: Callable[[Tree], Report],
    *,
    made: bool = False,
) -> Report:
    """A report on x, with what is wrong at other points as well.

    report : on x itself; if it differs there, that is enough.
    points : (description, point) of each.
    check_at : the report on another point; raises FunctionError where f has no value.
        What cannot be told there is no matter, for f may bend at zeros and ties.
    made : whether they were made from x, not chosen by the user: then conventions at
        ties of MANY entries are no difference (a NaN there is told), and none is tried
        where f is noise at x already, as one that iterates to a tolerance.
    """
    if report.verdict is Verdict.DIFFERS:
        return report
    if made and any(cause in report.causes for cause in HIDING):
        said = "no other points were tried, for f does not show its slopes at x"
        return replace(report, notes=(*report.notes, said))
    notes = [*report.notes]
    skipped, unclear, evaluations = 0, 0, report.evaluations
    for words, x in points:
        try:
            there = check_at(x)
        except FunctionError:
            skipped += 1
            continue
        evaluations += there.evaluations
        differs = there.verdict is Verdict.DIFFERS
        if differs and not (made and _excused(there, x)):
            return replace(_joined(report, there, words), evaluations=evaluations)
        unclear += there.verdict is not Verdict.AGREES
        if Cause.NOT_FINITE in there.causes:
            notes.append(f"at {words}, where f has a kink, the gradient is not finite")
    count = len(points) - skipped
    said = f"no difference at {count} other points either"
    if unclear:
        said += f", though at {unclear} of them it cannot be told"
    if skipped:
        said += f"; f has no value at {skipped} more"
    return replace(report, notes=(*notes, said), evaluations=evaluations)


def _excused(there: Report, x: Tree) -> bool:
    """Whether all that differs at a point x is a convention at ties of many."""
    parts = ByParts(x).split(x) if holds_complex(x) else x
    layout = Layout.of(parts)
    flat = layout.vector()
    _, which, counts = np.unique(flat, return_inverse=True, return_counts=True)
    tied = counts[which.reshape(-1)] >= MANY
    by_path = dict(zip(layout.paths, layout.slices(), strict=True))
    shapes = dict(zip(layout.paths, layout.shapes, strict=True))
    found = [each for each in there.findings if each.verdict is Verdict.DIFFERS]
    for each in found:
        where = by_path.get(each.path)
        if where is None:
            return False
        near = tied[where]
        if each.index is not None and shapes[each.path]:
            near = near[np.ravel_multi_index(each.index, shapes[each.path])]
        if not each.reason.startswith(KINK) or not np.any(near):
            return False
    return bool(found)


def _joined(report: Report, there: Report, words: str) -> Report:
    """The report on a point where the claim is wrong, which it is not at x."""
    least = "agrees" if report.verdict is Verdict.AGREES else "cannot be told"
    found: list[Diagnosis] = []
    for one in there.diagnoses:
        if one.verdict is Verdict.DIFFERS:
            said = f"at {words}: {one.cause.sentence}, {one.evidence}; at x it {least}"
            where = f"{one.where}, at {words}".removeprefix(", ")
            found.append(
                replace(one, cause=Cause.SPECIAL_POINTS, where=where, evidence=said)
            )
    findings = tuple(
        replace(one, reason=f"{one.reason}; at {words}".removeprefix("; "))
        for one in there.findings
    )
    said = f"at x the gradient {least}; what follows is found at {words}"
    return replace(
        there,
        diagnoses=tuple(found),
        findings=findings,
        notes=(said, *there.notes),
        probes=report.probes,
        seconds=report.seconds + there.seconds,
    )


def checked_at(
    report: Report,
    x: Tree,
    *,
    points: Points | bool,
    seed: int,
    gradient: Any,
    check_at: Callable[[Tree], Report],
) -> Report:
    """The report on x and, where it finds no difference there, on more points.

    points : those of the user, or True for special ones made from x.
    gradient : what is claimed, if a gradient is.
    check_at : the report on another point; raises FunctionError where f has no value.
    Raises InputError if the claim is an array: it holds at x alone.
    """
    if gradient is not None and not callable(gradient):
        raise InputError(
            "points= needs a gradient that is a function of x, got "
            f"{type(gradient).__name__}, which holds at one point only"
        )
    random = np.random.default_rng(seed)
    if isinstance(points, bool):
        special = points_of(x, random) if points else []
        return at_points(report, special, check_at, made=True)
    return at_points(report, given_points(points, random), check_at)
