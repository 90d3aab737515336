"""Random directions in lists of torch tensors, made for claims in low precision."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import torch

__all__ = ["directions_of"]

Tensor: TypeAlias = torch.Tensor

DRAWS = 8
"""Draws of signs at most for one direction."""

PLAIN = 0.3
"""A direction is kept if the claim along it is this part of the root-sum-square of its
terms: where they cancel, the claim's own rounding would stand out (76 % are kept)."""

LOW = 0.05
STRETCH = 16.0
"""Small entries move further than they are large, as in `clinometer.check.plan`."""

SAMPLE = 10_000
"""Entries looked at to find the low quantile."""

COMPACT = 2**20
"""Entries from which a direction is held in bfloat16: it is a direction all the same,
known exactly, and takes a quarter of the memory."""


def directions_of(
    leaves: Sequence[Tensor],
    slopes: Sequence[Tensor | None],
    *,
    seed: int,
    each: bool,
    count: int,
) -> list[dict[int, Tensor]]:
    """Directions, each a tensor for every leaf that it moves, by the leaf's number.

    slopes : what is claimed for each leaf; used only to avoid sums that cancel.
    each : one leaf a direction, count for each; else all leaves together.
    """
    groups = [[k] for k in range(len(leaves))] if each else [[*range(len(leaves))]]
    whole = _typical_of_all(leaves)

    def way(k: int, turn: int) -> Tensor:
        own = _mixed(seed, k, turn)
        return _direction(leaves[k], slopes[k], whole=whole, seed=own)

    return [
        {k: way(k, turn) for k in group} for group in groups for turn in range(count)
    ]


def _mixed(seed: int, leaf: int, turn: int) -> int:
    """A seed of its own for each direction of each leaf."""
    return ((seed * 1_000_003 + leaf) * 1_009 + turn) * DRAWS


def _direction(
    leaf: Tensor, slope: Tensor | None, *, whole: float, seed: int
) -> Tensor:
    """Random signs times the entries' sizes."""
    size = _sizes(leaf, whole)
    spread = 0.0
    if slope is not None and leaf.numel() > 1:
        spread = float((slope.detach() * size).square().sum().sqrt())
    best, largest = size, -1.0
    for draw in range(DRAWS):
        generator = torch.Generator().manual_seed(seed + draw)
        signs = torch.randint(
            0, 2, leaf.shape, dtype=torch.int8, generator=generator
        ).to(leaf.device)
        way = torch.where(signs == 1, size, -size)
        if slope is None or spread == 0.0 or not math.isfinite(spread):
            best = way
            break
        share = abs(float((slope.detach() * way).sum())) / spread
        if share > largest:
            best, largest = way, share
        if share >= PLAIN:
            break
    return best.to(torch.bfloat16) if leaf.numel() > COMPACT else best.double()


def _sizes(leaf: Tensor, whole: float) -> Tensor:
    """How far each entry moves: its own size, or a part of the leaf's typical size."""
    own = leaf.detach().abs()
    if own.dtype in {torch.float16, torch.bfloat16}:
        own = own.float()
    largest = float(own.max())
    if largest == 0 or not math.isfinite(largest):
        return torch.full_like(own, whole)
    sample = own.reshape(-1)[:: max(1, own.numel() // SAMPLE)]
    sample = sample[sample > 0]
    typical = float(_rms(own, largest))
    if sample.numel():
        low = float(torch.quantile(sample.double(), LOW))
        floor = min(typical, STRETCH * low)
    else:
        floor = typical
    one_signed = bool((leaf > 0).all()) or bool((leaf < 0).all())
    return own if one_signed else own.clamp_min(floor)


def _rms(own: Tensor, largest: float) -> float:
    return largest * float((own / largest).square().mean().sqrt())


def _typical_of_all(leaves: Sequence[Tensor]) -> float:
    """Median size of the leaves that are not zero; stands in for those that are."""
    sizes = [float(leaf.detach().abs().max()) for leaf in leaves]
    known = sorted(size for size in sizes if size > 0 and math.isfinite(size))
    return known[len(known) // 2] if known else 1.0
