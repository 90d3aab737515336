"""What can be said of wrong entries that are no multiple of any field.

Each finder looks at one set of wrong entries and returns a `Pattern` or None.
"""

from __future__ import annotations

import numpy as np

from clinometer.check.diagnose.evidence import Bools, Floats, LeafEvidence, Pattern
from clinometer.check.diagnose.lost import noisy, rounded, whole
from clinometer.check.diagnose.places import Kind, Region, log2_choose
from clinometer.check.diagnose.words import gap_of
from clinometer.check.diagnosis import Cause

__all__ = ["duplicates_of", "named_pattern", "pattern_of"]

FEW = 0.1
"""Share of a leaf's entries up to which wrong ones count as single."""

CONVINCING = 8.0
"""Bits that a pattern must save: one in 256 does so by accident."""

FOLLOWS = 0.5
"""Correlation of a with n from which on a part of n is there; of K independent entries
it is 1 / sqrt(K) by accident."""

TELLING = 0.1
"""Least sum of the slopes, over their root-sum-square, whose equality is no accident:
terms of either sign add up to about as much."""

REPEATED = 0.75
"""Largest share of rows looked up that were looked up more than once."""

STEPS = 3
"""Fewest indices of an axis from which a factor per index is learnt."""


def pattern_of(leaf: LeafEvidence, wrong: Bools, region: Region) -> Pattern:
    """The pattern of some wrong entries, UNEXPLAINED or ENTRIES where there is none.

    region : where they are.
    """
    if not leaf.directions:
        found = named_pattern(leaf, wrong)
        if found is not None:
            return found
        found = noisy(leaf, wrong) or _slabs(leaf, wrong, region)
        if found is not None:
            return found
    said = gap_of(leaf, wrong)
    count, known = int(wrong.sum()), int(leaf.known.sum())
    if not leaf.directions and 2 * count > known:
        found = _same_total(leaf, wrong)
        if found is not None:
            return found
    if not leaf.directions and count <= max(3, FEW * known) and 2 * count <= known:
        return Pattern(Cause.ENTRIES, said, 0.0)
    return _related(leaf, wrong) or Pattern(Cause.UNEXPLAINED, said, 0.0)


def named_pattern(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """The pattern that saves bits beside a list of the entries, if there is one."""
    if leaf.directions:
        return None
    for finder in FINDERS:
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
    """Sizes of a that are cut off at a bound where n is larger; or those of n."""
    bits = leaf.bits[wrong]
    gain = float(bits.sum() - bits.max(initial=0.0)) - 5 + int(leaf.right.sum())
    for cause, names, cut, full in (
        (Cause.COTANGENT_NONLINEAR, ("a", "n"), leaf.analytic, leaf.numerical),
        (Cause.BRANCH, ("n", "a"), leaf.numerical, leaf.analytic),
    ):
        bound = _bound(leaf, wrong, cut, full=full)
        if bound is None:
            continue
        said = (
            f"|{names[0]}| is {bound:.6g} wherever |{names[1]}| is larger, at "
            f"{int(wrong.sum()):,} entries: "
        )
        said += "clipped" if names[0] == "a" else "f is straight there, as a Huber loss"
        return Pattern(cause, said, gain)
    return None


def _bound(
    leaf: LeafEvidence, wrong: Bools, cut: Floats, *, full: Floats
) -> float | None:
    """Size at which one field is cut off wherever the other is larger; None if not."""
    size = np.abs(cut[wrong])
    bound = float(size.max(initial=0.0))
    if wrong.sum() < 2 or bound == 0 or not leaf.right.any():
        return None
    level = np.abs(size - bound) <= leaf.rtol * bound + 2 * leaf.slack[wrong]
    beyond = np.abs(full[wrong]) > bound
    inside = np.abs(cut[leaf.right]) <= bound + 2 * leaf.slack[leaf.right]
    alike = np.sign(cut[wrong]) == np.sign(full[wrong])
    return bound if (level & beyond & alike).all() and inside.all() else None


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
    if _compounded(leaf, wrong) is not None:
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


def _compounded(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """A factor that enters once more at every index of an axis, as in a recursion."""
    if not leaf.known.all() or wrong.sum() < STEPS:
        return None
    bits = leaf.bits[wrong]
    gain = float(bits.sum() - 2 * bits.max()) - 6
    with np.errstate(all="ignore"):
        times = np.log((leaf.analytic / leaf.numerical).reshape(leaf.shape))
    for axis in range(times.ndim):
        length = int(times.shape[axis])
        logs = np.median(np.moveaxis(times, axis, 0).reshape(length, -1), axis=1)
        if length < STEPS or gain <= 0 or not np.isfinite(logs).all():
            continue
        steps = np.arange(length, dtype=np.float64)
        rate, start = _line(steps, logs)
        along = [length if k == axis else 1 for k in range(len(leaf.shape))]
        law = np.broadcast_to(np.exp(start + rate * steps).reshape(along), leaf.shape)
        apart = np.abs(leaf.analytic - law.reshape(-1) * leaf.numerical)
        if (apart <= 2 * leaf.slack).all() and abs(rate) > leaf.rtol:
            said = (
                f"a / n is {np.exp(rate):.6g} times as large at each index of axis "
                f"{axis} as at the one before: a factor enters at every step"
            )
            return Pattern(Cause.FACTOR, said, gain)
    return None


def _by_index(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """A multiple that is another one at every index of an axis: of n, or of x."""
    if len(leaf.shape) < 2 or not leaf.known.all():
        return None
    bits = leaf.bits[wrong]
    rest = leaf.numerical - leaf.analytic
    for name, of, target, base in (
        ("a", "n", leaf.analytic, leaf.numerical),
        ("n - a", "x", rest, leaf.x),
    ):
        for axis, length in enumerate(leaf.shape):
            y, b, slack = (
                np.moveaxis(v.reshape(leaf.shape), axis, 0).reshape(length, -1)
                for v in (target, base, leaf.slack)
            )
            with np.errstate(all="ignore"):
                factor = (y * b).sum(axis=1) / np.square(b).sum(axis=1)
                near = np.abs(y - factor[:, None] * b) <= 2 * slack
            gain = float(bits.sum() - length * bits.max(initial=0.0)) - 6
            same = np.isclose(factor[:, None], factor, rtol=1e-3, atol=0)
            if near.all() and gain > 0 and 2 * same.sum(axis=1).max() <= length:
                said = (
                    f"{name} is a multiple of {of} at each index of axis {axis}, "
                    f"{factor.min():.3g} to {factor.max():.3g} times {of}: something "
                    f"that depends on axis {axis} alone is missing or too much"
                )
                return Pattern(Cause.MISSING_TERM, said, gain)
    return None


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and offset of the straight line through points, by least squares."""
    off = x - x.mean()
    slope = float((off * y).sum() / np.square(off).sum())
    return slope, float(y.mean() - slope * x.mean())


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
    touched = np.abs(leaf.numerical) > leaf.slack
    by_row = touched.reshape(next(iter(leaf.shape)), -1).any(axis=1)
    if count > 1 and np.diff(region.chosen).max() == 1 and by_row.all():
        return None  # a block of rows, in an array that need not be looked up at all
    if count > REPEATED * by_row.sum() or (count == 1 and by_row.all()):
        return None  # of indices at random some occur once, or never
    off = np.abs(leaf.analytic[wrong] - leaf.numerical[wrong])
    if not (off > 1e-3 * np.abs(leaf.numerical[wrong])).mean() > 0.9:
        return None
    verb = "is" if count == 1 else "are"
    said = (
        f"{region.words} {verb} wrong throughout, in no fixed ratio, and all "
        "others are right, as where repeated indices overwrite each other"
    )
    return Pattern(Cause.DUPLICATES, said, 0.0)


def _same_total(leaf: LeafEvidence, wrong: Bools) -> Pattern | None:
    """Other numbers with the same sum: contributions added up in the wrong places.

    A sum near zero tells nothing: those of a normalisation's gradients all vanish.
    """
    if not leaf.known.all() or wrong.sum() < 3:
        return None
    a, n = float(leaf.analytic.sum()), float(leaf.numerical.sum())
    slack = float(np.sqrt(np.square(leaf.slack).sum()))
    spread = float(np.sqrt(np.square(leaf.numerical).sum()))
    if abs(n) < TELLING * spread or slack > 2.0**-CONVINCING * spread:
        return None
    if not abs(a - n) <= 2 * slack:
        return None
    said = (
        f"all entries of a add up to {a:.6g}, as those of n do: the same "
        "contributions, summed over another axis or into other places"
    )
    return Pattern(Cause.REDUCTION, said, CONVINCING)


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


FINDERS = (
    _sorted,
    _clipped,
    rounded,
    whole,
    _compounded,
    _by_index,
    _low_rank,
    _constant,
)
"""Patterns that are weighed against fits, the plainest first."""
