"""Samples placed on rays by the kernel: as `cache.PlainMarcher`, on the CPU."""

from __future__ import annotations

from typing import Protocol, final

import torch
from torch import Tensor

from clinometer.surface.kernel.library import address
from clinometer.surface.kernel.rays import Bundle, Lattice, Placing, RayLibrary

__all__ = ["FusedMarcher"]


class _Rays(Protocol):
    """What is needed of `pixels.Rays`."""

    @property
    def origin(self) -> Tensor: ...
    @property
    def direction(self) -> Tensor: ...
    @property
    def near(self) -> Tensor: ...
    @property
    def far(self) -> Tensor: ...


@final
class FusedMarcher:
    """Looks distances up on a lattice, all of a ray in one go.

    Arguments are those of `cache.Marcher`, float32 on the CPU. Values equal those of
    the plain marcher to float32 rounding, whatever the number of threads.
    """

    def __init__(self, library: RayLibrary) -> None:
        self._library = library

    def closest(self, lattice: Tensor, rays: _Rays, share: Tensor) -> Tensor:
        """(R) the least distance at the shares (T) of the way through the ball."""
        share = share.contiguous()
        found = torch.empty(len(rays.near))
        bundle, kept = _bundle(rays)
        self._library.closest(
            _lattice(lattice), bundle, address(share), len(share), address(found)
        )
        del kept
        return found

    def place(
        self,
        lattice: Tensor,
        rays: _Rays,
        *,
        looked: Tensor,
        share: Tensor,
        sharpness: float,
        uncertain: tuple[float, float],
    ) -> Tensor:
        """(R, S) places t, ascending."""
        looked, share = looked.contiguous(), share.contiguous()
        found = torch.empty_like(share)
        bundle, kept = _bundle(rays)
        by = Placing(
            address(looked),
            address(share),
            looked.shape[1],
            share.shape[1],
            sharpness,
            *uncertain,
        )
        self._library.place(_lattice(lattice), bundle, by, address(found))
        del kept
        return found


def _lattice(values: Tensor) -> Lattice:
    """As the kernel reads it; values are (side, side, side)."""
    return Lattice(address(values), values.shape[0])


def _bundle(rays: _Rays) -> tuple[Bundle, tuple[Tensor, ...]]:
    """Rays as the kernel reads them, and the tensors that must live as long."""
    kept = tuple(
        part.contiguous() for part in (rays.origin, rays.direction, rays.near, rays.far)
    )
    return Bundle(*map(address, kept), len(kept[0])), kept
