"""The base point as the user gives it: taken apart, and found fit to be varied."""

from __future__ import annotations

import numpy as np

from clinometer import engines
from clinometer.arrays import is_array, to_float64
from clinometer.errors import InputError
from clinometer.trees import Flattened, Layout, Tree, flatten

__all__ = ["flatten_input", "require_finite"]


def flatten_input(tree: Tree, name: str = "x") -> Flattened:
    """Leaves, paths and way back of a user's tree, whoever knows its containers."""
    flattened = flatten(tree, name)
    if all(is_array(v) or isinstance(v, int | float | complex) for v in flattened[0]):
        return flattened
    registered = engines.flatten_registered(tree)
    if registered is None:
        return flattened
    leaves, paths, rebuild = registered
    return leaves, [name + path.removeprefix("x") for path in paths], rebuild


def require_finite(layout: Layout) -> None:
    """Raise InputError unless every entry is finite."""
    for start, leaf in zip(layout.starts, layout.leaves, strict=False):
        values = to_float64(leaf).reshape(-1)
        finite = np.isfinite(values)
        if not finite.all():
            bad = int(np.argmin(finite))
            raise InputError(
                f"x must be finite, got {layout.place(start + bad)} = {values[bad]}"
            )
