"""The rules by which a low-precision gradient is judged, for one array of it.

Arithmetic on arrays, no tolerances. A *cell* is a part of the array: all of it, a slice
of any axis, a row (all but the last index fixed), an entry. In every cell the kernel's
error is set against what an eager run of the reference in the same dtype loses there:

norm   the size of the error, in units of the size expected from the eager runs; it may
       be `slack` times the worst that the eager runs themselves show in any cell, each
       judged by the others.
scale  the slope of the error on the exact values, <error, exact> / <exact, exact>. What
       rounding does to it averages out over a cell, a wrong factor stays; it is judged
       by its own scatter within the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.twin.cells import Cells, Sample

__all__ = ["SLACK", "Norm", "Scale", "norm", "scale"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

SLACK = 2.0
"""Errors of a healthy kernel beside those of an eager run, at most: one bit more."""

SIGMAS = 8.0
"""Standard errors that a scale error must exceed, at least: more where the eager runs'
own slopes lie further out, for scatter with long tails."""

DRIFT = 0.5
"""Scale error that a large array may have, in roundoffs; its parts twice that. What is
left of a healthy kernel's roundings is a tenth of a roundoff in the benchmark, and half
of one in a column that is multiplied by one and the same rounded weight."""

FEWEST = 16
"""Units (rows, or entries of a row) from which the scatter of a slope is known."""

ELSEWHERE = 1.5
"""Further factor for parts: where a kernel loses most need not be where eager does."""

UNLIKELY = 3.0
"""-log of the probability that normal errors exceed the least limit: 5 %."""

PRIOR = 4.0
"""Weight of the whole array's relative error beside a cell's own, in units: rows, or
entries where there are none."""


@final
@dataclass(frozen=True, eq=False)
class Norm:
    """What the norm rule says of the cells of one division.

    measured : (cells) the kernel's error, in units of the expected one, worst draw.
    limit : (cells) what it may be; the eager runs' own worst, times slack.
    sees : smallest relative error of a cell that would have been seen: the median cell.
    """

    cells: Cells
    measured: Floats
    limit: Floats
    sees: float

    @property
    def failed(self) -> Bools:
        """(cells) where the error is too large; NaN counts as too large."""
        return ~(self.measured <= self.limit)


@final
@dataclass(frozen=True, eq=False)
class Scale:
    """What the scale rule says of the cells of one division.

    measured : (cells) relative scale error of the kernel, +0.003 for 0.3 % too much.
    error : (cells) its standard error.
    limit : (cells) what its size may be.
    sees : the median limit.
    """

    cells: Cells
    measured: Floats
    error: Floats
    limit: Floats
    sees: float

    @property
    def failed(self) -> Bools:
        """(cells) where the scale is wrong."""
        return np.abs(self.measured) > self.limit


def norm(sample: Sample, cells: Cells, slack: float) -> Norm:
    """The norm rule in every cell of one division."""
    healthy = (sample.eager - sample.exact) ** 2
    others = _expected(sample, cells, healthy, own=False)
    expected = np.maximum(others, _expected(sample, cells, healthy, own=True))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        own = np.sqrt((cells.sums(healthy) / others).mean(axis=0))
        error = cells.sums((sample.kernel - sample.exact) ** 2) / expected
        measured = np.sqrt(error.mean(axis=0))
        worst = np.maximum(_worst(sample, cells, healthy), own.max(initial=0.0))
        limit = slack * worst * (1 if cells.whole else ELSEWHERE)
        seen = limit * np.sqrt(expected / cells.sums(sample.exact**2))
    seen = seen[np.isfinite(seen)]
    sees = float(np.median(seen)) if seen.size else np.inf
    return Norm(cells, measured, limit, sees)


def _expected(sample: Sample, cells: Cells, healthy: Floats, *, own: bool) -> Floats:
    """(K, cells) squared error expected of a healthy run of each draw.

    own : judged by the eager run of that draw, too; else by the others only.

    The mean of the draws in the same cell, and beside it, with the weight of a few
    entries, what the relative error of the whole array makes of the cell; for an entry
    also what its row loses, for an entry near zero is no more exact than others. At
    least what one roundoff of every entry makes.
    """
    draws = len(healthy)
    lost = cells.sums(healthy)
    size = cells.sums(sample.exact**2)
    count = draws if own else draws - 1
    mean = (lost.sum(axis=0) - (0 if own else lost)) / max(count, 1)
    known = _units(sample, cells)[1] * count  # a row's roundings may be common to it
    if cells.rows and len(sample.shape) > 1:
        known = count
    grain = sample.grain**2
    prior = _share(healthy.sum(), (sample.exact**2).sum()) * size
    if cells.entries and sample.shape:
        row = (healthy + grain * sample.exact**2).mean(axis=-1, keepdims=True)
        prior = prior + row
    mixed = (known * mean + PRIOR * prior) / (known + PRIOR)
    least = grain * size
    if cells.entries and sample.shape:
        least = np.maximum(least, grain * (sample.exact**2).mean(-1, keepdims=True))
    absent = grain**2 * (sample.exact**2).mean() + sample.smallest**2
    return np.maximum(mixed, least) + cells.size * absent


def _worst(sample: Sample, cells: Cells, healthy: Floats) -> Floats:
    """(cells) error of the worst beside the expected one, were errors normal.

    A cell counts as many entries as carry its error: (sum of e)**2 / sum of e**2, for
    squared errors e.
    Source: Laurent and Massart, Annals of Statistics 28 (2000), lemma 1: a sum of n
    squares exceeds n + 2 sqrt(n t) + 2 t with probability exp(-t).
    """
    mean = healthy.mean(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = cells.sums(mean)[0] ** 2 / cells.sums(mean**2)[0]
    count = np.where(np.isfinite(count), np.maximum(count, 1.0), cells.size)
    t = (np.log(count.size) + UNLIKELY) / (count * sample.independent)
    return np.sqrt(1 + 2 * np.sqrt(t) + 2 * t)


def scale(sample: Sample, cells: Cells, slack: float) -> Scale | None:
    """The scale rule in every cell of one division; None where cells are too small."""
    rows, units = _units(sample, cells)
    if units < FEWEST or (cells.rows and len(sample.shape) > 1):
        return None
    measured, error, heavy = _slope(sample, cells, sample.kernel, rows=rows)
    own, spread, weight = _slope(sample, cells, sample.eager, rows=rows)
    bias = DRIFT if cells.whole else 2 * DRIFT
    drift = sample.grain * max(bias, 1 / np.sqrt(units))
    with np.errstate(invalid="ignore", divide="ignore"):
        strange = np.abs(own) / (spread * (1 + FEWEST / weight))
        strange = strange[(weight >= FEWEST) & np.isfinite(strange)]
        sigmas = max(SIGMAS, slack * float(strange.max(initial=0.0)))
        scatter = sigmas * (1 + FEWEST / heavy) * error
        limit = np.maximum(drift, np.maximum(scatter, slack * np.abs(own)))
    limit = np.where(heavy >= FEWEST, limit, np.inf)
    known = limit[np.isfinite(limit)]
    return Scale(
        cells, measured, error, limit, float(np.median(known)) if known.size else np.inf
    )


def _units(sample: Sample, cells: Cells) -> tuple[bool, int]:
    """What scatters within a cell: whether rows (else entries), and how many."""
    shape = sample.shape
    if cells.rows or len(shape) < 2 or len(shape) - 1 in cells.kept:
        return False, cells.size
    return True, cells.size // shape[-1]


def _slope(
    sample: Sample, cells: Cells, run: Floats, *, rows: bool
) -> tuple[Floats, Floats, Floats]:
    """(cells) slope of a run's error on the exact values, and its standard error.

    The third is how many units carry the slope: (sum of weights)**2 / sum of squares.
    """
    along = ((run - sample.exact) * sample.exact).sum(axis=0, keepdims=True)
    size = (sample.exact**2).sum(axis=0, keepdims=True)
    if rows:
        along, size = along.sum(-1, keepdims=True), size.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = cells.sums(size)[0]
        slope = cells.sums(along)[0] / total
        rest = along - np.asarray(cells.spread(slope, rows=rows)) * size
        error = np.sqrt(cells.sums(rest**2)[0]) / total
        heavy = total**2 / cells.sums(size**2)[0]
    empty = total <= 0
    return (
        np.where(empty, 0.0, slope),
        np.where(empty, np.inf, error),
        np.where(empty, 0.0, heavy),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0
