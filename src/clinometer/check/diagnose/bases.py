"""What a wrong gradient may be a multiple of: fields made from n, from x, from others.

A base stands for one sentence of a diagnosis, "a = c * base" or, for a term that is
missing, "n - a = c * base". All are arrays over the entries of one leaf.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from clinometer.check.diagnose.evidence import Floats, LeafEvidence
from clinometer.check.diagnosis import Cause

__all__ = ["Base", "bases_of"]

MOST_AXES = 4
"""Permutations of so many axes are tried."""

MOST_ROLLS = 64
"""Shifts by fewer entries than this are tried."""

MOST_ENTRIES = 2**16
"""In larger leaves only multiples of n and missing terms are tried: it takes seconds
and gigabytes to go through all arrangements of ten million entries."""


@final
@dataclass(frozen=True, eq=False)
class Base:
    """A field that the claim, or what it lacks, may be a multiple of.

    words : the field in a formula, such as "n" or "x".
    values, slack : (E) the field and how well it is known; NaN where it is not.
    bits : how far-fetched it is.
    named : whether the multiple is dimensionless, so that a special one counts.
    missing : whether n - a is a multiple of it, rather than a.
    remark : what it means, added to the evidence.
    """

    cause: Cause
    words: str
    values: Floats
    slack: Floats
    bits: float
    named: bool = True
    missing: bool = False
    remark: str = ""


def bases_of(leaf: LeafEvidence, others: Sequence[LeafEvidence]) -> Iterator[Base]:
    """All bases that a leaf of E > 0 entries offers, the plainest first.

    others : the other leaves of x.
    """
    n = np.where(leaf.known, leaf.numerical, np.nan)
    slack = _slack_of(leaf)
    yield Base(Cause.FACTOR, "n", n, slack, 2.0)
    if leaf.directions:
        return
    yield from _of_x(leaf)
    if n.size == 1 or n.size <= MOST_ENTRIES:
        yield from _of_others(leaf, others)
    if not 1 < n.size <= MOST_ENTRIES:
        return
    yield from _nonlinear(n, slack)
    yield from _chained(leaf, n)
    yield from _reduced(n, slack, leaf.shape)
    yield from _arranged(n, slack, leaf.shape)


def _slack_of(leaf: LeafEvidence) -> Floats:
    """(E) by how much n may be off, whatever is claimed."""
    with np.errstate(invalid="ignore"):
        return leaf.bar + leaf.rtol * np.abs(leaf.numerical)


def _of_x(leaf: LeafEvidence) -> Iterator[Base]:
    """Terms of f that depend on x alone."""
    x, none = leaf.x, np.zeros_like(leaf.x)

    def term(words: str, field: Floats, *, bits: float, remark: str = "") -> Base:
        return Base(
            Cause.MISSING_TERM,
            words,
            field,
            none,
            bits,
            named=False,
            missing=True,
            remark=remark,
        )

    yield Base(Cause.MISSING_REGULARISER, "x", x, none, 2.0, named=False, missing=True)
    said = "it is a constant, as of a sum of x"
    yield term("", np.ones_like(x), bits=3.0, remark=said)
    if not ((x > 0).all() or (x < 0).all()):  # else it is a constant
        said = "as of an L1 penalty of that weight"
        yield term("sign(x)", np.sign(x), bits=3.0, remark=said)
    with np.errstate(all="ignore"):
        yield term("x**2", x * x, bits=6.0)
        yield term("x**3", x**3, bits=6.0)
        yield term("/ x", 1 / x, bits=6.0, remark="as of a logarithm of x")
    if x.size <= MOST_ENTRIES:
        for axis, size in enumerate(leaf.shape):
            if size > 2:
                along = f" along axis {axis}" if len(leaf.shape) > 1 else ""
                yield term(
                    "D'D x",
                    _smoothed(x.reshape(leaf.shape), axis).ravel(),
                    bits=6.0,
                    remark="D: differences of neighbours"
                    f"{along}; as of a penalty on their squares",
                )


def _smoothed(x: Floats, axis: int) -> Floats:
    """D'D x, the gradient of half the squared differences of neighbours in x."""
    steps = np.diff(x, axis=axis)
    none = np.zeros_like(np.take(x, [0], axis))
    return -np.diff(np.concatenate([none, steps, none], axis), axis=axis)


def _of_others(leaf: LeafEvidence, others: Sequence[LeafEvidence]) -> Iterator[Base]:
    """The gradients of other arguments of the same size, in place of this or added."""
    for other in others:
        if other.directions or other.path == leaf.path:
            continue
        n = np.where(other.known, other.numerical, np.nan)
        words, slack = f"n of {other.path}", _slack_of(other)
        if other.shape[:1] > (1,) and other.shape[1:] == leaf.shape:
            for k in (0, other.shape[0] - 1):
                row = slice(k * leaf.x.size, (k + 1) * leaf.x.size)
                said = f"{words} at index {k} of axis 0"
                yield Base(Cause.BROADCAST, said, n[row], slack[row], 6.0)
        if other.x.size != leaf.x.size:
            continue
        with np.errstate(invalid="ignore"):
            near = np.abs(leaf.numerical - other.analytic) <= leaf.slack + other.slack
        back = bool(np.mean(near) > 0.5)
        bits = 2.0 if back else 6.0
        if other.shape != leaf.shape:
            words += f", read in the shape {leaf.shape}"
        yield Base(Cause.SWAPPED, words, n, slack, bits)
        if other.shape != leaf.shape:
            continue
        yield Base(Cause.MISSING_TERM, words, n, slack, 8.0, named=False, missing=True)
        yield Base(
            Cause.MISSING_TERM,
            other.path,
            other.x,
            np.zeros_like(other.x),
            6.0,
            named=False,
            missing=True,
            remark="as of a product of the two",
        )


def _nonlinear(n: Floats, slack: Floats) -> Iterator[Base]:
    """What is not linear in the gradient that comes in."""
    cause, size = Cause.COTANGENT_NONLINEAR, np.abs(n)
    with np.errstate(all="ignore"):
        relative = slack / size
        if (n < 0).any():
            yield Base(cause, "|n|", size, slack, 4.0)
        for words, field, power in (
            ("n**2", n * n, 2.0),
            ("n |n|", n * size, 2.0),
            ("n**3", n**3, 3.0),
            ("sign(n) sqrt|n|", np.sign(n) * np.sqrt(size), 0.5),
            ("sign(n)", np.sign(n), 0.0),
            ("1 / n", 1 / n, 1.0),
        ):
            own = power * relative * np.abs(field)
            yield Base(cause, words, field, own, 7.0, named=False)


def _chained(leaf: LeafEvidence, n: Floats) -> Iterator[Base]:
    """Chain factors that are missing, or there once too often."""
    x = leaf.x
    if np.unique(np.abs(x)).size < 2:
        return
    with np.errstate(all="ignore"):
        for words, factor, remark in (
            ("n / x", 1 / x, "a factor proportional to x is missing in the chain"),
            ("n x", x, "a factor x stands there once too often"),
            ("n / x**2", 1 / (x * x), "a factor x**2 is missing in the chain"),
            ("n x**2", x * x, "a factor x**2 stands there once too often"),
        ):
            slack = _slack_of(leaf) * np.abs(factor)
            yield Base(
                Cause.MISSING_TERM, words, n * factor, slack, 7.0, False, False, remark
            )


def _reduced(n: Floats, slack: Floats, shape: tuple[int, ...]) -> Iterator[Base]:
    """Means over axes, spread over them again."""
    field, bars = n.reshape(shape), slack.reshape(shape)
    axes: list[tuple[int, ...]] = [(axis,) for axis in range(len(shape))]
    if len(shape) > 1:
        axes += [tuple(range(len(shape)))]
    for over in axes:
        if all(shape[axis] == 1 for axis in over):
            continue
        mean = np.broadcast_to(field.mean(axis=over, keepdims=True), shape)
        bar = np.broadcast_to(bars.mean(axis=over, keepdims=True), shape)
        words = f"mean of n over {_axes(over, len(shape))}"
        yield Base(Cause.BROADCAST, words, mean.ravel(), bar.ravel(), 4.0)


def _axes(over: tuple[int, ...], dimensions: int) -> str:
    return "all entries" if len(over) == dimensions else f"axis {over[0]}"


def _arranged(n: Floats, slack: Floats, shape: tuple[int, ...]) -> Iterator[Base]:
    """The entries of n in other places."""
    places = np.arange(n.size).reshape(shape)
    seen: set[bytes] = {places.tobytes()}
    for cause, words, bits, order in _orders(places):
        flat = np.ascontiguousarray(order).reshape(-1)
        key = flat.tobytes()
        if key not in seen:
            seen.add(key)
            yield Base(cause, words, n[flat], slack[flat], bits)


def _orders(
    places: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
) -> Iterator[tuple[Cause, str, float, np.ndarray]]:
    """Arrangements (cause, words, bits, which entry stands where)."""
    shape, count = places.shape, places.ndim
    if 1 < count <= MOST_AXES:
        for axes in itertools.permutations(range(count)):
            moved = places.transpose(axes)
            words = f"n with axes {axes}" if count > 2 else "n transposed"
            if moved.shape == shape:
                yield Cause.TRANSPOSED, words, 4.0, moved
            else:
                words += f", read in the shape {shape}"
                yield Cause.TRANSPOSED, words, 5.0, moved
            # what stood in memory with permuted axes, read as if it had not
            inner = tuple(shape[axis] for axis in axes)
            back = tuple(int(axis) for axis in np.argsort(axes))
            read = places.reshape(inner).transpose(back)
            yield Cause.TRANSPOSED, f"n read in the shape {inner}", 5.5, read
    for axis in range(count):
        along = f" along axis {axis}" if count > 1 else ""
        yield Cause.PERMUTED, f"n reversed{along}", 5.0, np.flip(places, axis)
    if count > 1:
        yield Cause.PERMUTED, "n reversed along all axes", 6.0, np.flip(places)
    for axis in range(count):
        along = f" along axis {axis}" if count > 1 else ""
        for by in _shifts(shape[axis]):
            words = f"n shifted by {by}{along}"
            bits = 4.0 + np.log2(2 * abs(by))
            yield Cause.PERMUTED, words, bits, np.roll(places, by, axis)
    if count > 1:
        for by in _shifts(min(places.size, 5)):
            words = f"n shifted by {by} in memory"
            yield Cause.PERMUTED, words, 7.0, np.roll(places, by)


def _shifts(length: int) -> list[int]:
    """Shifts to try along an axis, each once."""
    most = min(length // 2, MOST_ROLLS // 2)
    both = [by for k in range(1, most + 1) for by in (k, -k)]
    return both[:-1] if 2 * most == length and both else both
