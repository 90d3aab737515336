"""Constants that gradients are off by, with their names and how special they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

__all__ = ["Length", "Named", "decimal_of", "lengths_of", "name_of"]

KNOWN = {
    "pi": math.pi,
    "2 pi": 2 * math.pi,
    "4 pi": 4 * math.pi,
    "sqrt(2)": math.sqrt(2),
    "sqrt(3)": math.sqrt(3),
    "sqrt(pi)": math.sqrt(math.pi),
    "sqrt(2 pi)": math.sqrt(2 * math.pi),
    "log 2": math.log(2),
    "log 10": math.log(10),
    "e": math.e,
    "180 / pi": 180 / math.pi,
}
"""Constants with a name; their inverses and negatives count as well."""

LARGEST = 10_000_000
"""Whole numbers up to here are told from accident, where the digits suffice."""


@final
@dataclass(frozen=True)
class Length:
    """A count that occurs in x, in words: "the length of axis 0 of x['w']"."""

    count: int
    words: str
    own: bool


@final
@dataclass(frozen=True)
class Named:
    """A constant with its name.

    value : what the name stands for.
    words : the name, such as "1/1797 = 1 / the length of axis 0 of x['X']".
    bits : length of the description; fewer are more special.
    own : whether it is a count of the leaf itself, or the inverse of one.
    """

    value: float
    words: str
    bits: float
    own: bool = False


def lengths_of(
    shapes: Sequence[tuple[str, tuple[int, ...]]], own: str
) -> tuple[Length, ...]:
    """The counts in the shapes of all leaves (path, shape), own ones first."""
    found: dict[int, Length] = {}
    for path, shape in sorted(shapes, key=lambda pair: pair[0] != own):
        size = math.prod(shape)
        here = path == own
        counts = [
            (length, f"the length of axis {axis} of {path}")
            for axis, length in enumerate(shape)
        ]
        counts.append((size, f"the number of entries of {path}"))
        for count, words in counts:
            if count > 1:
                found.setdefault(count, Length(count, words, here))
    return tuple(found.values())


def name_of(
    factor: float, tolerance: float, lengths: Sequence[Length] = ()
) -> Named | None:
    """The most special constant that a factor may be, or None.

    factor : not 0.
    tolerance : by how much it may be off, relative.
    """
    size, sign = abs(factor), math.copysign(1.0, factor)
    near = [
        named
        for named in _candidates(size, lengths)
        if abs(size - named.value) <= tolerance * named.value
    ]
    if not near:
        return None
    best = min(near, key=lambda named: named.bits)
    if sign > 0:
        return best
    return Named(-best.value, f"-{best.words}", best.bits + 1, best.own)


def decimal_of(factor: float, tolerance: float) -> Named | None:
    """The decimal of at most two digits that a coefficient may be, or None.

    factor : not 0.
    tolerance : by how much it may be off, relative.
    """
    for digits, bits in ((1, 7.0), (2, 11.0)):
        words = f"{factor:.{digits}g}"
        if abs(factor - float(words)) <= tolerance * abs(factor):
            return Named(float(words), words, bits + (factor < 0))
    return None


def _candidates(size: float, lengths: Sequence[Length]) -> Iterator[Named]:
    """Constants of a size like that of the factor."""
    yield Named(1.0, "1", 0.0)
    for value, inverse in ((size, False), (1 / size, True)):
        whole = round(value) if value < LARGEST else 0
        if whole > 1:
            words = f"1/{whole}" if inverse else str(whole)
            bits = 2 + math.log2(whole)
            bits += 0 if whole <= 10 else 3
            number = 1 / whole if inverse else float(whole)
            yield Named(number, words, bits)
            for length in lengths:
                if length.count == whole and whole > 2:
                    said = f"1 / {length.words}" if inverse else length.words
                    cost = 3.0 if length.own else 4.0
                    yield Named(
                        number, f"{words} = {said}", min(bits - 0.5, cost), length.own
                    )
        for length in lengths:
            root = math.sqrt(length.count)
            said = f"sqrt({length.count}), {length.count} = {length.words}"
            number = 1 / root if inverse else root
            yield Named(number, f"1 / {said}" if inverse else said, 7.0)
        for name, constant in KNOWN.items():
            number = 1 / constant if inverse else constant
            yield Named(number, f"1 / ({name})" if inverse else name, 8.0)
    fraction = Fraction(size).limit_denominator(12) if size < 100 else Fraction(1)
    if fraction.denominator > 1 and fraction.numerator > 1:
        bits = 4 + math.log2(fraction.numerator * fraction.denominator)
        yield Named(float(fraction), str(fraction), bits)
    power = round(math.log10(size)) if size > 0 else 0
    if power:
        words = f"10**{power}" if power > 0 else f"1e{power}"
        yield Named(10.0**power, words, 5 + math.log2(abs(power)))
