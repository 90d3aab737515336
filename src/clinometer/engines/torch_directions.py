"""Random directions in lists of torch tensors, and leaves moved along them.

Of a direction only the signs are kept, a bit an entry; how far an entry moves follows
from the leaf. Moved leaves stand in memory once, written anew for every point: a large
model is checked within twice its own size.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Moves", "Way", "directions_of"]

Tensor: TypeAlias = torch.Tensor
Bits: TypeAlias = NDArray[np.uint8]

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

PIECE = 2**18
"""Entries worked on at once: 2 MiB of float64. A multiple of eight, for signs come in
bytes."""

SIGNS = np.where(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), 1.0, -1.0
)
"""(256, 8) the signs that each byte stands for: five times as fast as a choice."""


@final
@dataclass(frozen=True)
class _Sizes:
    """How far the entries of a leaf move, in units of the leaf.

    floor : least move; all of them where the leaf's own sizes tell nothing.
    level : whether all move by it.
    """

    floor: float
    level: bool

    def of(self, piece: Tensor) -> Tensor:
        """(P) moves of some entries, in float64, without sign."""
        if self.level:
            return torch.full_like(piece, self.floor, dtype=torch.float64)
        return piece.double().abs().clamp_min_(self.floor)


@final
@dataclass(frozen=True, eq=False)
class Way:
    """A direction in one leaf: signs, a bit an entry, and sizes."""

    bits: Bits
    sizes: _Sizes

    def of(self, piece: Tensor, where: slice) -> Tensor:
        """(P) moves of the entries at those flat places, in float64."""
        part = SIGNS.take(self.bits[where.start // 8 : (where.stop + 7) // 8], axis=0)
        signs = torch.from_numpy(part.reshape(-1)[: piece.numel()])
        return self.sizes.of(piece).mul_(signs.to(piece.device))


@final
class Moves:
    """Leaves of a function, moved along directions.

    directions : of each the leaves that it moves, by number, and how.
    """

    def __init__(
        self, leaves: Sequence[Tensor], directions: Sequence[Mapping[int, Way]]
    ) -> None:
        self._leaves = leaves
        self._directions = directions
        self._there: list[Tensor] = []

    def claimed(self, slopes: Sequence[Tensor | None]) -> Tensor:
        """(K) claimed slope along each direction, in float64; NaN passes on."""
        found: list[float] = []
        for direction in self._directions:
            total = 0.0
            for k, way in direction.items():
                slope = slopes[k]
                if slope is not None:
                    total += _along(self._leaves[k], slope, way)
            found.append(total)
        return torch.tensor(found, dtype=torch.float64)

    def at(self, t: Sequence[float], *, double: bool) -> list[Tensor]:
        """The leaves at x + sum of t times direction: the same tensors at every call.

        double : whether they are float64; else computed so, and rounded to their own
            dtype.
        """
        dtypes = [torch.float64 if double else leaf.dtype for leaf in self._leaves]
        if [there.dtype for there in self._there] != dtypes:
            self._there = [
                torch.empty_like(leaf, dtype=dtype)
                for leaf, dtype in zip(self._leaves, dtypes, strict=True)
            ]
        moving = [
            (way, step)
            for way, step in zip(self._directions, t, strict=True)
            if step != 0
        ]
        with torch.no_grad():
            for k, (leaf, there) in enumerate(
                zip(self._leaves, self._there, strict=True)
            ):
                ways = [(way[k], step) for way, step in moving if k in way]
                _move(leaf, ways, out=there)
        return self._there


def _move(leaf: Tensor, ways: list[tuple[Way, float]], *, out: Tensor) -> None:
    """Write leaf + sum of steps times ways into out, piece by piece."""
    if not ways:
        out.copy_(leaf)
        return
    for where, piece, target in _pieces(leaf, out):
        moved = torch.empty_like(piece, dtype=torch.float64).copy_(piece)
        for way, step in ways:
            moved.add_(way.of(piece, where).view(moved.shape), alpha=float(step))
        target.copy_(moved.view(target.shape))


def _along(leaf: Tensor, slope: Tensor, way: Way) -> float:
    """Claimed slope along a way, in units of f."""
    return sum(
        float((way.of(piece, where) * part.double().reshape(-1)).sum())
        for where, piece, part in _pieces(leaf, slope.detach())
    )


def _pieces(leaf: Tensor, other: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Both tensors flat, PIECE entries at a time, where that needs no copy of all.

    What does not lie in one piece comes whole: a flat copy of the leaf, and the other
    flat, or as it is shaped if it is to be written to.
    """
    size = leaf.numel()
    if leaf.is_contiguous() and other.is_contiguous():
        flat, beside = leaf.view(-1), other.view(-1)
        for start in range(0, size, PIECE):
            where = slice(start, min(start + PIECE, size))
            yield where, flat[where], beside[where]
    else:
        yield slice(0, size), leaf.reshape(-1), other


def directions_of(
    leaves: Sequence[Tensor],
    slopes: Sequence[Tensor | None],
    *,
    seed: int,
    each: bool,
    count: int,
) -> list[dict[int, Way]]:
    """Directions, each a way for every leaf that it moves, by the leaf's number.

    slopes : what is claimed for each leaf; used only to avoid sums that cancel.
    each : one leaf a direction, count for each; else all leaves together.
    """
    groups = [[k] for k in range(len(leaves))] if each else [[*range(len(leaves))]]
    whole = _typical_of_all(leaves)
    sizes = [_sizes(leaf, whole) for leaf in leaves]
    norms = [
        _norm(leaf, slope, size)
        for leaf, slope, size in zip(leaves, slopes, sizes, strict=True)
    ]

    def way(k: int, turn: int) -> Way:
        own = _mixed(seed, k, turn)
        return _way(leaves[k], slopes[k], sizes[k], norm=norms[k], seed=own)

    return [
        {k: way(k, turn) for k in group} for group in groups for turn in range(count)
    ]


def _mixed(seed: int, leaf: int, turn: int) -> int:
    """A seed of its own for each direction of each leaf."""
    return ((seed * 1_000_003 + leaf) * 1_009 + turn) * DRAWS


def _way(
    leaf: Tensor, slope: Tensor | None, sizes: _Sizes, *, norm: float, seed: int
) -> Way:
    """Random signs, drawn again where what is claimed along them cancels.

    norm : root-sum-square of the claimed terms, in units of f.
    """
    ways: list[tuple[float, Way]] = []
    for draw in range(DRAWS):
        generator = torch.Generator().manual_seed(seed + draw)
        signs = torch.randint(
            0, 2, (leaf.numel(),), dtype=torch.uint8, generator=generator
        )
        way = Way(np.packbits(signs.numpy()), sizes)
        if slope is None or not 0 < norm < math.inf:
            return way
        share = abs(_along(leaf, slope, way)) / norm
        if share >= PLAIN:
            return way
        ways.append((share, way))
    return max(ways, key=lambda pair: pair[0])[1]


def _norm(leaf: Tensor, slope: Tensor | None, sizes: _Sizes) -> float:
    """Root-sum-square of the claimed terms, in units of f; 0 where none can cancel."""
    if slope is None or leaf.numel() == 1:
        return 0.0
    squares = sum(
        float((sizes.of(piece) * part.double().reshape(-1)).square_().sum())
        for _, piece, part in _pieces(leaf, slope.detach())
    )
    return math.sqrt(squares)


def _sizes(leaf: Tensor, whole: float) -> _Sizes:
    """How far each entry moves: its own size, or a part of the leaf's typical size.

    whole : typical size of all leaves, for one of zeros.
    """
    low, high = (float(edge) for edge in torch.aminmax(leaf.detach()))
    largest = max(abs(low), abs(high))
    if largest == 0 or not math.isfinite(largest):
        return _Sizes(whole, level=True)
    if low > 0 or high < 0:  # of one sign, which may not change
        return _Sizes(0.0, level=False)
    squares = sum(
        float((piece.double() / largest).square_().sum())
        for _, piece, _ in _pieces(leaf, leaf)
    )
    typical = largest * math.sqrt(squares / leaf.numel())
    every = leaf.detach().reshape(-1)[:: max(1, leaf.numel() // SAMPLE)]
    sample = every.double().abs()
    sample = sample[sample > 0]
    if not sample.numel():
        return _Sizes(typical, level=False)
    low = float(torch.quantile(sample, LOW))
    return _Sizes(min(typical, STRETCH * low), level=False)


def _typical_of_all(leaves: Sequence[Tensor]) -> float:
    """Median size of the leaves that are not zero; stands in for those that are."""
    sizes = [
        max(abs(float(edge)) for edge in torch.aminmax(leaf.detach()))
        for leaf in leaves
    ]
    known = sorted(size for size in sizes if size > 0 and math.isfinite(size))
    return known[len(known) // 2] if known else 1.0
