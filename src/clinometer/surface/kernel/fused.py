"""The field, computed by the kernel: as `PlainField`, on the CPU, many times faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast, final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from clinometer.errors import InputError
from clinometer.stencil import Stencil
from clinometer.surface.field import FieldShape, initial
from clinometer.surface.kernel.library import (
    Answer,
    Cotangent,
    Gradient,
    Library,
    Parameters,
    Question,
    address,
    levels_of,
    library_for,
    processors,
)
from clinometer.surface.kernel.memory import Lease, Shelf

__all__ = ["FusedField"]


@final
class FusedField(nn.Module):
    """A field whose values and gradients come from one compiled kernel.

    shape, seed : as for PlainField; the same parameters begin with the same values.
    threads : to compute with; None takes all processors this process may use. Results
        do not depend on it.
    in_place : whether the table's gradient is added to `table.grad` by the kernel
        itself, on the way back. It saves passes over the whole table. Off, gradients
        are handed to autograd, as any function does: `torch.autograd.grad` needs that.

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
        in_place: bool = False,
    ) -> None:
        super().__init__()
        start = initial(shape, seed)
        self.shape = shape
        self.active = shape.grid.levels
        self.in_place = in_place
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
        distance, features = self._evaluate(x, torch.zeros(1, 3), features=True)
        return distance[0], features

    def taps(self, x: Tensor, stencil: Stencil, h: float) -> Tensor:
        """(K, N) distances at the stencil's points."""
        return self._evaluate(x, _offsets(stencil, h), features=False)[0]

    def outputs_and_taps(
        self, x: Tensor, stencil: Stencil, h: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What `outputs` and `taps` return, (N), (N, features), (K, N), in one go."""
        offsets = torch.cat([torch.zeros(1, 3), _offsets(stencil, h)])
        distance, features = self._evaluate(x, offsets, features=True)
        return distance[0], features, distance[1:]

    @torch.no_grad()
    def distances(self, x: Tensor) -> Tensor:
        """(N) distances without a record."""
        return self._evaluate(x, torch.zeros(1, 3), features=False)[0][0]

    def _evaluate(
        self, x: Tensor, offsets: Tensor, *, features: bool
    ) -> tuple[Tensor, Tensor]:
        asked = _Asked(self, _points(x), offsets, features, self.active)
        weights = self.table, self.first, self.first_bias, self.second, self.second_bias
        _require_float32(*weights)
        if torch.is_grad_enabled() and any(w.requires_grad for w in weights):
            return _recorded(asked, *weights)
        return _evaluate(asked, weights, None)

    # --- for the functions below ----------------------------------------------

    @property
    def library(self) -> Library:
        """The compiled functions."""
        return self._library

    def parameters_of(self, weights: tuple[Tensor, ...], active: int) -> Parameters:
        """Where contiguous parameters stand, as the kernel reads them."""
        return Parameters(*map(address, weights), self._levels, active)

    def lease(self, size: int) -> Lease:
        """Memory of so many bytes."""
        return self._shelf.lease(size)


@final
@dataclass(frozen=True, eq=False)
class _Asked:
    """An evaluation: points x (N, 3) at offsets (K, 3), at the first with features."""

    field: FusedField
    x: Tensor
    offsets: Tensor
    features: bool
    active: int

    @property
    def question(self) -> Question:
        sizes = len(self.x), len(self.offsets)
        return Question(address(self.x), address(self.offsets), *sizes)

    @property
    def blocks(self) -> int:
        """How many blocks the points fill."""
        return -(-len(self.x) // self.field.library.block_points)


def _evaluate(
    asked: _Asked, weights: tuple[Tensor, ...], kept: Lease | None
) -> tuple[Tensor, Tensor]:
    """(K, N) distances and (N, features) features, or (0) where none are asked for."""
    field, points = asked.field, len(asked.x)
    distance = torch.empty(len(asked.offsets), points)
    features = torch.empty(points, field.shape.features) if asked.features else None
    field.library.evaluate(
        field.parameters_of(weights, asked.active),
        asked.question,
        Answer(address(distance), address(features), kept.address if kept else None),
    )
    return distance, torch.empty(0) if features is None else features


class _Evaluate(torch.autograd.Function):
    """`_evaluate`, with a way back to the parameters."""

    @staticmethod
    def forward(ctx: Any, asked: _Asked, *weights: Tensor) -> tuple[Tensor, Tensor]:
        weights = tuple(w.contiguous() for w in weights)
        blocks = asked.blocks * len(asked.offsets)
        ctx.kept = asked.field.lease(blocks * asked.field.library.block_bytes)
        ctx.asked = asked
        ctx.save_for_backward(*weights)
        ctx.set_materialize_grads(False)
        distance, features = _evaluate(asked, weights, ctx.kept)
        if not asked.features:
            ctx.mark_non_differentiable(features)
        return distance, features

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        by_distance, by_features = cast("tuple[Tensor | None, ...]", grad_outputs)
        asked: _Asked = ctx.asked
        field, weights = asked.field, ctx.saved_tensors
        if by_distance is None:
            by_distance = torch.zeros(len(asked.offsets), len(asked.x))
        by_distance = by_distance.contiguous()
        by_features = None if by_features is None else by_features.contiguous()
        table = _table_gradient(field, weights[0], wanted=ctx.needs_input_grad[1])
        others = [torch.zeros_like(weight) for weight in weights[1:]]
        grid, library = field.shape.grid, field.library
        rows = asked.blocks * len(asked.offsets) * library.block_points
        encoded = field.lease(rows * grid.width * 4)
        partial = field.lease(asked.blocks * library.partial_bytes)
        library.differentiate(
            field.parameters_of(weights, asked.active),
            asked.question,
            Cotangent(address(by_distance), address(by_features), ctx.kept.address),
            Gradient(*map(address, [table, *others]), encoded.address, partial.address),
        )
        return None, None if field.in_place else table, *others


_recorded = cast(
    "Callable[..., tuple[Tensor, Tensor]]",
    _Evaluate.apply,  # pyright: ignore[reportUnknownMemberType]
)


def _table_gradient(field: FusedField, table: Tensor, *, wanted: bool) -> Tensor | None:
    """What the kernel adds the table's gradient to; None if it is not wanted."""
    if not wanted:
        return None
    if not field.in_place:
        return torch.zeros_like(table)
    if field.table.grad is None:
        field.table.grad = torch.zeros_like(table)
    return field.table.grad


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


def _require_float32(*weights: Tensor) -> None:
    for weight in weights:
        if weight.dtype != torch.float32 or weight.device.type != "cpu":
            raise InputError(
                "parameters of a fused field must stay float32 on the CPU, got "
                f"{weight.dtype} on {weight.device}; PlainField takes any"
            )
