"""All leaves of a check: what is measured, compared and said of each."""

from __future__ import annotations

import math
import time
from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING, final

import numpy as np

from clinometer.arrays import dtype_name
from clinometer.check.claim import Claims, fault_of_form
from clinometer.check.compare import Compared
from clinometer.check.comparer import Comparer
from clinometer.check.diagnosis import Diagnosis, Power
from clinometer.check.entries import measure_entries
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.gathering import Gathering
from clinometer.check.interruption import Interrupted, Progress, Watch
from clinometer.check.locate.joint import Joint, Together
from clinometer.check.plan import LEAST, small_leaves
from clinometer.check.power import power_of
from clinometer.check.report import Report
from clinometer.check.subject import Slopes, Subject
from clinometer.check.upcast import NOTE
from clinometer.check.verdict import WORST, Verdict
from clinometer.check.why import findings_of, not_repeatable, reason_of
from clinometer.check.words import indices, indices_of_boxes, places_in_words

if TYPE_CHECKING:
    from clinometer.check.locate.road import Located

__all__ = ["Inspection"]

INTERRUPTED = "interrupted: this is what was known by then"
"""Note on a check that Ctrl-C ended."""

NOT_REACHED = "not reached before the interruption"
"""Reason of a leaf that Ctrl-C came before."""


@final
class Inspection:
    """Measures and compares, leaf by leaf, and collects what was found."""

    def __init__(
        self,
        subject: Subject,
        claims: Claims,
        *,
        rtol: float,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        """Take up the claims; nothing is evaluated yet.

        rtol : relative difference that is material.
        seed : of the random directions.
        progress : told before each call of f.
        """
        self._watch = subject.function.progress = Watch(progress)
        self._subject = subject
        self._claims = claims
        self._rtol = rtol
        self._seed = seed
        self._layout = subject.function.layout
        self._findings: list[Finding] = list(claims.findings)
        self.located: dict[int, Located] = {}
        self._causes: list[Diagnosis] = []
        self._together = Together({}, {}, None)
        self._power: dict[int, Power] = {}
        self._gathering = Gathering(subject, claims, rtol)
        self._comparer = Comparer(subject, claims, rtol=rtol, seed=seed)

    def report(self, entries: int | None, began: float) -> Report:
        """The finished report.

        entries : so many entries are compared one by one; None for as many as x
            allows.
        began : reading of time.perf_counter at the start of the check, seconds.
        Raises Interrupted, a KeyboardInterrupt with the report so far, at Ctrl-C.
        """
        subject = self._subject
        small = small_leaves(self._layout, entries)
        measured = measure_entries(
            subject, self._claims, small, rtol=self._rtol, watch=self._watch
        )
        if not self._watch.stopped:
            try:  # after all those calls: does f still give the same?
                subject.ask_again()
            except KeyboardInterrupt:
                self._watch.stopped = True
        self._compare_together(measured)
        count = len(self._layout.leaves)
        leaves = tuple(self._leaf_or_rest(k, measured.get(k)) for k in range(count))
        report = self._sum_up(leaves, began)
        if self._watch.stopped:
            raise Interrupted(report)
        return report

    def _compare_together(self, measured: Container[int]) -> None:
        """Compare the leaves together that are too large to go through."""
        claims = {
            k: claim.values
            for k, claim in enumerate(self._claims.leaves)
            if k not in measured
            and claim.values is not None
            and claim.values.size
            and np.isfinite(claim.values).all()
        }
        if len(claims) < LEAST or self._watch.stopped or not self._subject.repeatable:
            return
        place = self._subject.place
        joint = Joint(self._comparer, place, claims=claims, seed=self._seed)
        try:
            self._together = joint.run()
        except KeyboardInterrupt:
            self._watch.stopped = True

    def _sum_up(self, leaves: tuple[LeafSummary, ...], began: float) -> Report:
        """The report on leaves that have been looked at."""
        subject = self._subject
        diagnoses = self._diagnoses(leaves)
        notes = () if subject.repeatable else (not_repeatable(subject),)
        if subject.native is not subject.function:
            notes = (*notes, NOTE)
        if self._watch.stopped:
            notes = (INTERRUPTED, *notes)
        verdicts = {found.verdict for found in (*leaves, *self._findings)}
        overall = next(verdict for verdict in WORST if verdict in verdicts)
        order = sorted(self._findings, key=lambda found: WORST.index(found.verdict))
        if overall is not Verdict.AGREES:
            order = [found for found in order if found.verdict is not Verdict.AGREES]
        return Report(
            verdict=overall,
            findings=tuple(order),
            leaves=leaves,
            notes=notes,
            diagnoses=diagnoses,
            power=tuple(self._power[k] for k in sorted(self._power)),
            rtol=self._rtol,
            evaluations=subject.function.evaluations,
            seed=self._seed,
            seconds=time.perf_counter() - began,
        )

    def _diagnoses(self, leaves: tuple[LeafSummary, ...]) -> tuple[Diagnosis, ...]:
        """The causes; after Ctrl-C those that need no further call of f."""
        try:
            found = self._gathering.diagnoses(leaves, self._findings)
        except KeyboardInterrupt:
            self._watch.stopped = True
            found = ()
        return (*self._causes, *found)

    def _leaf_or_rest(self, k: int, measured: Slopes | None) -> LeafSummary:
        """Summary of leaf k; if Ctrl-C came first, of as much of it as is known."""
        before = len(self._findings)
        try:
            found = self._leaf(k, measured)
        except KeyboardInterrupt:
            self._watch.stopped = True
            del self._findings[before:]
            found = self._summary(k, None, Verdict.CANNOT_TELL)
            return replace(found, reason=NOT_REACHED)
        if measured is None or not self._watch.stopped:
            return found
        return self._known_part(found, measured, before)

    def _known_part(
        self, found: LeafSummary, measured: Slopes, before: int
    ) -> LeafSummary:
        """The summary of a leaf, and its findings, without what was not reached.

        before : how many findings there were before this leaf's.
        """
        known = int(np.isfinite(measured.value).sum())
        missed = measured.value.size - known
        if not missed:
            return found
        self._findings[before:] = [
            finding
            for finding in self._findings[before:]
            if finding.verdict is Verdict.DIFFERS
        ]
        return replace(
            found,
            entries=known,
            cannot_tell=max(0, found.cannot_tell - missed),
            resolution=math.inf,
            reason=f"{NOT_REACHED}: {missed:,} of {missed + known:,} entries",
        )

    def _leaf(self, k: int, measured: Slopes | None) -> LeafSummary:
        """Compare leaf k, note the findings, sum up."""
        claim = self._claims.leaves[k].values
        if claim is None:
            return self._summary(k, None, Verdict.DIFFERS)
        if claim.size == 0:
            return self._summary(k, None, Verdict.AGREES)
        common = self._together.compared
        if common is not None and k in self._together.cleared:
            self._power[k] = self._together.power[k]
            found = self._summary(k, None, Verdict.AGREES, directions=common.wrong.size)
            return replace(found, resolution=self._together.cleared[k])
        if measured is None:
            fault = fault_of_form(claim, self._layout, k)
            if fault is not None:
                self._findings.append(fault)
                return self._summary(k, None, Verdict.DIFFERS)
            compared, located = self._comparer.traced(k, self._comparer.directions(k))
            if located is not None:
                self.located[k] = located
                self._findings += located.findings
            found = self._conclude(k, compared, entries=0)
            if located is None:
                return found
            listed = indices_of_boxes(located.named)
            return replace(found, where=located.where, wrong=listed)
        single = self._comparer.by_entry(k, measured)
        whole = self._comparer.second_look(k, single, measured)
        if whole is not None and whole.verdict is not Verdict.CANNOT_TELL:
            return self._conclude(k, whole, entries=claim.size)
        wrong = single.wrong.reshape(self._layout.shapes[k])
        found = self._conclude(k, single, entries=claim.size)
        return replace(found, where=places_in_words(wrong), wrong=indices(wrong))

    def _conclude(self, k: int, compared: Compared, *, entries: int) -> LeafSummary:
        """Note the findings of a comparison, and sum it up.

        entries : how many entries were compared one by one, before or in it.
        """
        located = self.located.get(k)
        named = located and (located.complete or located.faint)
        if located and named and located.where != "everywhere":
            from clinometer.check.locate.cause import (  # noqa: PLC0415 (seldom needed)
                cause_of,
            )

            cause = cause_of(located, self._layout.paths[k])
            self._causes.append(self._gathering.in_blocks(k, located, cause))
        else:
            self._gathering.add(k, compared)
        claim = self._claims.leaves[k].values
        if claim is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                change = np.abs(claim) * self._subject.place.leaf_size(k)
            self._power[k] = power_of(
                compared,
                self._comparer.terms(k),
                path=self._layout.paths[k],
                largest=float(change.max(initial=0.0)),
                traced=not self._comparer.faint(k, compared),
            )
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
            dtype=dtype_name(self._subject.native.layout.leaves[k]),
            verdict=verdict,
            entries=entries,
            directions=directions,
            differ=differ,
            cannot_tell=cannot_tell,
            resolution=resolution,
            reason=reason,
        )
