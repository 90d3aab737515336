"""What a library says about one gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from benchmarks.case import Floats


@final
@dataclass(frozen=True, eq=False)
class Answer:
    """What a library said about one gradient.

    value : (n,) NaN where it said nothing.
    bar : (n,) half width of its error bar, or None if it gives none.
    points, calls : evaluations of f, and calls in which they were made.
    seconds : wall time.
    fault : the exception it ended with, or None.
    """

    value: Floats
    bar: Floats | None
    points: int
    calls: int
    seconds: float
    fault: str | None
