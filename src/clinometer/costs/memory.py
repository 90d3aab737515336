"""Memory that a call takes, where no graph tells."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

__all__ = ["peak_of_call"]


def peak_of_call(run: Callable[[], object]) -> int | None:
    """Largest size of what one call held at once, bytes; None where others trace.

    NumPy tells Python's tracing of memory about its arrays. What a compiled library
    takes for itself stays unseen.
    """
    if tracemalloc.is_tracing():
        return None
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
