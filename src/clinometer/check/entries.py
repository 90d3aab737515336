"""Slopes along the single entries of the leaves that are gone through one by one."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.claim import Claims
from clinometer.check.confirm import SHARE, confirm
from clinometer.check.interruption import Watch, groups
from clinometer.check.plan import by_entry
from clinometer.check.subject import FINE, Slopes, Subject
from clinometer.check.verdict import RTOL
from clinometer.estimate import CONVERGED, NOISE_LIMITED
from clinometer.ladder import Lines

__all__ = ["measure_entries"]

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]

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
    leaf = np.repeat(list(values), [claim.size for claim in values.values()])
    claim = np.concatenate(list(values.values()))
    by_one = _ByOne(subject, by_entry(subject.place, list(values)), watch)
    by_one.go_through(claim, rtol=rtol, quick=lengths[leaf] >= LEAST)
    doubted = [k for k in values if by_one.met[leaf == k].any()]
    worst = by_one.least_well(claim, [np.flatnonzero(leaf == k) for k in doubted])
    by_one.measure(worst, within=max(FINE, SHARE * min(rtol, RTOL)))
    found = by_one.found
    with np.errstate(invalid="ignore"):
        off = np.abs(found.value - claim) + found.error
        plain = (found.code == CONVERGED) | (found.code == NOISE_LIMITED)
        sound = plain & (off <= rtol * np.abs(claim))
    shaky = leaf[worst[~sound[worst]]]
    if shaky.size:
        by_one.measure(np.flatnonzero(by_one.met & np.isin(leaf, shaky)))
    return {k: by_one.found.part(_slice(leaf, k)) for k in values}


def _slice(leaf: NDArray[np.intp], k: int) -> slice:
    """Where leaf k lies among the lines."""
    return slice(int(np.searchsorted(leaf, k)), int(np.searchsorted(leaf, k, "right")))


@final
class _ByOne:
    """Slopes along lines of one entry each, as they become known.

    found : (E) slopes; without a value where Ctrl-C came before.
    met : (E) which of them rest on one pair of points, and meet the claim.
    """

    def __init__(self, subject: Subject, lines: Lines, watch: Watch) -> None:
        self._subject, self._lines, self._watch = subject, lines, watch
        self.found = Slopes.none(lines.count)
        self.met = np.zeros(lines.count, np.bool_)

    def go_through(self, claim: Floats, *, rtol: float, quick: Bools) -> None:
        """Confirm what is claimed, and measure the rest.

        quick : (E) where confirming is tried; once it has failed on a whole group it is
            tried no more.
        """
        trying = True
        for some in self._groups(np.arange(self._lines.count)):
            tried = some[quick[some]] if trying else some[:0]
            if tried.size:
                with self._until_stopped():
                    lines = self._lines.some(tried)
                    slopes, met = confirm(self._subject, lines, claim[tried], rtol=rtol)
                    self.met[tried] = met
                    self._take(tried[met], slopes.part(met))
                trying = bool(self.met[tried].any())
            self.measure(some[~self.met[some]])

    def least_well(self, claim: Floats, leaves: Sequence[Ints]) -> Ints:
        """Of each leaf's lines the one whose claim was met least well, relatively."""
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.where(self.met, self.found.error / np.abs(claim), -1.0)
        return np.array([some[np.argmax(apart[some])] for some in leaves], np.intp)

    def measure(self, lines: Ints, within: float = FINE) -> None:
        """Measure some lines in full.

        within : bar over slope that is narrow enough, dimensionless.
        """
        for some in self._groups(lines):
            with self._until_stopped():
                found = self._subject.measure(self._lines.some(some), within)
                self._take(some, found)
                self.met[some] = False

    def _groups(self, lines: Ints) -> Iterator[Ints]:
        """The lines in groups, if f takes one point a call, until Ctrl-C."""
        parts = [range(lines.size)]
        if self._subject.function.one_by_one:
            parts = groups(lines.size)
        for part in parts:
            if self._watch.stopped or not part:
                return
            yield lines[part.start : part.stop]

    @contextmanager
    def _until_stopped(self) -> Generator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self._watch.stopped = True

    def _take(self, lines: Ints, slopes: Slopes) -> None:
        where = np.zeros(self._lines.count, np.bool_)
        where[lines] = True
        self.found = self.found.replaced(where, slopes)
