"""Counts, times and operations in short."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

from clinometer.operations import Operations
from clinometer.table import Json

__all__ = ["duration", "multiple", "operations_as_dict", "ratio", "short"]

LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
"""Units in which large counts are printed."""

TIMES = (
    (86_400.0, "d"),
    (3_600.0, "h"),
    (60.0, "min"),
    (1.0, "s"),
    (1e-3, "ms"),
    (1e-6, "µs"),
)
"""Units in which seconds are printed."""


def short(count: float | Fraction) -> str:
    """A count in three digits: "37.9k"; whole below 1,000."""
    for size, unit in LARGE:
        if count >= 0.9995 * size:
            return f"{float(count) / size:.3g}{unit}"
    return f"{float(count):.3g}"


def duration(seconds: float) -> str:
    """A time in two digits: "3.1 ms"."""
    size, unit = next((each for each in TIMES if seconds >= each[0]), TIMES[-1])
    number = seconds / size
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"


def multiple(value: float) -> str:
    """A ratio in three digits, with commas where it is large."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(one: Operations | None, other: Operations | None) -> float | None:
    """Multiplications over multiplications; None where one of them is unknown or 0."""
    if one is None or other is None or not other.multiplications:
        return None
    return float(one.multiplications / other.multiplications)


def operations_as_dict(operations: Operations | None) -> Json:
    """Counts by their names; None for unknown ones."""
    if operations is None:
        return None
    counts: dict[str, Json] = {
        field.name: _plain(getattr(operations, field.name))
        for field in fields(operations)
        if field.name != "uncounted"
    }
    names: dict[str, Json] = {k: _plain(n) for k, n in operations.uncounted.items()}
    return {**counts, "uncounted": names}


def _plain(count: int | Fraction) -> int | float:
    """A count that JSON knows; the mean over loops of several lengths may be broken."""
    return int(count) if count.denominator == 1 else float(count)
