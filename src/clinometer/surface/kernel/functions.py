"""The kernel's functions as autograd knows them, with their ways back."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from clinometer.surface.field import FieldShape
from clinometer.surface.kernel.library import (
    Gradient,
    Level,
    Library,
    Owed,
    Parameters,
    Question,
    SlopeCotangent,
    Slopes,
    ValueCotangent,
    Values,
    address,
)
from clinometer.surface.kernel.memory import Lease, Shelf

__all__ = ["Asked", "Debt", "Weights", "slopes", "values"]

Weights: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""table, first, first_bias, second, second_bias: float32 on the CPU."""


@final
@dataclass(frozen=True, eq=False)
class Debt:
    """What the way back owes to the table's gradient, with all that it stands on."""

    asked: Asked
    slope: Tensor | None
    encoded: Lease

    @property
    def owed(self) -> Owed:
        """As the kernel reads it."""
        asked = self.asked
        return Owed(
            asked.question, address(self.slope), self.encoded.address, asked.active
        )


@final
@dataclass(frozen=True, eq=False)
class Asked:
    """What a field is asked for, and what it is computed with.

    x : (N, 3), offsets : (K, 3) float32, contiguous. active : levels that count.
    owed : where the way back leaves the table's gradient; None hands it to autograd.
    """

    shape: FieldShape
    library: Library
    levels: ctypes.Array[Level]
    shelf: Shelf
    x: Tensor
    offsets: Tensor
    active: int
    owed: list[Debt] | None

    @property
    def question(self) -> Question:
        """As the kernel reads it."""
        sizes = len(self.x), len(self.offsets)
        return Question(address(self.x), address(self.offsets), *sizes)

    def parameters(self, weights: tuple[Tensor, ...]) -> Parameters:
        """Contiguous weights as the kernel reads them."""
        return Parameters(*map(address, weights), self.levels, self.active)

    @property
    def blocks(self) -> int:
        """How many blocks the points fill."""
        return -(-len(self.x) // self.library.block_points)


def values(asked: Asked, weights: Weights, *, features: bool) -> tuple[Tensor, Tensor]:
    """(K, N) distances and (N, features) features at the first offset.

    features : whether they are wanted; otherwise they are (0).
    """
    if _recording(weights):
        return _recorded_values(asked, features, *weights)
    return _values(asked, weights, None, features=features)


def slopes(asked: Asked, weights: Weights) -> Tensor:
    """(N, 3) the analytical gradient of the distance at the first offset."""
    if _recording(weights):
        return _recorded_slopes(asked, *weights)
    return _slopes(asked, weights, None)


def _recording(weights: Weights) -> bool:
    return torch.is_grad_enabled() and any(w.requires_grad for w in weights)


def _values(
    asked: Asked, weights: tuple[Tensor, ...], kept: Lease | None, *, features: bool
) -> tuple[Tensor, Tensor]:
    points = len(asked.x)
    distance = torch.empty(len(asked.offsets), points)
    wanted = torch.empty(points, asked.shape.features) if features else torch.empty(0)
    if kept is None and len(asked.offsets) > 1:
        kept = _lease_blocks(asked)
    asked.library.values(
        asked.parameters(weights),
        asked.question,
        Values(
            address(distance),
            address(wanted) if features else None,
            kept.address if kept else None,
        ),
    )
    return distance, wanted


def _slopes(asked: Asked, weights: tuple[Tensor, ...], kept: Lease | None) -> Tensor:
    slope = torch.empty(len(asked.x), 3)
    asked.library.slopes(
        asked.parameters(weights),
        asked.question,
        Slopes(address(slope), kept.address if kept else None),
    )
    return slope


class _Values(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, asked: Asked, features: Any, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        weights = _keep(ctx, asked, weights, kept=_lease_blocks(asked))
        distance, wanted = _values(asked, weights, ctx.kept, features=features)
        if not features:
            ctx.mark_non_differentiable(wanted)
        return distance, wanted

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        by_distance, by_features = cast("tuple[Tensor | None, ...]", grad_outputs)
        asked: Asked = ctx.asked
        if by_distance is None:
            by_distance = torch.zeros(len(asked.offsets), len(asked.x))
        by_distance = by_distance.contiguous()
        by_features = None if by_features is None else by_features.contiguous()
        by = ValueCotangent(
            address(by_distance), address(by_features), ctx.kept.address
        )
        parts = len(asked.offsets)
        back = asked.library.values_back
        return None, None, *_gradients(ctx, back, by, slope=None, parts=parts)


class _Slopes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, asked: Asked, *weights: Tensor) -> Tensor:
        kept = asked.shelf.lease(asked.blocks * asked.library.slope_block_bytes)
        weights = _keep(ctx, asked, weights, kept=kept)
        return _slopes(asked, weights, ctx.kept)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        by_slope = cast("Tensor", grad_outputs[0]).contiguous()
        by = SlopeCotangent(address(by_slope), ctx.kept.address)
        back = ctx.asked.library.slopes_back
        return None, *_gradients(ctx, back, by, slope=by_slope, parts=2)


_recorded_values = cast(
    "Callable[..., tuple[Tensor, Tensor]]",
    _Values.apply,
)

_recorded_slopes = cast(
    "Callable[..., Tensor]",
    _Slopes.apply,
)


def _lease_blocks(asked: Asked) -> Lease:
    return asked.shelf.lease(
        asked.blocks * len(asked.offsets) * asked.library.block_bytes
    )


def _keep(
    ctx: Any, asked: Asked, weights: tuple[Tensor, ...], *, kept: Lease
) -> tuple[Tensor, ...]:
    """Notes what the way back needs; returns the weights, contiguous."""
    weights = tuple(weight.contiguous() for weight in weights)
    ctx.save_for_backward(*weights)
    ctx.set_materialize_grads(False)
    ctx.asked = asked
    ctx.kept = kept
    return weights


def _gradients(
    ctx: Any,
    back: Callable[..., None],
    by: ctypes.Structure,
    *,
    slope: Tensor | None,
    parts: int,
) -> tuple[Tensor | None, ...]:
    """Gradients by all weights; the table's is None where it is owed.

    slope : cotangents of slopes, where the way back is theirs.
    parts : numbers a feature of the grid is changed by, for each point.
    """
    asked: Asked = ctx.asked
    weights: tuple[Tensor, ...] = ctx.saved_tensors
    wanted = ctx.needs_input_grad[-len(weights)]
    table = torch.zeros_like(weights[0]) if wanted and asked.owed is None else None
    others = [torch.zeros_like(weight) for weight in weights[1:]]
    library = asked.library
    rows = asked.blocks * parts * library.block_points
    encoded = asked.shelf.lease(rows * asked.shape.grid.width * 4)
    partial = asked.shelf.lease(asked.blocks * library.partial_bytes)
    back(
        asked.parameters(weights),
        asked.question,
        by,
        Gradient(*map(address, [table, *others]), encoded.address, partial.address),
    )
    if wanted and asked.owed is not None:
        asked.owed.append(Debt(asked, slope, encoded))
    return table, *others
