"""Numbers and tables in plain text, aligned, without any library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

__all__ = [
    "Json",
    "aligned",
    "counted",
    "digits",
    "number",
    "plain",
    "quantity",
    "ratio",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

WIDEST = 9
"""Significant digits printed at most; a bar may allow more, a reader seldom."""

NEARLY = 1e-4
"""Distance from 1 below which a ratio's first five digits would say 1."""

GAP = "  "


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: columns as wide as their widest cell, two blanks apart."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        GAP.join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in [head, *rows]
    ]


def number(value: float | None) -> str:
    """A number in print, "–" for none."""
    return "–" if value is None else f"{value:.{WIDEST}g}"


def quantity(value: float | None, error: float) -> str:
    """A value and its bar in print, the value no longer than the bar allows."""
    if value is None:
        return "not measured" if math.isinf(error) else "–"
    if error == 0 or not math.isfinite(error):
        return f"{value:.{WIDEST}g} ± {error:.1g}"
    known = math.ceil(math.log10(abs(value) / error)) + 1 if value else 1
    return f"{value:.{min(max(known, 1), WIDEST)}g} ± {error:.1g}"


def ratio(value: float | None, *, near: bool) -> str:
    """A ratio in print; near: whether one near 1 is shown by its distance from 1."""
    if value is None:
        return "–"
    off = value - 1
    return f"1{off:+.1e}" if near and abs(off) < NEARLY else f"{value:.5g}"


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun: "1 entry", "640 entries"."""
    return f"{count:,} {one if count == 1 else many}"


def digits(resolution: float) -> int:
    """Decimal digits that a relative resolution stands for, from 0 to 17."""
    if not resolution < 1:
        return 0
    if resolution <= 0:
        return 17
    return min(17, math.floor(-math.log10(resolution)))


def plain(value: float | None) -> Json:
    """A number that JSON knows, or the string for one that it does not."""
    return value if value is None or math.isfinite(value) else str(value)
