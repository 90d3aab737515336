"""Seconds that a call takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

__all__ = ["seconds_of"]

FEWEST = 3
"""Calls timed at least, where the budget allows for them."""

MOST = 1_000
"""Calls timed at most: more would tell nothing about the median."""


def seconds_of(run: Callable[[], object], budget: float) -> float:
    """Median seconds of a call, the first of which (compiling, caches) is left out.

    run : does the work and waits for its result.
    budget : seconds to spend on it; where a single call takes longer, that call is it.
    """
    began = time.perf_counter()
    run()
    first = time.perf_counter() - began
    if first > FEWEST * budget:
        return first
    spent: list[float] = []
    while len(spent) < MOST and (len(spent) < FEWEST or sum(spent) < budget):
        began = time.perf_counter()
        run()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)
