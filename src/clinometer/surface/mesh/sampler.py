"""The field, asked in batches at places of a lattice, and the range of its answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clinometer.errors import InputError

__all__ = ["Distance", "Ints", "Sampler"]

Distance: TypeAlias = Callable[[Tensor], Tensor]
"""(N, 3) float32 points in scene units -> (N) distances, negative inside."""

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]

BATCH = 2**16
"""Points in one call. The hidden layer of 32 then takes 8 MiB, which a cache holds."""


@final
class Sampler:
    """Distances at lattice points, scaled so that the lattice spans -1 ... 1.

    distance : the field. device : where its points shall be.
    closed : whether the ball of radius 1 is a wall: then the distance to the common
        part of the solid and the ball, max(d, |x| - 1), stands in for d.
    """

    def __init__(
        self, distance: Distance, *, closed: bool, device: torch.device | str
    ) -> None:
        self._distance = distance
        self._closed = closed
        self._device = device
        self.evaluations = 0
        self.lowest, self.highest = math.inf, -math.inf

    def at(self, index: Ints, resolution: int, *, shift: float = 0.0) -> Floats:
        """(N) distances at lattice points.

        index : (N, 3) of the points. resolution : cells per axis.
        shift : added to the index; 0.5 for the middles of cells.
        Raises InputError where the field gives no finite number for each point.
        """
        values = np.empty(len(index), dtype=np.float32)
        for start in range(0, len(index), BATCH):
            part = index[start : start + BATCH]
            x = ((part + shift) * (2.0 / resolution) - 1.0).astype(np.float32)
            values[start : start + BATCH] = self._batch(x)
        return values

    def require_zero(self) -> None:
        """Raises InputError where all distances so far have one sign."""
        if self.lowest < 0 <= self.highest:
            return
        sign = "positive" if self.lowest >= 0 else "negative"
        raise InputError(
            f"the field has no zero set, so there is no surface: it is {sign} at all "
            f"{self.evaluations:,} points in the ball of radius 1 that were looked at, "
            f"from {self.lowest:.3g} to {self.highest:.3g}; train longer, or look "
            "whether the scene's box holds the object"
        )

    @torch.no_grad()
    def _batch(self, x: Floats) -> Floats:
        given = self._distance(torch.as_tensor(x).to(self._device))
        if given.shape != (len(x),):
            raise InputError(
                f"distance must give one number for each of the {len(x)} points, got "
                f"an array of shape {tuple(given.shape)}"
            )
        d = given.detach().to(device="cpu", dtype=torch.float32).numpy()
        if not np.isfinite(d).all():
            bad = int(np.argmin(np.isfinite(d)))
            raise InputError(
                "distances must be finite, got "
                f"{d[bad]} at {x[bad].tolist()}; the field's parameters may hold NaN"
            )
        self.evaluations += len(x)
        beyond = np.linalg.norm(x, axis=1) - 1
        within = d[beyond <= 0]
        if within.size:
            self.lowest = min(self.lowest, float(within.min()))
            self.highest = max(self.highest, float(within.max()))
        return np.maximum(d, beyond) if self._closed else d
