"""All leaves of a check: what is measured, compared and said of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import dtype_name
from clinometer.check.claim import Claims, fault_of_form
from clinometer.check.compare import (
    Compared,
    along_directions,
    compare,
    entry_by_entry,
    findings_of,
)
from clinometer.check.plan import along, by_entry, elsewhere, small_leaves
from clinometer.check.report import Finding, LeafSummary, Report
from clinometer.check.subject import Slopes, Subject
from clinometer.check.verdict import (
    GROSS,
    GUARD,
    Evidence,
    Terms,
    Verdict,
    differing,
    needed_resolution,
)
from clinometer.check.why import not_repeatable, reason_of
from clinometer.estimate import CONVERGED, KINK
from clinometer.ladder import Lines

__all__ = ["Inspection"]

Floats: TypeAlias = NDArray[np.float64]

WORST = (Verdict.DIFFERS, Verdict.CANNOT_TELL, Verdict.AGREES)
"""Verdicts in the order in which one outweighs the other."""

LEAST_MOVE = 64.0
"""An entry counts as seen along a direction if it moves by this part of its size."""


@final
class Inspection:
    """Measures and compares, leaf by leaf, and collects what was found."""

    def __init__(
        self, subject: Subject, claims: Claims, *, rtol: float, seed: int
    ) -> None:
        """Take up the claims; nothing is evaluated yet.

        rtol : relative difference that is material.
        seed : of the random directions.
        """
        self._subject = subject
        self._claims = claims
        self._rtol = rtol
        self._seed = seed
        self._layout = subject.function.layout
        self._findings: list[Finding] = list(claims.findings)
        self._largest = self._largest_claim()

    def report(self, entries: int, began: float) -> Report:
        """The finished report.

        entries : so many entries are compared one by one.
        began : reading of time.perf_counter at the start of the check, seconds.
        """
        subject = self._subject
        measured = self._measure_entries(small_leaves(self._layout, entries))
        subject.ask_again()  # after all those calls: does f still give the same?
        count = len(self._layout.leaves)
        leaves = tuple(self._leaf(k, measured.get(k)) for k in range(count))
        verdicts = {found.verdict for found in (*leaves, *self._findings)}
        overall = next(verdict for verdict in WORST if verdict in verdicts)
        order = sorted(self._findings, key=lambda found: WORST.index(found.verdict))
        if overall is not Verdict.AGREES:
            order = [found for found in order if found.verdict is not Verdict.AGREES]
        return Report(
            verdict=overall,
            findings=tuple(order),
            leaves=leaves,
            notes=() if subject.repeatable else (not_repeatable(subject),),
            rtol=self._rtol,
            evaluations=subject.function.evaluations,
            seed=self._seed,
            seconds=time.perf_counter() - began,
        )

    def _largest_claim(self) -> float:
        """Largest |claim| * size among all entries of x, in units of f."""
        largest = 0.0
        for claim, where in zip(
            self._claims.leaves, self._layout.slices(), strict=True
        ):
            if claim.values is not None:
                with np.errstate(invalid="ignore", over="ignore"):
                    change = np.abs(claim.values * self._subject.place.size[where])
                known = change[np.isfinite(change)]
                largest = max(largest, float(known.max(initial=0.0)))
        return largest

    def _measure_entries(self, leaves: set[int]) -> dict[int, Slopes]:
        """Slopes along the entries of those leaves that can be compared, by leaf."""
        lengths = np.diff(self._layout.starts)
        claims = self._claims.leaves
        wanted = [k for k in sorted(leaves) if claims[k].values is not None]
        wanted = [k for k in wanted if lengths[k]]
        if not wanted:
            return {}
        found = self._subject.measure(by_entry(self._subject.place, wanted))
        measured: dict[int, Slopes] = {}
        start = 0
        for k in wanted:
            part = slice(start, start + int(lengths[k]))
            start = part.stop
            measured[k] = found.part(part)
        return measured

    def _leaf(self, k: int, measured: Slopes | None) -> LeafSummary:
        """Compare leaf k, note the findings, sum up."""
        claim = self._claims.leaves[k].values
        if claim is None:
            return self._summary(k, None, Verdict.DIFFERS)
        if claim.size == 0:
            return self._summary(k, None, Verdict.AGREES)
        if measured is None:
            fault = fault_of_form(claim, self._layout, k)
            if fault is not None:
                self._findings.append(fault)
                return self._summary(k, None, Verdict.DIFFERS)
            return self._conclude(k, self._directions(k), entries=0)
        single = self._by_entry(k, measured)
        whole = self._second_look(k, single, measured)
        if whole is not None and whole.verdict is not Verdict.CANNOT_TELL:
            return self._conclude(k, whole, entries=claim.size)
        return self._conclude(k, single, entries=claim.size)

    def _second_look(
        self, k: int, single: Compared, measured: Slopes
    ) -> Compared | None:
        """Comparison along directions, where noise hides single entries of leaf k.

        All entries moving together change f more than each of them alone, and the noise
        stays the same. A difference counts here only if it is gross: single entries saw
        none. None where that would not help, or where the slopes along the
        directions contradict those along the entries.
        """
        unclear = single.unclear
        if single.verdict is not Verdict.CANNOT_TELL or single.zero:
            return None
        alone = unclear.size == 1  # no direction but the entry itself
        if alone or single.still.any() or not self._subject.repeatable:
            return None
        where = self._layout.slices()[k]
        place = self._subject.place
        seen = place.move[where] >= place.size[where] / LEAST_MOVE
        plain = np.isfinite(measured.error) & (measured.code != KINK) & seen
        if not plain[unclear].all():
            return None
        lines = along(place, k, self._seed)
        found = self._subject.measure(lines)
        expected = lines.weights @ measured.value
        spread = np.sqrt(np.square(lines.weights) @ np.square(measured.error))
        with np.errstate(invalid="ignore"):
            apart = np.abs(found.value - expected)
        if not np.all(apart <= GUARD * (spread + found.error)):
            return None
        whole = self._along(k, found, lines=lines, guard=GUARD)
        if whole.verdict is Verdict.DIFFERS:
            return self._along(k, found, lines=lines, guard=GROSS)
        return whole

    def _directions(self, k: int) -> Compared:
        """Comparison of leaf k along random directions."""
        lines = along(self._subject.place, k, self._seed)
        return self._along(
            k, self._subject.measure(lines), lines=lines, guard=self._guard
        )

    def _by_entry(self, k: int, found: Slopes) -> Compared:
        """Comparison of leaf k with slopes found along its entries."""
        claim = self._claims.leaves[k].values
        assert claim is not None  # only leaves with values are compared
        place, guard = self._subject.place, self._guard
        where = self._layout.slices()[k]

        def build(found: Slopes) -> Evidence:
            return entry_by_entry(claim, place, where, found=found, guard=guard)

        lines = by_entry(place, [k])
        return self._compare(k, found, lines=lines, build=build)

    @property
    def _guard(self) -> float:
        """Factor on bars that are not in doubt themselves."""
        return GUARD if self._subject.repeatable else GROSS

    def _along(self, k: int, found: Slopes, *, lines: Lines, guard: float) -> Compared:
        """Comparison of leaf k with slopes found along directions."""
        claim = self._claims.leaves[k].values
        assert claim is not None  # only leaves with values are compared

        def build(found: Slopes) -> Evidence:
            return along_directions(claim, lines.weights, found, guard=guard)

        return self._compare(k, found, lines=lines, build=build)

    def _compare(
        self,
        k: int,
        found: Slopes,
        *,
        lines: Lines,
        build: Callable[[Slopes], Evidence],
    ) -> Compared:
        """Verdicts on leaf k from the slopes found along lines.

        build : the evidence that slopes along these lines are.
        """
        subject = self._subject
        roundoff = max(self._layout.roundoff[k], self._claims.leaves[k].roundoff)
        terms = Terms(
            value=abs(subject.value),
            roundoff=roundoff,
            rtol=self._rtol,
            resolution=needed_resolution(max(roundoff, subject.roundoff), self._rtol),
            grain=subject.grain,
            largest=self._largest,
        )
        doubted = differing(build(found), terms) & (found.code != CONVERGED)
        if doubted.any():
            again = found.replaced(doubted, subject.measure(elsewhere(lines, doubted)))
            cleared = doubted & ~differing(build(again), terms)
            found = found.spanning(again, cleared)
        return compare(
            build(found),
            found,
            terms,
            variation=lambda: subject.change(k, self._seed),
            repeatable=subject.repeatable,
        )

    def _conclude(self, k: int, compared: Compared, *, entries: int) -> LeafSummary:
        """Note the findings of a comparison, and sum it up.

        entries : how many entries were compared one by one, before or in it.
        """
        whole = compared.evidence.analytic.size if compared.evidence.directions else 0
        self._findings += findings_of(
            compared,
            self._layout.paths[k],
            self._layout.shapes[k],
            missing=self._claims.leaves[k].missing,
            repeatable=self._subject.repeatable,
        )
        return self._summary(
            k, compared, compared.verdict, entries=entries, directions=whole
        )

    def _summary(
        self,
        k: int,
        compared: Compared | None,
        verdict: Verdict,
        *,
        entries: int = 0,
        directions: int = 0,
    ) -> LeafSummary:
        """What to say of leaf k; compared is None where nothing was compared."""
        differ = cannot_tell = 0
        resolution, reason = math.inf, ""
        if compared is not None:
            differ = int(compared.wrong.sum())
            cannot_tell = int(compared.unclear.sum())
            resolution = float(compared.share.max())
            reason = reason_of(compared, self._subject)
        return LeafSummary(
            path=self._layout.paths[k],
            shape=self._layout.shapes[k],
            dtype=dtype_name(self._layout.leaves[k]),
            verdict=verdict,
            entries=entries,
            directions=directions,
            differ=differ,
            cannot_tell=cannot_tell,
            resolution=resolution,
            reason=reason,
        )
