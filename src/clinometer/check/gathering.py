"""What a check has compared, gathered for its diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import to_float64
from clinometer.check import diagnose as causes
from clinometer.check.claim import Claims
from clinometer.check.compare import Compared
from clinometer.check.diagnose.evidence import LeafEvidence
from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.plan import at_entries, by_entry, elsewhere
from clinometer.check.subject import Subject
from clinometer.check.verdict import GUARD, ROUNDING, Verdict, widened
from clinometer.check.why import not_repeatable
from clinometer.estimate import FAILED, KINK, ONE_SIDED

if TYPE_CHECKING:
    from clinometer.check.locate.road import Located

__all__ = ["Gathering"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]


@final
class Gathering:
    """Collects the comparisons of all leaves, and diagnoses them in the end."""

    def __init__(self, subject: Subject, claims: Claims, rtol: float) -> None:
        """Nothing is compared yet.

        rtol : relative difference that is material.
        """
        self._subject = subject
        self._claims = claims
        self._rtol = rtol
        self._leaves: dict[int, LeafEvidence] = {}
        self._special: dict[int, Cause] = {}

    def add(self, k: int, compared: Compared) -> None:
        """Take what was compared of leaf k, entries or directions."""
        layout, evidence = self._subject.function.layout, compared.evidence
        claim, leaf = self._claims.leaves[k], layout.leaves[k]
        kink = compared.code == KINK
        if compared.slight.any():
            self._special[k] = Cause.TOLERANCE
        elif compared.stepped.any():
            self._special[k] = Cause.STEPS
        with np.errstate(invalid="ignore", over="ignore"):
            roundoff = max(layout.roundoff[k], claim.roundoff)
            size = evidence.magnitude + abs(self._subject.value) / evidence.size
            bar = np.maximum(widened(evidence), ROUNDING * roundoff * size)
        x = np.zeros(0) if evidence.directions else to_float64(leaf).reshape(-1)
        self._leaves[k] = LeafEvidence(
            path=layout.paths[k],
            shape=layout.shapes[k],
            x=x,
            analytic=evidence.analytic,
            numerical=evidence.numerical,
            bar=np.where(kink, evidence.error, bar),
            wrong=compared.wrong,
            unclear=compared.unclear,
            kink=kink,
            one_sided=compared.code == ONE_SIDED,
            missing=claim.missing,
            directions=evidence.directions,
            rtol=self._rtol,
        )

    def diagnoses(
        self, leaves: Sequence[LeafSummary], findings: Sequence[Finding]
    ) -> tuple[Diagnosis, ...]:
        """Why claims differ or cannot be told, the surest first.

        leaves : summaries of all leaves, the reasons of those that are unclear in them.
        findings : those without numbers are faults of form.
        """
        found = [_of_form(one) for one in findings if _is_form(one)]
        told = [self._leaves[k] for k in sorted(self._leaves)]
        if self._subject.repeatable:
            whole = causes.diagnose(told, again=self._again)
            found += [self._looked_into(one) for one in whole]
        else:
            said = not_repeatable(self._subject)
            verdict = Verdict.CANNOT_TELL
            found.append(Diagnosis(Cause.NOT_REPEATABLE, "", "", verdict, said))
            found += [
                one for one in causes.diagnose(told) if one.verdict is Verdict.DIFFERS
            ]
        return (*found, *self._unclear(leaves))

    def in_blocks(self, k: int, located: Located, found: Diagnosis) -> Diagnosis:
        """What is wrong in the blocks located in a large leaf, told by a few entries.

        found : what is said of them without.
        """
        claim, place = self._claims.leaves[k].values, self._subject.place
        if not located.blocks or claim is None or not place.small:
            return found
        shape = place.layout.shapes[k]
        places = causes.places_within(located.blocks, shape)
        told = causes.cause_of_block(self._sample(k, places), located.blocks, shape)
        if told is None:
            return found
        said = f"{told.evidence}; {found.evidence}"
        return replace(told, where=found.where, evidence=said)

    def _looked_into(self, found: Diagnosis) -> Diagnosis:
        """A diagnosis along directions, made better by a few entries where vague."""
        vague = found.cause in (Cause.UNEXPLAINED, Cause.MISSING_TERM)
        layout = self._subject.function.layout
        if not vague or found.path not in layout.paths:
            return found
        k = layout.paths.index(found.path)
        claim = self._claims.leaves[k].values
        if not self._leaves[k].directions or claim is None:
            return found
        if not self._subject.place.small:  # x is not kept in one piece
            return found
        places = causes.sample_of(claim, 0)
        sample = self._sample(k, places)
        told = causes.cause_of_sample(sample, claim, layout.shapes[k], places=places)
        return told or found

    def _sample(self, k: int, places: Ints) -> LeafEvidence:
        """Evidence on some entries of leaf k, measured now, as a leaf of their own."""
        layout, claim = self._subject.function.layout, self._claims.leaves[k]
        assert claim.values is not None  # only leaves with values are compared
        a = claim.values[places]
        entries = layout.starts[k] + places
        found = self._subject.measure(at_entries(self._subject.place, entries))
        with np.errstate(invalid="ignore"):
            bar = GUARD * found.error + ROUNDING * claim.roundoff * np.abs(a)
            gap, size = np.abs(a - found.value), np.fmax(np.abs(a), np.abs(found.value))
            kink = found.code == KINK
            known = np.isfinite(found.value) & np.isfinite(bar) & ~kink
        return LeafEvidence(
            path=layout.paths[k],
            shape=(places.size,),
            x=self._subject.place.x[entries],
            analytic=a,
            numerical=found.value,
            bar=bar,
            wrong=known & (gap > bar) & (gap > self._rtol * size),
            unclear=~known,
            kink=kink,
            one_sided=found.code == ONE_SIDED,
            rtol=self._rtol,
        )

    def _unclear(self, leaves: Sequence[LeafSummary]) -> list[Diagnosis]:
        """Leaves on which noise or the edge of the domain leaves no verdict."""
        found: list[Diagnosis] = []
        if not self._subject.repeatable:
            return found
        for k, leaf in enumerate(leaves):
            told = self._leaves.get(k)
            if leaf.verdict is not Verdict.CANNOT_TELL or told is None:
                continue
            unclear = told.unclear & ~told.kink
            if not unclear.any() or not leaf.reason:
                continue
            dark = ~np.isfinite(told.numerical) | told.one_sided
            edge = bool(dark[unclear].any())
            cause = Cause.EDGE if edge else Cause.NOISE
            cause = self._special.get(k, cause)
            found.append(
                Diagnosis(cause, leaf.path, "", Verdict.CANNOT_TELL, leaf.reason)
            )
        return found

    def _again(self, path: str, places: Ints) -> tuple[Floats, Floats]:
        """Slopes and widened bars of some entries of a leaf, at other steps."""
        k = self._subject.function.layout.paths.index(path)
        lines = by_entry(self._subject.place, [k])
        where = np.zeros(lines.count, np.bool_)
        where[places] = True
        found = self._subject.measure(elsewhere(lines, where))
        order = np.argsort(np.argsort(places))
        known = found.code != FAILED
        return (
            np.where(known, found.value, np.nan)[order],
            (GUARD * found.error)[order],
        )


def _is_form(finding: Finding) -> bool:
    """Whether a finding is about the form of the claim."""
    bare = finding.analytic is None and finding.numerical is None
    return bare and finding.verdict is Verdict.DIFFERS


def _of_form(finding: Finding) -> Diagnosis:
    cause = Cause.NOT_FINITE if "NaN" in finding.reason else Cause.FORM
    return Diagnosis(cause, finding.path, "", Verdict.DIFFERS, finding.reason)
