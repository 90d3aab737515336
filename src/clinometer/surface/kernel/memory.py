"""Memory that goes back to a shelf when nobody holds it any more.

Training asks for the same tens of megabytes in every step. Fresh memory costs a fault
for each page of 4 kB: some milliseconds a step, which is as much as a kernel's work.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

__all__ = ["Lease", "Shelf"]

SPARES = 6
"""Pieces kept: three each of two evaluations a step, and some to choose from."""


@final
class Shelf:
    """Pieces of memory that are not in use."""

    def __init__(self) -> None:
        self._spares: list[Tensor] = []

    def lease(self, size: int) -> Lease:
        """At least so many bytes, of any content, aligned to 64 bytes."""
        fitting = [m for m in self._spares if size <= m.numel() <= 2 * size + 2**20]
        if fitting:
            memory = min(fitting, key=Tensor.numel)
            self._spares = [m for m in self._spares if m is not memory]
        else:
            # the next step may want a little more
            memory = torch.empty(size + size // 4, dtype=torch.uint8)
        return Lease(self, memory)

    def give_back(self, memory: Tensor) -> None:
        """Puts a piece on the shelf; beyond SPARES the oldest is let go."""
        self._spares = [*self._spares, memory][-SPARES:]


@final
class Lease:
    """A piece of memory, which goes back by itself."""

    def __init__(self, shelf: Shelf, memory: Tensor) -> None:
        self._shelf, self._memory = shelf, memory

    @property
    def address(self) -> int:
        """Where it begins."""
        return self._memory.data_ptr()

    def __del__(self) -> None:
        self._shelf.give_back(self._memory)
