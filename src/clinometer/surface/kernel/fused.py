"""The field, computed by the kernel: as `PlainField`, on the CPU, many times faster."""

from __future__ import annotations

import ctypes
from typing import final

import torch
from torch import Tensor, nn

from clinometer.errors import InputError
from clinometer.stencil import Stencil
from clinometer.surface.field import FieldShape, initial
from clinometer.surface.kernel.functions import Asked, Debt, Weights, slopes, values
from clinometer.surface.kernel.library import (
    Level,
    Library,
    levels_of,
    library_for,
    processors,
)
from clinometer.surface.kernel.memory import Shelf

__all__ = ["FusedField"]


@final
class FusedField(nn.Module):
    """A field whose values and gradients come from one compiled kernel.

    shape, seed : as for PlainField; the same parameters begin with the same values.
    threads : to compute with; None takes all processors this process may use. Results
        do not depend on it.
    owed : None, or a list where the way back leaves what the table's gradient consists
        of; it is then not handed to autograd. `TableAdam` starts one and clears it.

    Parameters must stay float32 on the CPU. Points take no gradient.
    Raises InputError for shapes that the kernel does not know, and MissingExtraError
    where it cannot be compiled.
    """

    def __init__(
        self,
        shape: FieldShape,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> None:
        super().__init__()
        start = initial(shape, seed)
        self.shape = shape
        self.active = shape.grid.levels
        self.owed: list[Debt] | None = None
        self.table = nn.Parameter(start.table)
        self.first = nn.Parameter(start.first)
        self.first_bias = nn.Parameter(start.first_bias)
        self.second = nn.Parameter(start.second)
        self.second_bias = nn.Parameter(start.second_bias)
        self._library = library_for(shape)
        self._levels = levels_of(shape.grid)
        self._shelf = Shelf()
        self.use_threads(processors() if threads is None else threads)

    def use_threads(self, threads: int) -> None:
        """How many threads compute from now on, in all fields of this shape.

        Raises InputError unless threads is at least 1.
        """
        if threads < 1:
            raise InputError(f"threads must be at least 1, got {threads}")
        self._library.use_threads(threads)

    def outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N) distances and (N, features) features."""
        distance, features = self._values(x, torch.zeros(1, 3), features=True)
        return distance[0], features

    def taps(self, x: Tensor, stencil: Stencil, h: float) -> Tensor:
        """(K, N) distances at the stencil's points."""
        return self._values(x, _offsets(stencil, h), features=False)[0]

    def outputs_and_taps(
        self, x: Tensor, stencil: Stencil, h: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What `outputs` and `taps` return, (N), (N, features), (K, N), in one go."""
        offsets = torch.cat([torch.zeros(1, 3), _offsets(stencil, h)])
        distance, features = self._values(x, offsets, features=True)
        return distance[0], features, distance[1:]

    def slopes(self, x: Tensor) -> Tensor:
        """(N, 3) the analytical gradient of the distance, as exact as its values."""
        return slopes(self._asked(x, torch.zeros(1, 3)), self._weights())

    @torch.no_grad()
    def distances(self, x: Tensor) -> Tensor:
        """(N) distances without a record."""
        return self._values(x, torch.zeros(1, 3), features=False)[0][0]

    @property
    def library(self) -> Library:
        """The compiled functions."""
        return self._library

    @property
    def levels(self) -> ctypes.Array[Level]:
        """The levels of the grid, as the kernel reads them."""
        return self._levels

    def _values(
        self, x: Tensor, offsets: Tensor, *, features: bool
    ) -> tuple[Tensor, Tensor]:
        return values(self._asked(x, offsets), self._weights(), features=features)

    def _asked(self, x: Tensor, offsets: Tensor) -> Asked:
        return Asked(
            shape=self.shape,
            library=self._library,
            levels=self._levels,
            shelf=self._shelf,
            x=_points(x),
            offsets=offsets,
            active=self.active,
            owed=self.owed,
        )

    def _weights(self) -> Weights:
        weights = self.table, self.first, self.first_bias, self.second, self.second_bias
        for weight in weights:
            if weight.dtype != torch.float32 or weight.device.type != "cpu":
                raise InputError(
                    "parameters of a fused field must stay float32 on the CPU, got "
                    f"{weight.dtype} on {weight.device}; PlainField takes any"
                )
        return weights


def _offsets(stencil: Stencil, h: float) -> Tensor:
    """(K, 3) float32 what is added to a point to come to the stencil's points."""
    if stencil.dimensions != 3:
        raise InputError(
            f"the stencil must have 3 dimensions, got {stencil.dimensions}"
        )
    if not h > 0:
        raise InputError(f"h must be positive, got {h}")
    return torch.tensor((stencil.offsets * h).tolist(), dtype=torch.float32)


def _points(x: Tensor) -> Tensor:
    """Points as the kernel reads them."""
    if x.ndim != 2 or x.shape[1] != 3:
        raise InputError(f"points must be (N, 3), got {tuple(x.shape)}")
    if x.dtype != torch.float32 or x.device.type != "cpu":
        raise InputError(
            "points of a fused field must be float32 on the CPU, got "
            f"{x.dtype} on {x.device}: x.float().cpu()"
        )
    if x.requires_grad and torch.is_grad_enabled():
        raise InputError(
            "a fused field gives no gradient by points: x.detach(), or PlainField"
        )
    return x.detach().contiguous()
