"""Slopes along the single entries of the leaves that are gone through one by one."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinometer.check.claim import Claims
from clinometer.check.confirm import confirm
from clinometer.check.interruption import Watch, groups
from clinometer.check.plan import by_entry
from clinometer.check.subject import Slopes, Subject
from clinometer.estimate import CONVERGED, NOISE_LIMITED
from clinometer.ladder import Lines

__all__ = ["measure_entries"]

Bools: TypeAlias = NDArray[np.bool_]

LEAST = 3
"""Entries of a leaf from which confirming costs less than measuring: 2 E + 9 < 8 E."""


def measure_entries(
    subject: Subject, claims: Claims, leaves: set[int], *, rtol: float, watch: Watch
) -> dict[int, Slopes]:
    """Slopes along the entries of those leaves that can be compared, by leaf.

    rtol : relative difference that is material.
    watch : told where Ctrl-C came; the slopes not reached are without a value.
    """
    lengths = np.diff(subject.function.layout.starts)
    values = {
        k: claim
        for k in sorted(leaves)
        if lengths[k] and (claim := claims.leaves[k].values) is not None
    }
    if not values:
        return {}
    lines = by_entry(subject.place, list(values))
    leaf = np.repeat(list(values), [claim.size for claim in values.values()])
    claim = np.concatenate(list(values.values()))
    many = lengths[leaf] >= LEAST
    found, sure = Slopes.none(lines.count), np.zeros(lines.count, np.bool_)
    if many.any():
        some = np.flatnonzero(many)
        quick, met = confirm(
            subject, lines.some(some), claim[some], rtol=rtol, watch=watch
        )
        found, sure[some] = found.replaced(many, quick), met
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.where(sure, found.error / np.abs(claim), -1.0)
    doubted = [k for k in values if sure[leaf == k].any()]
    worst = [int(np.argmax(np.where(leaf == k, apart, -2.0))) for k in doubted]
    sure[worst] = False
    found = _completed(subject, lines, found, where=~sure, watch=watch)
    with np.errstate(invalid="ignore"):
        off = np.abs(found.value - claim) + found.error
        plain = np.isin(found.code, (CONVERGED, NOISE_LIMITED))
        doubt = ~(plain & (off <= rtol * np.abs(claim)))
    shaky = leaf[[at for at in worst if doubt[at]]]
    again = sure & np.isin(leaf, shaky)
    if again.any():
        found = _completed(subject, lines, found, where=again, watch=watch)
    return {k: found.part(_slice(leaf, k)) for k in values}


def _slice(leaf: NDArray[np.intp], k: int) -> slice:
    """Where leaf k lies among the lines."""
    return slice(int(np.searchsorted(leaf, k)), int(np.searchsorted(leaf, k, "right")))


def _completed(
    subject: Subject, lines: Lines, found: Slopes, *, where: Bools, watch: Watch
) -> Slopes:
    """The slopes found, with those at some places measured in full."""
    if not where.any():
        return found
    rest = lines.some(np.flatnonzero(where))
    return found.replaced(where, _measured(subject, rest, watch))


def _measured(subject: Subject, lines: Lines, watch: Watch) -> Slopes:
    """Slopes along lines; without a value where Ctrl-C came before.

    In groups, if f takes one point a call: after each of them something is known.
    """
    if watch.stopped:
        return Slopes.none(lines.count)
    whole = [range(lines.count)]
    one_by_one = subject.function.one_by_one
    found: list[Slopes] = []
    for group in groups(lines.count) if one_by_one else whole:
        try:
            part = lines.some(np.asarray(group)) if one_by_one else lines
            found.append(subject.measure(part))
        except KeyboardInterrupt:
            watch.stopped = True
            found.append(Slopes.none(lines.count - group.start))
            break
    return found[0] if len(found) == 1 else Slopes.joined(found)
