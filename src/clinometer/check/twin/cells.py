"""The arrays that a twin check compares, and their divisions into cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "Sample", "groupings"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


FINE = 2.0**-24
"""Unit roundoff of float32, in which kernels of coarser dtypes compute inside."""


CUTS = 4
"""Tiles that an axis, or a tile, is cut into."""

NARROWEST = 16
"""Indices of a tile at least: as many rows as tell the scatter of a slope."""


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """One array three times over, for K cotangents.

    path : which array; the gradient of an input, or a value.
    exact : (K, ...) from the reference in float64.
    kernel : (K, ...) from the kernel.
    eager : (K, ...) from the reference in the kernel's dtype.
    roundoff : unit roundoff of that dtype.
    smallest : its smallest positive number.
    """

    path: str
    exact: Floats
    kernel: Floats
    eager: Floats
    roundoff: float
    smallest: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.exact.shape[1:]

    @property
    def grain(self) -> float:
        """Relative error that is always healthy: a roundoff; four where the dtype is as
        fine as what kernels compute with inside, so that their roundings add up.
        """
        return self.roundoff * (1 if self.roundoff > FINE else 4)

    @property
    def independent(self) -> int:
        """Draws of the kernel that differ; its value is the same in all."""
        same = len(self.kernel) > 1 and np.array_equal(self.kernel[0], self.kernel[1])
        return 1 if same else len(self.kernel)

    def cured(self, where: Bools) -> Sample:
        """The sample with the kernel's values made exact in some entries (...)."""
        kernel = np.where(where[None], self.exact, self.kernel)
        return Sample(
            self.path, self.exact, kernel, self.eager, self.roundoff, self.smallest
        )


@final
@dataclass(frozen=True)
class Cells:
    """A division of an array into cells: those with the same indices on some axes.

    kept : these axes; none for the whole array, all for its entries.
    shape : shape of the array.
    width : so many indices of the one axis kept go together, as in a tile; a divisor of
        its length, 1 for slices.
    """

    kept: tuple[int, ...]
    shape: tuple[int, ...]
    width: int = 1

    @property
    def whole(self) -> bool:
        """Whether there is one cell, the array."""
        return not self.kept

    @property
    def entries(self) -> bool:
        """Whether each entry is a cell."""
        return len(self.kept) == len(self.shape) and self.width == 1

    @property
    def size(self) -> int:
        """Entries in a cell."""
        return _product(self.shape) // _product(self.counts)

    @property
    def counts(self) -> tuple[int, ...]:
        """Shape of an array with one number a cell."""
        return tuple(self.shape[axis] // self.width for axis in self.kept)

    @property
    def rows(self) -> bool:
        """Whether a cell lies within one row."""
        outer = tuple(range(len(self.shape) - 1))
        return self.kept[: len(outer)] == outer and self.width == 1

    def sums(self, values: Floats) -> Floats:
        """(K, cells) sums over each cell, of values (K, ...)."""
        gone = tuple(a + 1 for a in range(len(self.shape)) if a not in self.kept)
        found = values.sum(axis=gone) if gone else values
        if self.width == 1:
            return found
        return found.reshape(len(found), -1, self.width).sum(axis=-1)

    def spread(
        self, per_cell: NDArray[np.generic], *, rows: bool = False
    ) -> NDArray[np.generic]:
        """The number of its cell for every entry, or row: (cells) to an array (...).

        rows : for every row; the last axis, which must not be kept, has length 1 then.
        """
        shape = (*self.shape[:-1], 1) if rows else self.shape
        ones = [n if a in self.kept else 1 for a, n in enumerate(shape)]
        each = per_cell if self.width == 1 else np.repeat(per_cell, self.width)
        return np.broadcast_to(each.reshape(ones), shape)

    def name(self, index: Sequence[int]) -> str:
        """A cell as Python would index it, such as [0, :, 3]; empty for the whole."""
        if self.whole:
            return ""
        words = [":"] * len(self.shape)
        for axis, cell in zip(self.kept, index, strict=True):
            first = cell * self.width
            tile = f"{first}:{first + self.width}"
            words[axis] = str(cell) if self.width == 1 else tile
        return f"[{', '.join(words)}]"


def groupings(shape: tuple[int, ...]) -> Iterator[Cells]:
    """Divisions, coarse to fine: whole, tiles, slices, heads, rows, entries."""
    axes = range(len(shape))
    kept = [(), *[(axis,) for axis in axes]]
    kept += [tuple(range(depth)) for depth in range(2, len(shape) + 1)]
    wanted = [tuple(axis for axis in some if shape[axis] > 1) for some in kept]
    wanted = [some for some in wanted if len(some) < sum(n > 1 for n in shape)]
    wanted.append(tuple(axes))
    coarsest, *others = dict.fromkeys(wanted)
    yield Cells(coarsest, shape)
    yield from _tiles(shape)
    yield from (Cells(some, shape) for some in others)


def _tiles(shape: tuple[int, ...]) -> Iterator[Cells]:
    """Every axis of a matrix or more cut into 4 tiles, and these again, down to 16."""
    for axis, length in enumerate(shape if len(shape) > 1 else ()):
        width = length
        while width % CUTS == 0 and width // CUTS >= NARROWEST:
            width //= CUTS
            yield Cells((axis,), shape, width)


def _product(counts: Sequence[int]) -> int:
    return int(np.prod(counts, dtype=np.int64))
