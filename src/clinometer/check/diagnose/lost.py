"""Digits that a claim has lost: to a coarser dtype, to integers, to cancellation."""

from __future__ import annotations

import numpy as np

from clinometer.check.diagnose.evidence import Bools, Floats, LeafEvidence, Pattern
from clinometer.check.diagnose.words import gap_of
from clinometer.check.diagnosis import Cause

__all__ = ["COARSE", "noisy", "rounded", "whole"]

SOME = 0.1
"""Least share of a leaf's entries that lost digits make wrong."""

LOSSY = 1e-2
"""Relative error up to which lost digits may explain it."""

COARSE = 1e-5
"""Material difference from which on a leaf's dtype is coarser than float64."""

DTYPES = (
    ("float32", np.float32, 2.0**-24),
    ("bfloat16", None, 2.0**-8),
    ("float16", np.float16, 2.0**-11),
)
"""Dtypes that claims may have been rounded to, with their unit roundoffs."""


TYPICAL = 3.0
"""Unit roundoffs, as a power of two, that sums in a dtype are off by."""

UNITS = (1.0, 0.1, 0.01, 0.001, 1e-4)
"""What claims may have been rounded to a multiple of."""

DISTINCT = 3
"""Fewest sizes of wrong claims that are told from signs, or a constant."""

WHOLE = 12.0
"""Bits of each entry that is a multiple of such a unit where slopes are none."""


def rounded(leaf: LeafEvidence, _wrong: Bools) -> Pattern | None:
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


def whole(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Claims that were cut off or rounded to whole numbers, or to a few decimals."""
    a, n = leaf.analytic[leaf.known], leaf.numerical[leaf.known]
    off, slack, bad = np.abs(a - n), leaf.slack[leaf.known], wrong[leaf.known]
    if np.unique(np.abs(a[bad])).size < DISTINCT:
        return None
    for unit in UNITS:
        with np.errstate(over="ignore"):
            coarse = np.abs(a - unit * np.round(a / unit)) <= 1e-12 * np.abs(a)
            between = np.abs(n - unit * np.round(n / unit)) > slack
        if not (coarse.all() and (off < unit + slack).all() and between[bad].all()):
            continue
        said = (
            f"every a is a multiple of {unit:g}, at most {float(off.max()):.2g} from n"
            f": {'rounded to integers' if unit == 1 else 'rounded to decimals'}"
        )
        gain = WHOLE * float(np.count_nonzero(a[bad]))
        cause = Cause.FORM if unit == 1 else Cause.PRECISION
        return Pattern(cause, said, gain)
    return None


def noisy(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Small errors of either sign all over: digits that were lost."""
    a, n = leaf.analytic[wrong], leaf.numerical[wrong]
    count = int(wrong.sum())
    if count > 1 and leaf.rtol > COARSE and close(leaf):
        off = float(np.max(np.abs(a - n) / np.abs(n)))
        said = f"{gap_of(leaf, wrong)}, {off / DTYPES[0][2]:.2g} roundoffs of float32"
        return Pattern(Cause.PRECISION, said, 0.0)
    if count < 4 or count < SOME * leaf.known.sum():
        return None
    gap = a - n
    level = np.abs(n[np.isfinite(n)]).max(initial=0.0)
    both = min((gap > 0).sum(), (gap < 0).sum())
    if level == 0 or both < count / 8 or np.abs(gap).max() > LOSSY * level:
        return None
    off = float(np.sqrt(np.mean(np.square(gap)))) / float(level)
    unit = min(DTYPES, key=lambda d: abs(np.log2(off / d[2]) - TYPICAL))
    said = (
        f"{count:,} of {leaf.known.sum():,} entries are off by {off:.0e} of the "
        f"largest, either way: {off / unit[2]:.2g} unit roundoffs of {unit[0]}"
    )
    return Pattern(Cause.PRECISION, said, 0.0)


def close(leaf: LeafEvidence) -> bool:
    """Whether all claims follow the slopes within lost digits."""
    a, n = leaf.analytic[leaf.known], leaf.numerical[leaf.known]
    return bool((np.abs(a - n) <= LOSSY * np.abs(n) + leaf.bar[leaf.known]).all())


def _cast(values: Floats, dtype: type[np.floating] | None) -> Floats:
    """The nearest numbers of a dtype; None is bfloat16, which NumPy lacks."""
    if dtype is not None:
        return values.astype(dtype).astype(np.float64)
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.round(np.ldexp(fraction, 8)), exponent - 8)
