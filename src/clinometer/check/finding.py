"""What a check says of one place of a gradient, and of one array, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from clinometer.check.verdict import Verdict
from clinometer.table import Json, counted, digits, plain

__all__ = ["Finding", "LeafSummary", "Ranges"]

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""A part of an array: (start, stop) on each of its axes."""


@final
@dataclass(frozen=True)
class Finding:
    """One place of the gradient and the verdict on it.

    path : where the leaf stands, such as x['w'] or x.
    index : place of the entry in its leaf; None for a whole leaf or a direction.
    direction : number of the random direction within the leaf, None for an entry.
    analytic : claimed derivative, in units of f / x; None if there is none.
    numerical : measured derivative, in units of f / x; None if it was not measured.
    error : half-width of its error bar, in units of f / x; +inf where unknown.
    ratio : analytic / numerical, dimensionless; None where one of them is missing, not
        finite or, for numerical, zero.
    reason : why, in words; empty where the two agree.
    """

    path: str
    index: tuple[int, ...] | None
    direction: int | None
    verdict: Verdict
    analytic: float | None
    numerical: float | None
    error: float
    ratio: float | None
    reason: str

    @property
    def where(self) -> str:
        """The place in print: x['w'][3, 1], or x['w'] direction 2."""
        if self.direction is not None:
            return f"{self.path} direction {self.direction}"
        if not self.index:
            return self.path
        return f"{self.path}[{', '.join(map(str, self.index))}]"

    def as_dict(self) -> dict[str, Json]:
        """The finding in types that JSON knows; see `Report.as_dict`."""
        return {
            "path": self.path,
            "index": None if self.index is None else list(self.index),
            "direction": self.direction,
            "verdict": self.verdict.value,
            "analytic": plain(self.analytic),
            "numerical": plain(self.numerical),
            "error": plain(self.error),
            "ratio": plain(self.ratio),
            "reason": self.reason,
        }


@final
@dataclass(frozen=True)
class LeafSummary:
    """What the check says of one array of x.

    path, shape, dtype : the array.
    entries : how many of its entries were compared one by one.
    directions : along how many random directions it was compared as a whole.
    differ, cannot_tell : how many of these comparisons came out so.
    resolution : largest error, relative to the leaf's largest derivative (to the
        change of f where that is zero), that would have passed; +inf if unknown.
    reason : why the verdict is not that it agrees; else empty.
    where : which part is wrong, in words, "rows 3 and 7"; empty if none is.
    blocks : of a large array the parts found to be wrong, or to hold what is wrong,
        but for single entries: for each axis of the array (start, stop).
    wrong : indices of the entries that are wrong, in order: those compared one by one,
        and in a large array those located, of whose blocks some were tried. Empty where
        they are more than `words.COUNTED`, or were not located.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    entries: int
    directions: int
    differ: int
    cannot_tell: int
    resolution: float
    reason: str
    where: str = ""
    blocks: tuple[Ranges, ...] = ()
    wrong: tuple[tuple[int, ...], ...] = ()

    @property
    def compared(self) -> str:
        """What was compared, in words: "640 entries", "8 directions"."""
        words: list[str] = []
        if self.entries:
            words.append(counted(self.entries, "entry", "entries"))
        if self.directions:
            words.append(counted(self.directions, "direction", "directions"))
        return " + ".join(words) or "nothing"

    @property
    def digits(self) -> int:
        """Decimal digits that the comparison resolves, >= 0."""
        return digits(self.resolution)

    @property
    def resolved(self) -> str:
        """The same in words: "9 digits", or a dash where nothing was compared."""
        if not self.entries + self.directions:
            return "–"
        if self.resolution == 0:
            return "exact"
        return counted(self.digits, "digit", "digits")

    def as_dict(self) -> dict[str, Json]:
        """The summary in types that JSON knows; see `Report.as_dict`."""
        return {
            "path": self.path,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "verdict": self.verdict.value,
            "entries": self.entries,
            "directions": self.directions,
            "differ": self.differ,
            "cannot_tell": self.cannot_tell,
            "resolution": plain(self.resolution),
            "reason": self.reason,
            "where": self.where,
            "blocks": [[list(ends) for ends in block] for block in self.blocks],
            "wrong": [list(index) for index in self.wrong],
        }
