"""What can be said of wrong entries that are no multiple of any field.

Each finder looks at one set of wrong entries and returns a `Pattern` or None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from clinometer.check.diagnose.evidence import Bools, Floats, LeafEvidence
from clinometer.check.diagnose.places import Kind, Region, log2_choose
from clinometer.check.diagnose.words import gap_of
from clinometer.check.diagnosis import Cause

__all__ = ["COARSE", "Pattern", "duplicates_of", "named_pattern", "pattern_of"]

FEW = 0.1
"""Share of a leaf's entries up to which wrong ones count as single."""

LOSSY = 1e-2
"""Relative error up to which lost digits may explain it."""

CONVINCING = 8.0
"""Bits that a pattern must save: one in 256 does so by accident."""

FOLLOWS = 0.5
"""Correlation of a with n from which on a part of n is there; of K independent entries
it is 1 / sqrt(K) by accident."""

COARSE = 1e-5
"""Material difference from which on a leaf's dtype is coarser than float64."""

DTYPES = (
    ("float32", np.float32, 2.0**-24),
    ("bfloat16", None, 2.0**-8),
    ("float16", np.float16, 2.0**-11),
)
"""Dtypes that claims may have been rounded to, with their unit roundoffs."""


@final
@dataclass(frozen=True)
class Pattern:
    """A cause told by a pattern. gain : bits it saves beside a list of the entries."""

    cause: Cause
    evidence: str
    gain: float


def pattern_of(leaf: LeafEvidence, wrong: Bools, region: Region) -> Pattern:
    """The pattern of some wrong entries, UNEXPLAINED or ENTRIES where there is none.

    region : where they are.
    """
    if not leaf.directions:
        found = named_pattern(leaf, wrong)
        if found is not None:
            return found
        found = _noisy(leaf, wrong) or _slabs(leaf, wrong, region)
        if found is not None:
            return found
    said = gap_of(leaf, wrong)
    count, known = int(wrong.sum()), int(leaf.known.sum())
    if not leaf.directions and count <= max(3, FEW * known) and count < known:
        return Pattern(Cause.ENTRIES, said, 0.0)
    return _related(leaf, wrong) or Pattern(Cause.UNEXPLAINED, said, 0.0)


def named_pattern(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """The pattern that saves bits beside a list of the entries, if there is one."""
    if leaf.directions:
        return None
    for finder in (_sorted, _clipped, _rounded, _low_rank, _constant):
        found = finder(leaf, wrong)
        if found is not None and found.gain > CONVINCING:
            return found
    return None


def _sorted(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """The same values in other places, in no order that has a name."""
    a, n = leaf.analytic[wrong], leaf.numerical[wrong]
    slack, count = leaf.slack[wrong], int(wrong.sum())
    if count < 2 or count > 2**20:
        return None
    order, other = np.argsort(a, kind="stable"), np.argsort(n, kind="stable")
    near = np.abs(a[order] - n[other]) <= slack[order] + slack[other]
    if not near.all():
        return None
    gain = float(leaf.bits[wrong].sum()) - log2_choose(count, count // 2)
    gain -= count * np.log2(count) + 5
    said = f"the {count:,} wrong entries of a are those of n in another order"
    return Pattern(Cause.PERMUTED, said, gain)


def _clipped(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Claims whose size is cut off at a bound, where slopes are larger than that."""
    a, n = leaf.analytic, leaf.numerical
    size = np.abs(a[wrong])
    bound = float(size.max())
    if wrong.sum() < 2 or bound == 0 or not leaf.right.any():
        return None
    level = np.abs(size - bound) <= leaf.rtol * bound
    beyond = np.abs(n[wrong]) > bound
    inside = np.abs(a[leaf.right]) <= bound + leaf.slack[leaf.right]
    if not (level.all() and beyond.all() and inside.all()):
        return None
    if not (np.sign(a[wrong]) == np.sign(n[wrong])).all():
        return None
    bits = leaf.bits[wrong]
    gain = float(bits.sum() - bits.max()) - 5 + int(leaf.right.sum())
    said = (
        f"|a| is {bound:.6g} wherever |n| is larger, at {int(wrong.sum()):,} entries: "
        "clipped"
    )
    return Pattern(Cause.COTANGENT_NONLINEAR, said, gain)


def duplicates_of(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Claims that are a half, a third, ... of n, as the last of several equal ones."""
    with np.errstate(all="ignore"):
        times = leaf.numerical[wrong] / leaf.analytic[wrong]
        slack = leaf.slack[wrong] / np.abs(leaf.analytic[wrong])
    if leaf.directions or not np.isfinite(times).all() or wrong.sum() < 2:
        return None
    whole = np.round(times)
    if not ((np.abs(times - whole) <= np.minimum(slack, 0.1)) & (whole > 1)).all():
        return None
    gain = float(leaf.bits[wrong].sum() - 2 * np.log2(whole).sum()) - 6
    kinds = np.unique(whole).astype(int)
    if kinds.size < 2 or gain <= 0:
        return None
    listed = ", ".join(f"1/{k}" for k in kinds[:4])
    said = (
        f"a / n is {listed}{', ...' if kinds.size > 4 else ''} at {int(wrong.sum()):,} "
        "entries, as where one of several equal contributions is left"
    )
    return Pattern(Cause.DUPLICATES, said, gain)


def _rounded(leaf: LeafEvidence, _wrong: Bools) -> Pattern | None:
    """Claims that are numbers of a coarser dtype next to the slopes."""
    a, n = leaf.analytic[leaf.known], leaf.numerical[leaf.known]
    moved = (a != 0) & (np.abs(a) < 1e30)
    if moved.sum() < 2:
        return None
    scaled = np.ldexp(a, -int(np.frexp(np.abs(a).max())[1]))  # float16 ends at 65504
    for name, dtype, unit in DTYPES:
        near = np.abs(a - n) <= 8 * unit * np.abs(n) + leaf.bar[leaf.known]
        large = np.abs(scaled) > 2.0**-14
        alike = _cast(scaled, dtype) == scaled
        if near[moved].all() and alike[moved & large].all() and (moved & large).any():
            off = float((np.abs(a - n)[moved] / np.abs(a[moved])).max() / unit)
            said = (
                f"a is n rounded to {name}: every entry is a number of {name}, off by "
                f"at most {off:.1g} of its unit roundoff, {unit:.1g}"
            )
            gain = float(moved.sum()) * (52 + np.log2(unit))
            return Pattern(Cause.PRECISION, said, gain)
    return None


def _cast(values: Floats, dtype: type[np.floating] | None) -> Floats:
    """The nearest numbers of a dtype; None is bfloat16, which NumPy lacks."""
    if dtype is not None:
        return values.astype(dtype).astype(np.float64)
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.round(np.ldexp(fraction, 8)), exponent - 8)


def _noisy(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Small errors of either sign all over: digits that were lost."""
    a, n = leaf.analytic[wrong], leaf.numerical[wrong]
    count = int(wrong.sum())
    if count > 1 and leaf.rtol > COARSE and _close(leaf):
        off = float(np.max(np.abs(a - n) / np.abs(n)))
        said = f"{gap_of(leaf, wrong)}, {off / DTYPES[0][2]:.2g} roundoffs of float32"
        return Pattern(Cause.PRECISION, said, 0.0)
    if count < 4 or count < FEW * leaf.known.sum():
        return None
    gap = a - n
    level = np.abs(n[np.isfinite(n)]).max(initial=0.0)
    both = min((gap > 0).sum(), (gap < 0).sum())
    if level == 0 or both < count / 8 or np.abs(gap).max() > LOSSY * level:
        return None
    off = float(np.sqrt(np.mean(np.square(gap)))) / float(level)
    unit = next((d for d in DTYPES if off < 1e4 * d[2]), DTYPES[-1])
    said = (
        f"{count:,} of {leaf.known.sum():,} entries are off by {off:.0e} of the "
        f"largest, either way: {off / unit[2]:.2g} unit roundoffs of {unit[0]}"
    )
    return Pattern(Cause.PRECISION, said, 0.0)


def _close(leaf: LeafEvidence) -> bool:
    """Whether all claims follow the slopes within lost digits."""
    a, n = leaf.analytic[leaf.known], leaf.numerical[leaf.known]
    return bool((np.abs(a - n) <= LOSSY * np.abs(n) + leaf.bar[leaf.known]).all())


def _low_rank(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """A residual that is a product of few vectors."""
    if len(leaf.shape) < 2 or not leaf.known.all():
        return None
    rows = leaf.shape[0]
    residual = (leaf.numerical - leaf.analytic).reshape(rows, -1)
    slack = leaf.slack.reshape(residual.shape)
    columns = residual.shape[1]
    if min(rows, columns) < 3 or max(rows, columns) > 1024:
        return None
    u, s, v = np.linalg.svd(residual, full_matrices=False)
    bits = float(leaf.bits[wrong].mean())
    for rank in range(1, (min(rows, columns) + 1) // 2):
        part = (u[:, :rank] * s[:rank]) @ v[:rank]
        if (np.abs(residual - part) <= 4 * slack).all():
            free = rank * (rows + columns - rank)
            gain = float(leaf.bits[wrong].sum()) - bits * free - 4
            said = (
                f"n - a has rank {rank}, where {min(rows, columns)} is possible; "
                f"{gap_of(leaf, wrong)}"
            )
            return Pattern(Cause.MISSING_TERM, said, gain)
    return None


def _constant(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """A claim, or a residual, that is constant along an axis."""
    if not leaf.known.all() or wrong.sum() < 2:
        return None
    for name, cause, field in (
        ("a", Cause.BROADCAST, leaf.analytic),
        ("n - a", Cause.MISSING_TERM, leaf.numerical - leaf.analytic),
    ):
        slack = leaf.rtol * np.abs(field) if name == "a" else leaf.slack
        for axis, length in enumerate(leaf.shape):
            whole = field.reshape(leaf.shape)
            apart = np.abs(whole - whole.mean(axis=axis, keepdims=True))
            if length > 1 and (apart <= 2 * slack.reshape(leaf.shape)).all():
                gain = float(leaf.bits[wrong].sum()) * (1 - 1 / length) - 4
                said = f"{name} is constant along axis {axis}; {gap_of(leaf, wrong)}"
                return Pattern(cause, said, gain)
    return None


def _slabs(leaf: LeafEvidence, wrong: Bools, region: Region) -> Pattern | None:
    """Whole rows that are wrong here and there, each in a way of its own."""
    scattered = region.kind is Kind.SLABS and region.axis == 0 and len(leaf.shape) > 1
    if not scattered or region.chosen is None or int(wrong.sum()) < 3:
        return None
    count = region.chosen.size
    if count > 1 and np.diff(region.chosen).max() == 1:  # no accident of indices
        return None
    off = np.abs(leaf.analytic[wrong] - leaf.numerical[wrong])
    if not (off > 1e-3 * np.abs(leaf.numerical[wrong])).mean() > 0.9:
        return None
    verb = "is" if count == 1 else "are"
    said = (
        f"{region.words} {verb} wrong throughout, in no fixed ratio, and all "
        "others are right, as where repeated indices overwrite each other"
    )
    return Pattern(Cause.DUPLICATES, said, 0.0)


def _related(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Claims that follow the slopes from afar: a part of them is there."""
    a, n = leaf.analytic[leaf.known], leaf.numerical[leaf.known]
    if a.size < 6:
        return None
    scale = max(float(np.abs(a).max()), float(np.abs(n).max()))
    a, n = a / scale, n / scale
    norms = float(np.sqrt((a * a).sum() * (n * n).sum()))
    alike = float((a * n).sum()) / norms if norms > 0 else 0.0
    if alike < max(FOLLOWS, 3 / np.sqrt(a.size)):
        return None
    rest = float(np.sqrt(np.square(n - a).sum() / np.square(n).sum()))
    said = (
        f"a follows n (correlation {alike:.2f}), n - a is {rest:.2g} of n and no "
        "multiple of it; " + gap_of(leaf, wrong)
    )
    return Pattern(Cause.MISSING_TERM, said, 0.0)
