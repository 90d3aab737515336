"""Slopes along the single entries of the leaves that are gone through one by one."""

from __future__ import annotations

import numpy as np

from clinometer.check.claim import Claims
from clinometer.check.interruption import Watch, groups
from clinometer.check.plan import by_entry
from clinometer.check.subject import Slopes, Subject
from clinometer.ladder import Lines

__all__ = ["measure_entries"]


def measure_entries(
    subject: Subject, claims: Claims, leaves: set[int], *, watch: Watch
) -> dict[int, Slopes]:
    """Slopes along the entries of those leaves that can be compared, by leaf.

    watch : told where Ctrl-C came; the slopes not reached are without a value.
    """
    lengths = np.diff(subject.function.layout.starts)
    wanted = [k for k in sorted(leaves) if claims.leaves[k].values is not None]
    wanted = [k for k in wanted if lengths[k]]
    if not wanted:
        return {}
    found = _measured(subject, by_entry(subject.place, wanted), watch)
    measured: dict[int, Slopes] = {}
    start = 0
    for k in wanted:
        part = slice(start, start + int(lengths[k]))
        start = part.stop
        measured[k] = found.part(part)
    return measured


def _measured(subject: Subject, lines: Lines, watch: Watch) -> Slopes:
    """Slopes along lines; without a value where Ctrl-C came before.

    In groups, if f takes one point a call: after each of them something is known.
    """
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
