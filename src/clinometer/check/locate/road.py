"""Which entries, rows or blocks of a large leaf are wrong, once it is known to differ.

Single entries that are found are measured in full, and the claim is mended there. Where
the directions still differ from the mended claim, the search goes on; so what is named
explains what was seen, or the report says that something is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.compare import Compared, claimed_along, entry_by_entry
from clinometer.check.finding import Finding
from clinometer.check.locate.gauge import Gauge, Residual
from clinometer.check.locate.search import Places, Search
from clinometer.check.plan import MANY, at_entries
from clinometer.check.rays import Part, Ray, Rays
from clinometer.check.subject import Slopes, Subject
from clinometer.check.verdict import FAINT, GUARD, ROUNDING, Terms, Verdict, differing
from clinometer.check.words import Box, boxes_in_words

__all__ = ["Located", "locate"]

Floats: TypeAlias = NDArray[np.float64]

ROUNDS = 6
"""Directions along which to search, one after the other, for what is left."""

BUDGET = 320
"""Evaluations after which the search in one leaf ends."""

TRACED = 128
"""The same where nothing differs that is material: it may be rounding throughout."""

TRACED_MANY = 64
"""The same in a leaf of `plan.MANY` entries."""

UNEXPLAINED = 0.71
"""Part of a difference that may be left beside what is found in it, where it is not
material as a whole: half of the mean square. Else the entries found are no worse than
all others, as where f stops an iteration at a tolerance."""

AGAIN = 2
"""Directions measured anew, blocks held still, to see whether anything is left."""


@final
@dataclass(frozen=True, eq=False)
class Located:
    """What is wrong in a large leaf.

    findings : single entries, measured in full, the worst first.
    blocks : boxes in which every entry tried is wrong.
    parts : boxes proved to hold something wrong, no further resolved.
    complete : whether what is named explains all differences seen.
    where : all of it in words.
    evaluations : what it took.
    faint : whether the directions differ by less than is material.
    """

    findings: tuple[Finding, ...]
    blocks: tuple[Box, ...]
    parts: tuple[Box, ...]
    complete: bool
    where: str
    evaluations: int
    faint: bool = False

    @property
    def named(self) -> tuple[Box, ...]:
        """What is named as wrong: the blocks, and single entries as boxes."""
        return (*self.blocks, *(_at(found) for found in self.findings))


def locate(
    subject: Subject,
    claim: Floats,
    leaf: int,
    *,
    seen: Compared,
    rays: Rays,
    terms: Terms,
    faint: bool = False,
) -> Located:
    """Where leaf number `leaf` is wrong.

    claim : (E) claimed gradient.
    seen : its comparison along the rays; it differs along some.
    faint : whether it differs there by less than is material. Then single entries are
        looked for that are wrong by their own rule; there may be none.
    """
    return _Locating(subject, claim, leaf, terms=terms, faint=faint).run(seen, rays)


@final
class _Locating:
    """The rounds of a search in one leaf."""

    def __init__(
        self,
        subject: Subject,
        claim: Floats,
        leaf: int,
        *,
        terms: Terms,
        faint: bool,
    ) -> None:
        self._faint = faint
        self._searches = 0
        self._subject = subject
        self._claim = claim
        self._leaf = leaf
        self._terms = terms
        self._shape = subject.place.layout.shapes[leaf]
        self._gauge = Gauge(subject, claim, leaf, terms=terms)
        self._found = Places()
        self._mended: dict[int, tuple[float, float]] = {}  # entry: n, bar
        self._findings: list[Finding] = []

    def run(self, seen: Compared, rays: Rays) -> Located:
        """Search until nothing is left, or nothing new is found."""
        before = self._subject.function.evaluations
        slopes, bars = seen.evidence.numerical, seen.evidence.error * GUARD
        directions = [
            (ray, float(slope), float(bar))
            for ray, slope, bar in zip(rays.rays, slopes, bars, strict=True)
            if math.isfinite(slope) and math.isfinite(bar)
        ]
        complete = False
        if not self._faint:
            complete, directions = self._rounds(directions, before + BUDGET)
        named = self._findings or self._found.blocks or self._found.share
        if directions and (complete or not named):
            directions = self._trace(directions)
            self._gauge.faint = False
            left = [self._left(*direction) for direction in directions]
            complete = not self._faint and not any(off.proved for off in left)
        return self._located(before, complete=complete)

    def _rounds(
        self, directions: list[tuple[Ray, float, float]], budget: int
    ) -> tuple[bool, list[tuple[Ray, float, float]]]:
        """Search along one direction after the other; whether nothing is left.

        budget : evaluations, of the whole check, at which to stop.
        Returns the directions, too, as measured last.
        """
        for _ in range(ROUNDS):
            if self._everywhere:
                return True, []
            left = [(self._left(*direction), direction) for direction in directions]
            wrong = [pair for pair in left if pair[0].proved]
            if not wrong:
                return bool(directions), directions
            off, (ray, slope, bar) = max(wrong, key=lambda p: _clear(p[0]))
            if not self._search(ray, slope, bar, off=off, budget=budget):
                return False, directions
            if self._gauge.without and not self._everywhere:
                directions = self._anew(directions[:AGAIN])
        return False, directions

    @property
    def _everywhere(self) -> bool:
        """Whether all of the leaf is a block that is wrong."""
        return Box.whole(self._shape) in self._found.blocks

    def _trace(
        self, directions: list[tuple[Ray, float, float]]
    ) -> list[tuple[Ray, float, float]]:
        """Search for what is too little to be material along directions.

        It is kept if that explains what was seen: else rounding, or a tolerance in f,
        may have moved the entries found as it did all others. Returns the directions
        as measured last.
        """
        self._gauge.faint = True
        left = [self._left(*direction) for direction in directions]
        if np.mean([off.proved for off in left]) < FAINT:
            return directions
        found, singles = self._found, len(self._findings)
        parts, share = found.parts, found.share
        blocks, first = len(found.blocks), self._size(directions)
        many = self._claim.size > MANY
        spent = self._subject.function.evaluations
        _, rest = self._rounds(directions, spent + (TRACED_MANY if many else TRACED))
        found.parts, found.share = parts, share  # nothing is proved of others
        if self._size(rest) > UNEXPLAINED * first:
            del self._findings[singles:]
            del found.blocks[blocks:]
        return rest

    def _size(self, directions: list[tuple[Ray, float, float]]) -> float:
        """Root mean square of what is wrong along directions, in units of f."""
        left = [self._left(*direction).value for direction in directions]
        return float(np.sqrt(np.mean(np.square(left)))) if left else math.inf

    def _search(
        self,
        ray: Ray,
        slope: float,
        bar: float,
        *,
        off: Residual,
        budget: int,
    ) -> bool:
        """Search along one direction; whether anything new was found."""
        gauge, found = self._gauge, self._found
        number, self._searches = self._searches, self._searches + 1
        if number == 0:
            gauge.calibrate(ray, slope, bar)
        gauge.stream = ray.stream
        search = Search(gauge, seed=number, budget=budget, faint=gauge.faint)
        search.run(off)
        new = search.found
        found.blocks += new.blocks
        found.parts, found.share = new.parts, new.share
        self._mend(new.singles)
        return bool(new.singles or new.blocks)

    def _left(self, ray: Ray, slope: float, bar: float) -> Residual:
        """What is wrong along a ray beside what is mended or held still."""
        still = tuple(self._gauge.without)
        place, claims = self._subject.place, {self._leaf: self._claim}
        parts = tuple(
            Part(part.leaf, part.box, part.code, part.gain, still) for part in ray.parts
        )
        claimed, norm = claimed_along(claims, place, Ray(parts, ray.stream, ray.claims))
        for entry, (numerical, error) in self._mended.items():
            index = np.unravel_index(entry, self._shape)
            box = Box(tuple((int(i), int(i) + 1) for i in index))
            one = Part(self._leaf, box, without=still)
            move = float(Ray((one,), ray.stream).moved(place, one).reshape(()))
            claimed += move * (numerical - float(self._claim[entry]))
            bar += abs(move) * error
        terms = self._terms
        rounding = ROUNDING * terms.roundoff * (norm + terms.value)
        allowed = max(bar, rounding, 0.0 if self._gauge.faint else terms.rtol * norm)
        return Residual(claimed - slope, bar, allowed)

    def _anew(
        self, directions: list[tuple[Ray, float, float]]
    ) -> list[tuple[Ray, float, float]]:
        """The directions measured again with what is found held still."""
        whole = Box.whole(self._shape)
        part = Part(self._leaf, whole, without=tuple(self._gauge.without))
        rays = [Ray((part,), ray.stream) for ray, _, _ in directions]
        found = self._subject.measure(Rays.of(self._subject.place, rays))
        return [
            (ray, float(value), GUARD * float(error))
            for (ray, _, _), value, error in zip(
                directions, found.value, found.error, strict=True
            )
            if math.isfinite(value) and math.isfinite(error)
        ]

    def _mend(self, singles: list[Box]) -> None:
        """Measure single entries in full; those that are wrong are findings."""
        entries = [self._entry(box) for box in singles]
        entries = [e for e in dict.fromkeys(entries) if e not in self._mended]
        if not entries:
            return
        place = self._subject.place
        flat = np.array(entries) + place.layout.starts[self._leaf]
        found = self._subject.measure(at_entries(place, flat))
        evidence = entry_by_entry(
            self._claim[entries], place, flat, found=found, guard=GUARD
        )
        wrong = differing(evidence, self._terms)
        for j, entry in enumerate(entries):
            if math.isfinite(found.value[j]) and math.isfinite(found.error[j]):
                self._mended[entry] = (
                    float(found.value[j]),
                    GUARD * float(found.error[j]),
                )
            if wrong[j]:
                self._findings.append(self._finding(entry, found, j))

    def _entry(self, box: Box) -> int:
        index = tuple(start for start, _ in box.ranges)
        return int(np.ravel_multi_index(index, self._shape)) if index else 0

    def _finding(self, entry: int, found: Slopes, j: int) -> Finding:
        analytic, numerical = float(self._claim[entry]), float(found.value[j])
        comparable = math.isfinite(analytic) and numerical != 0
        return Finding(
            path=self._subject.place.layout.paths[self._leaf],
            index=tuple(int(i) for i in np.unravel_index(entry, self._shape)),
            direction=None,
            verdict=Verdict.DIFFERS,
            analytic=analytic,
            numerical=numerical,
            error=float(found.error[j]),
            ratio=analytic / numerical if comparable else None,
            reason="",
        )

    def _located(self, before: int, *, complete: bool) -> Located:
        """Everything found, in words."""
        found, shape = self._found, self._shape
        named = [*found.blocks, *(_at(finding) for finding in self._findings)]
        said = boxes_in_words(named, shape)
        if not complete and found.parts:
            within = boxes_in_words(found.parts, shape)
            vague = "somewhere" if within == "everywhere" else f"somewhere in {within}"
            if found.share:
                vague += f", {found.share:.0%} of the entries tried there"
            said = f"{said}; {vague}" if said else vague
        elif not complete and not said:
            said = "somewhere"
        size = self._subject.place.leaf_size(self._leaf)
        order = sorted(
            self._findings,
            key=lambda f: (
                -abs((f.analytic or 0.0) - (f.numerical or 0.0))
                * float(size[np.ravel_multi_index(f.index or (0,), shape or (1,))])
            ),
        )
        return Located(
            findings=tuple(order),
            blocks=tuple(found.blocks),
            parts=() if complete else tuple(found.parts),
            complete=complete,
            where=said,
            evaluations=self._subject.function.evaluations - before,
            faint=self._faint,
        )


def _at(finding: Finding) -> Box:
    """The entry that a finding is about."""
    return Box(tuple((i, i + 1) for i in finding.index or ()))


def _clear(off: Residual) -> float:
    """How clearly something is wrong."""
    return abs(off.value) / off.allowed if off.allowed > 0 else math.inf
