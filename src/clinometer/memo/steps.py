"""The step of every entry of an array."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.ladder import coordinates, scales
from clinometer.trees import Layout

__all__ = ["steps_for"]

Floats: TypeAlias = NDArray[np.float64]


def steps_for(
    layout: Layout, x: Floats, relative: float, *, sizes: Floats | None
) -> Floats:
    """(n) the step of every entry, such that x + h and x - h are exact.

    Where no sizes are given, an entry counts as large as is typical of its array if it
    is smaller than that; still, no step takes it across zero.
    """
    own = scales(layout, x, sizes)
    if sizes is None:
        for where in layout.slices():
            part = own[where]
            if part.size:
                most = float(part.max())  # taken out, or squares of 1e200 overflow
                typical = most * float(np.sqrt(np.mean(np.square(part / most))))
                own[where] = np.maximum(part, typical)
    lines = coordinates(layout, x, own, free=sizes is not None)
    h = np.minimum(relative * own, lines.reach)
    return lines.representable(h[None])[0]
