"""What f is given: points as arrays of x's own library, dtype and device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import each_from_float64, from_float64, is_array, to_float64
from clinometer.trees import Layout

__all__ = ["Arguments", "argument", "batch"]

Floats = NDArray[np.float64]


@final
class Arguments:
    """Points for one call each; converted at once, for that is most of the work."""

    def __init__(self, layout: Layout, rows: Floats) -> None:
        """Convert the rows (P, n); later writes into rows do not show."""
        made = [_separate(leaf, part) for leaf, part in _parts(layout, rows)]
        self._held = [held for held, _ in made]
        self._each = [each for _, each in made]
        self._kept = [None if held is None else to_float64(held) for held in self._held]

    def __iter__(self) -> Iterator[list[Any]]:
        """The leaves of x at each point, to be changed by nobody."""
        return map(list, zip(*self._each, strict=True))

    def written(self) -> int | None:
        """The first point whose leaves were written to; None if none was."""
        first: list[int] = []
        for held, kept in zip(self._held, self._kept, strict=True):
            if kept is None:
                continue
            other = kept != (held if isinstance(held, np.ndarray) else to_float64(held))
            if other.any():
                first.append(int(np.argmax(other.any(axis=1))))
        return min(first, default=None)


def batch(layout: Layout, rows: Floats) -> list[Any]:
    """The leaves of x at all points, the points (P) along a first axis.

    rows : (P, n), which nobody else uses: a float64 leaf that is all of x shares it.
    """
    if _is_plain(layout):
        return [rows.reshape(len(rows), *layout.shapes[0])]
    return [from_float64(part, leaf) for leaf, part in _parts(layout, rows)]


def argument(layout: Layout, k: int, entries: Floats) -> Any:
    """Leaf k from its entries (E), which nobody else uses."""
    leaf, own = layout.leaves[k], entries.reshape(layout.shapes[k])
    if not is_array(leaf):
        return float(own)
    return own if _is_plain(layout) else from_float64(own, leaf)


def _separate(leaf: Any, part: Floats) -> tuple[Any, Sequence[Any]]:
    """Arrays like a leaf, one for each point, and what holds them, if one can write."""
    if not is_array(leaf):
        return None, part.tolist()
    return each_from_float64(part, leaf)


def _parts(layout: Layout, rows: Floats) -> Iterator[tuple[Any, Floats]]:
    """Each leaf with its part (P, *shape) of the points."""
    leaves = zip(layout.leaves, layout.shapes, layout.slices(), strict=True)
    for leaf, shape, where in leaves:
        yield leaf, rows[:, where].reshape(len(rows), *shape)


def _is_plain(layout: Layout) -> bool:
    """Whether x is one float64 array of NumPy, what most callers pass."""
    (leaf, *others) = layout.leaves
    float64 = np.dtype(np.float64)
    return type(leaf) is np.ndarray and leaf.dtype == float64 and not others
