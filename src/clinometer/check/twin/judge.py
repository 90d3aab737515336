"""All rules on one array, and the smallest part of it that explains what fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.twin.cells import Cells, Sample, groupings
from clinometer.check.twin.rules import Norm, Scale, norm, scale

__all__ = ["Judgement", "Part", "blamed", "judge"]

Bools: TypeAlias = NDArray[np.bool_]

PER_ENTRY = 0.5
"""Bits that an explanation costs for each entry that it covers: a row of a few hundred
wrong entries is named as a row, three wrong entries in it as three entries."""


@final
@dataclass(frozen=True, eq=False)
class Judgement:
    """What the rules say of one array, division by division.

    norms : one for each division, coarse to fine; the first is of the whole.
    scales : likewise, without those whose cells are too small.
    """

    norms: tuple[Norm, ...]
    scales: tuple[Scale, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule fails in any cell."""
        found = [*self.norms, *self.scales]
        return not any(rule.failed.any() for rule in found)

    def failed(self, cells: Cells) -> Bools:
        """(cells) of one division that fail by any rule."""
        masks = [
            rule.failed for rule in [*self.norms, *self.scales] if rule.cells == cells
        ]
        return np.logical_or.reduce(masks)


@final
@dataclass(frozen=True, eq=False)
class Part:
    """A part of an array: every entry with True.

    cells : the division whose failing cells it is made of.
    """

    where: Bools
    cells: Cells

    @property
    def name(self) -> str:
        """The part in words: "everywhere", "at [:, :, 127]", or some of the entries."""
        if self.where.all():
            return "everywhere"
        sets = self.indices
        product = 1
        for some in sets:
            product *= len(some)
        count = int(self.where.sum())
        if product == count:
            words = [
                _indices(some, n)
                for some, n in zip(sets, self.where.shape, strict=True)
            ]
            return f"at [{', '.join(words)}]"
        places = np.argwhere(self.where)
        if not self.cells.entries:  # name cells, not entries
            kept = list(self.cells.kept)
            places = np.unique(places[:, kept] // self.cells.width, axis=0)
        names = [
            self.cells.name([int(i) for i in place[: len(self.cells.kept)]])
            for place in places[:4]
        ]
        others = len(places) - len(names)
        return "at " + ", ".join(names) + (f" and {others} more" if others else "")

    @property
    def indices(self) -> list[NDArray[np.intp]]:
        """For each axis the indices that occur."""
        axes = range(self.where.ndim)
        return [
            np.flatnonzero(self.where.any(axis=tuple(a for a in axes if a != axis)))
            for axis in axes
        ]

    @property
    def tail(self) -> bool:
        """Whether it is the end of one axis: the last indices, at most half."""
        ends = [
            some[-1] == n - 1 and len(some) == n - some[0] and 2 * len(some) <= n
            for some, n in zip(self.indices, self.where.shape, strict=True)
            if len(some) < n
        ]
        return len(ends) > 0 and all(ends) and self._is_block

    @property
    def _is_block(self) -> bool:
        return int(self.where.sum()) == int(
            np.prod([len(some) for some in self.indices])
        )


def judge(sample: Sample, slack: float) -> Judgement:
    """All rules in all divisions of one array."""
    divisions = list(groupings(sample.shape))
    scales = [scale(sample, cells, slack) for cells in divisions]
    return Judgement(
        tuple(norm(sample, cells, slack) for cells in divisions),
        tuple(found for found in scales if found is not None),
    )


def blamed(sample: Sample, judgement: Judgement, slack: float) -> Part:
    """The part that explains most simply what fails: made exact, the kernel would pass.

    Tried are the failing cells of each division. The simplest takes the fewest bits:
    to name its cells, and for every entry that it has to explain away.
    """
    whole = judgement.norms[0].cells
    best = Part(np.ones(sample.shape, dtype=np.bool_), whole)
    least = best.where.size * PER_ENTRY
    for rule in judgement.norms:
        failed = judgement.failed(rule.cells)
        where = np.asarray(rule.cells.spread(failed), dtype=np.bool_)
        names = int(failed.sum()) * math.log2(failed.size)
        bits = names + int(where.sum()) * PER_ENTRY
        if not where.any() or bits >= least:
            continue
        if judge(sample.cured(where), slack).passed:
            best, least = Part(where, rule.cells), bits
    return best


def _indices(some: NDArray[np.intp], count: int) -> str:
    """Indices of one axis as Python would write them."""
    if len(some) == count:
        return ":"
    if len(some) == 1:
        return str(int(some[0]))
    if some[-1] - some[0] + 1 == len(some):
        stop = "" if some[-1] == count - 1 else str(int(some[-1]) + 1)
        return f"{int(some[0])}:{stop}"
    shown = ", ".join(str(int(i)) for i in some[:6])
    return f"{{{shown}{', …' if len(some) > 6 else ''}}}"
