"""f in float64 at an x that is coarser: what errors are measured from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from clinometer.arrays import is_array
from clinometer.engines.double import in_float64, widened
from clinometer.evaluate import Function
from clinometer.ladder import Lines

__all__ = ["finer", "value_at"]

FLOAT64 = 2.0**-53
"""Unit roundoff of float64."""


def finer(
    f: Callable[..., Any], function: Function, lines: Lines, *, batched: bool
) -> Function | None:
    """f adapted at x in float64, to be called within `widened`; None where it is not.

    function : f adapted at x as it is.
    lines : one or more through x.

    None where x is float64 already, and where f raises in float64, returns numbers as
    coarse as before, or another value: half of the digits of the coarser have to agree.
    """
    layout = function.layout
    own = value_at(function, lines)
    coarse = max(*layout.roundoff, function.outcome.roundoff)
    if coarse <= FLOAT64:
        return None
    try:
        with widened():
            leaves = [in_float64(p) if is_array(p) else p for p in layout.leaves]
            found = Function(f, layout.rebuild(leaves), batched=batched, scalar="cost")
            value = value_at(found, lines)
    except Exception:  # noqa: BLE001 - whatever f does with float64, x is as it was
        return None
    agree = abs(value - own) <= math.sqrt(coarse) * abs(own)
    return found if agree and found.outcome.roundoff < coarse else None


def value_at(function: Function, lines: Lines) -> float:
    """f(x)."""
    first = lines.entries[:1, 0] * 0
    values = function.values(lines.points(first, lines.scale[:1] * 0))
    return float(values[0, 0])
