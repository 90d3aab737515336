"""Evidence in sentences that carry numbers."""

from __future__ import annotations

import numpy as np

from clinometer.check.diagnose.evidence import Bools, LeafEvidence
from clinometer.check.diagnose.fit import Fit

__all__ = ["gap_of", "holds_on", "law_of", "short"]

EXACT = 1e-16
"""Distance below which two float64 agree to the last digit, relative."""


def short(value: float) -> str:
    """A number with the digits it needs, at most six."""
    return f"{value:.6g}"


def law_of(fit: Fit) -> str:
    """The formula of a fit: "a = -2 n", "n - a = 0.002 x"."""
    base, factor = fit.base, fit.factor
    if base.missing:
        return f"n - a = {short(factor)} {base.words}".rstrip()
    if factor == 0:
        return "a = 0"
    if factor == 1:
        return f"a = {base.words}"
    if factor == -1:
        return f"a = -{base.words}"
    many = " " in base.words and base.words[0] not in "|s"
    words = f"({base.words})" if many else base.words
    return f"a = {short(factor)} {words}"


def holds_on(fit: Fit, covers: Bools, leaf: LeafEvidence) -> str:
    """How well and on how many entries: "within 2e-12 on 640 of 640 entries"."""
    thing = "directions" if leaf.directions else "entries"
    known = int(leaf.known.sum())
    count = int((fit.holds & leaf.known).sum())
    within = "exactly" if fit.apart < EXACT else f"within {fit.apart:.0e}"
    words = f"{within} on {count:,} of {known:,} {thing}"
    wrong = int(leaf.wrong.sum())
    explained = int(covers.sum())
    if count != known and explained != wrong:
        words += f", {explained:,} of {wrong:,} wrong ones"
    return words


def gap_of(leaf: LeafEvidence, where: Bools) -> str:
    """How far off wrong claims are: "off by 3e-3 to 0.2 of n"."""
    a, n = leaf.analytic[where], leaf.numerical[where]
    finite = np.isfinite(a) & np.isfinite(n)
    count = int(where.sum())
    thing = "directions" if leaf.directions else "entries"
    total = f"{count:,} of {leaf.known.sum():,} {thing}"
    if not finite.any():
        return total
    with np.errstate(all="ignore"):
        off = np.abs(a - n)[finite] / np.fmax(np.abs(n), np.abs(a))[finite]
    if count == 1:
        return f"a = {short(float(a[0]))}, n = {short(float(n[0]))}, at {total}"
    low, high = float(off.min()), float(off.max())
    return f"a and n lie {low:.1g} to {high:.1g} of their size apart at {total}"
