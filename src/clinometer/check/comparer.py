"""Measurements along entries or directions of a leaf, set against its claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.claim import Claims
from clinometer.check.compare import (
    Ask,
    Compared,
    along_rays,
    claimed_along,
    compare,
    entry_by_entry,
)
from clinometer.check.plan import along, by_entry, elsewhere, uphill
from clinometer.check.profile import is_rough, is_stepped, too_fine
from clinometer.check.rays import Rays
from clinometer.check.subject import Slopes, Subject
from clinometer.check.verdict import (
    GROSS,
    GUARD,
    Evidence,
    Terms,
    Verdict,
    differing,
    faint,
    faintest,
    needed_resolution,
    slightly_off,
)
from clinometer.estimate import CONVERGED, KINK
from clinometer.ladder import Lines

if TYPE_CHECKING:
    from clinometer.check.locate.road import Located

__all__ = ["Comparer"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

SINGLY = 4
"""Entries of a leaf asked one by one whether f is smooth along them: up to 256
evaluations each."""

LEAST_MOVE = 64.0
"""An entry counts as seen along a direction if it moves by this part of its size."""


@final
class Comparer:
    """Compares leaves with their claims; measures again what is in doubt."""

    def __init__(
        self, subject: Subject, claims: Claims, *, rtol: float, seed: int
    ) -> None:
        """Take up the claims; nothing is evaluated.

        rtol : relative difference that is material.
        seed : of the random directions.
        """
        self._subject = subject
        self._claims = claims
        self._rtol = rtol
        self._seed = seed
        self._largest = self._largest_claim()

    def directions(self, k: int) -> Compared:
        """Comparison of leaf k along random directions."""
        lines = along(self._subject.place, k, self._seed)
        found = self._subject.measure(lines)
        return self.along(k, found, lines=lines, guard=self.guard)

    def together(self, claims: dict[int, Floats], lines: Rays) -> Compared:
        """Comparison of several leaves along directions in which all of them move."""
        coarsest = max(claims, key=lambda k: self.terms(k).roundoff)
        found, guard = self._subject.measure(lines), self.guard

        def build(found: Slopes) -> Evidence:
            return along_rays(claims, lines, found, guard=guard)

        return self._compare(coarsest, found, lines=lines, build=build)

    def traced(self, k: int, seen: Compared) -> tuple[Compared, Located | None]:
        """The comparison of leaf k along directions, and where the leaf is wrong.

        What is off by too little to be material in most directions may be one wrong
        entry. If such are found, by the rule for entries, these directions differ.
        """
        if not self._subject.repeatable:
            return seen, None
        if seen.verdict is Verdict.DIFFERS:
            located = self._locate(k, seen)
            diffuse = not located.complete or located.where == "everywhere"
            if diffuse and self._excused(k, seen):
                return replace(
                    seen,
                    wrong=np.zeros_like(seen.wrong),
                    unclear=seen.wrong,
                    slight=seen.wrong,
                ), None
            return seen, located
        if seen.verdict is not Verdict.AGREES or not self.faint(k, seen):
            return seen, None
        located = self._locate(k, seen, faint=True)
        if not located.findings and not located.blocks:
            return seen, None
        evidence = seen.evidence
        gap = np.abs(evidence.analytic - evidence.numerical)
        return replace(seen, wrong=gap > faintest(evidence, self.terms(k))), located

    def _excused(self, k: int, seen: Compared) -> bool:
        """Whether f jumps about, and a tolerance inside f explains what differs."""
        if not slightly_off(seen.evidence, self.terms(k), seen.wrong):
            return False
        rays = along(self._subject.place, k, self._seed)
        return bool(is_rough(self._subject, rays.first)[0])

    def faint(self, k: int, seen: Compared) -> bool:
        """Whether most directions of a comparison differ, by less than is material."""
        return faint(seen.evidence, self.terms(k))

    def _locate(self, k: int, seen: Compared, *, faint: bool = False) -> Located:
        """Where leaf k is wrong, which differs along its random directions."""
        from clinometer.check.locate.road import locate  # noqa: PLC0415 (seldom needed)

        claim = self._claims.leaves[k].values
        assert claim is not None  # only leaves with values are compared
        rays = along(self._subject.place, k, self._seed)
        terms = self.terms(k)
        return locate(
            self._subject, claim, k, seen=seen, rays=rays, terms=terms, faint=faint
        )

    def second_look(
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
        odd = single.still | single.slight | single.stepped
        hopeless = odd.any()
        if alone or hopeless or not self._subject.repeatable:
            return None
        place = self._subject.place
        seen = place.leaf_move(k) >= place.leaf_size(k) / LEAST_MOVE
        plain = np.isfinite(measured.error) & (measured.code != KINK) & seen
        if not plain[unclear].all():
            return None
        lines = along(place, k, self._seed)
        found = self._subject.measure(lines)
        moves = [ray.moved(place, ray.parts[0]).reshape(-1) for ray in lines.rays]
        expected = np.array([move @ measured.value for move in moves])
        spread = np.array([np.linalg.norm(move * measured.error) for move in moves])
        with np.errstate(invalid="ignore"):
            apart = np.abs(found.value - expected)
        if not np.all(apart <= GUARD * (spread + found.error)):
            return None
        whole = self.along(k, found, lines=lines, guard=GUARD)
        if whole.verdict is Verdict.DIFFERS:
            return self.along(k, found, lines=lines, guard=GROSS)
        return whole

    def by_entry(self, k: int, found: Slopes) -> Compared:
        """Comparison of leaf k with slopes found along its entries."""
        claim = self._claims.leaves[k].values
        assert claim is not None  # only leaves with values are compared
        place, guard = self._subject.place, self.guard
        where = self._subject.function.layout.slices()[k]

        def build(found: Slopes) -> Evidence:
            return entry_by_entry(claim, place, where, found=found, guard=guard)

        lines = by_entry(place, [k])
        return self._compare(k, found, lines=lines, build=build)

    @property
    def guard(self) -> float:
        """Factor on bars that are not in doubt themselves."""
        return GUARD if self._subject.repeatable else GROSS

    def along(self, k: int, found: Slopes, *, lines: Rays, guard: float) -> Compared:
        """Comparison of leaf k with slopes found along directions."""
        claim = self._claims.leaves[k].values
        assert claim is not None  # only leaves with values are compared

        def build(found: Slopes) -> Evidence:
            return along_rays({k: claim}, lines, found, guard=guard)

        return self._compare(k, found, lines=lines, build=build)

    def _compare(
        self,
        k: int,
        found: Slopes,
        *,
        lines: Lines | Rays,
        build: Callable[[Slopes], Evidence],
    ) -> Compared:
        """Verdicts on leaf k from the slopes found along lines.

        build : the evidence that slopes along these lines are.
        """
        subject = self._subject
        terms = self.terms(k)
        evidence = build(found)
        doubted = (found.code != CONVERGED) & differing(evidence, terms)
        if doubted.any():
            again = found.replaced(doubted, subject.measure(elsewhere(lines, doubted)))
            cleared = doubted & ~differing(build(again), terms)
            found = found.spanning(again, cleared)
            evidence = build(found)

        def whole() -> Rays:
            if isinstance(lines, Rays):
                return lines
            return along(subject.place, k, self._seed)

        return compare(
            evidence,
            found,
            terms,
            ask=Ask(
                change=lambda: subject.change(whole()),
                rough=lambda where: self._rough(lines, where, whole=whole()),
                stepped=lambda where, claim: self._stepped(
                    k, lines, where, claim=claim
                ),
            ),
            repeatable=subject.repeatable,
        )

    def _rough(self, lines: Lines | Rays, where: Bools, *, whole: Rays) -> Bools:
        """Which of some lines f moves along in jumps; many are asked for together.

        Where f jumps along one of them, it is f that stops at a tolerance, and the
        slopes along all others are off by as much, be f smooth along them or not.
        """
        one_by_one = where.sum() <= SINGLY
        asked = lines.some(np.flatnonzero(where)) if one_by_one else whole.first
        return where & is_rough(self._subject, asked).any()

    def _stepped(
        self, k: int, lines: Lines | Rays, where: Bools, *, claim: Floats
    ) -> Bools:
        """Which of some lines f climbs in steps; of many, those claimed to be steepest.

        The others follow if all of those do. Entries along which f is claimed to climb
        too little for its steps follow the whole leaf.
        """
        every = np.flatnonzero(where)
        steepest = every[np.argsort(-np.abs(claim[every] * lines.scale[every]))]
        asked = steepest[:SINGLY]
        stepped = is_stepped(self._subject, lines.some(asked), claim[asked])
        if stepped.all():
            return where
        found = np.zeros_like(where)
        found[asked] = stepped
        values = self._claims.leaves[k].values
        if isinstance(lines, Rays) or values is None:
            return found
        whole = uphill(self._subject.place, k, values)
        slope, _ = claimed_along({k: values}, self._subject.place, whole.rays[0])
        found[every] |= too_fine(
            self._subject, lines.some(every), claim[every], whole=(whole, slope)
        )
        return found

    def terms(self, k: int) -> Terms:
        """What is small in a comparison of leaf k."""
        subject = self._subject
        layout = subject.native.layout
        roundoff = max(layout.roundoff[k], self._claims.leaves[k].roundoff)
        return Terms(
            value=abs(subject.value),
            roundoff=roundoff,
            rtol=self._rtol,
            resolution=needed_resolution(max(roundoff, subject.roundoff), self._rtol),
            grain=subject.grain,
            largest=self._largest,
        )

    def _largest_claim(self) -> float:
        """Largest |claim| * size among all entries of x, in units of f."""
        largest = 0.0
        for k, claim in enumerate(self._claims.leaves):
            if claim.values is not None:
                with np.errstate(invalid="ignore", over="ignore"):
                    change = np.abs(claim.values * self._subject.place.leaf_size(k))
                known = change[np.isfinite(change)]
                largest = max(largest, float(known.max(initial=0.0)))
        return largest
