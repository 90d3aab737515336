"""One leaf's claim set against its measurement: verdicts, findings and a summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.place import Place
from clinometer.check.rays import Ray, Rays
from clinometer.check.subject import Slopes
from clinometer.check.verdict import (
    AT_KINK,
    GROSS,
    ROUNDING,
    Change,
    Evidence,
    Terms,
    Verdict,
    differing,
    is_zero,
    resolution,
    resolution_of_zero,
    slightly_off,
    unmoved,
)
from clinometer.estimate import AMBIGUOUS, FAILED, KINK

__all__ = [
    "Ask",
    "Claims",
    "Compared",
    "along_rays",
    "claimed_along",
    "compare",
    "entry_by_entry",
]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

Claims: TypeAlias = Mapping[int, Floats]
"""Claimed gradient (E) by number of leaf."""

DOUBTFUL = (AMBIGUOUS, FAILED)
"""Outcomes whose bars are themselves in doubt."""


@final
@dataclass(frozen=True, eq=False)
class Ask:
    """Questions about f that cost further evaluations.

    change : how f changes when the whole leaf moves.
    rough : of some entries or directions (E), those on which f moves in jumps.
    stepped : of some, with the slopes claimed (E), those on which f is a staircase
        that rises as claimed.
    """

    change: Callable[[], Change]
    rough: Callable[[Bools], Bools]
    stepped: Callable[[Bools, Floats], Bools]


@final
@dataclass(frozen=True, eq=False)
class Compared:
    """Verdicts on E entries or directions of one leaf.

    evidence : what was compared.
    code : (E) how the measured derivatives came out, as in `Slopes`.
    step : (E) steps they rest on, in units of x (of t for directions).
    wrong : (E) where the claim differs.
    unclear : (E) where no verdict is possible.
    still : (E) where f did not change at any step, though a slope is claimed.
    share : (E) widened bar relative to the leaf's largest derivative, dimensionless.
    zero : whether claim and measurement are zero within their bars in the whole leaf.
    slight : (E) where the claim is off, by so little that a tolerance inside f
        explains it.
    stepped : (E) where f is level at x, and further away a staircase that rises as
        claimed.
    """

    evidence: Evidence
    code: NDArray[np.integer[Any]]
    step: Floats
    wrong: Bools
    unclear: Bools
    still: Bools
    share: Floats
    zero: bool
    slight: Bools
    stepped: Bools

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of them."""
        if self.wrong.any():
            return Verdict.DIFFERS
        return Verdict.CANNOT_TELL if self.unclear.any() else Verdict.AGREES


def entry_by_entry(
    claim: Floats,
    place: Place,
    where: slice | NDArray[np.intp],
    *,
    found: Slopes,
    guard: float,
) -> Evidence:
    """Evidence on each entry of a leaf, from lines along the entries.

    claim : (E) claimed gradient.
    where : the part of x that the leaf takes, or the entries of x.
    found : what was measured.
    guard : factor on bars that are not in doubt themselves, GUARD or GROSS.
    """
    return Evidence(
        analytic=claim,
        numerical=found.value,
        error=found.error,
        size=place.size[where],
        own=place.move[where],
        magnitude=np.abs(claim),
        width=_width(found, guard),
        directions=False,
    )


def along_rays(claims: Claims, lines: Rays, found: Slopes, *, guard: float) -> Evidence:
    """Evidence along directions, in units of f.

    claims : what is claimed of every leaf that moves.
    lines : the directions.
    found : what was measured along them.
    guard : factor on bars that are not in doubt themselves, GUARD or GROSS.

    Sums are taken in pairs (NumPy's), so that they lose about log2(E) roundoffs of the
    root-sum-square of the terms, which ROUNDING covers for any E that fits in memory.
    """
    count = lines.count
    totals = [claimed_along(claims, lines.place, ray) for ray in lines.rays]
    return Evidence(
        analytic=np.array([total for total, _ in totals]),
        numerical=found.value,
        error=found.error,
        size=np.ones(count),
        own=np.ones(count),
        magnitude=np.array([norm for _, norm in totals]),
        width=_width(found, guard),
        directions=True,
    )


def claimed_along(claims: Claims, place: Place, ray: Ray) -> tuple[float, float]:
    """Claimed slope along a ray, and the root-sum-square of its terms; units of f."""
    total = 0.0
    norms: list[float] = []
    with np.errstate(invalid="ignore", over="ignore"):
        for part in ray.parts:
            values = claims[part.leaf]
            shape = place.layout.shapes[part.leaf]
            terms = ray.moved(place, part)
            terms *= values.reshape(shape)[part.box.index]
            total += float(terms.sum())
            largest = float(np.abs(terms).max(initial=0.0))
            if largest > 0:
                terms /= largest
            norms.append(largest * float(np.sqrt(np.square(terms, out=terms).sum())))
    return total, float(np.hypot.reduce(np.array(norms)))


def _width(found: Slopes, guard: float) -> Floats:
    """(E) factor on each bar before a difference counts; guard where nothing is odd."""
    width = np.full(found.code.shape, guard)
    for doubtful in DOUBTFUL:
        width[found.code == doubtful] = GROSS
    if guard < GROSS:
        width[found.code == KINK] = AT_KINK
    return width


def compare(
    evidence: Evidence,
    found: Slopes,
    terms: Terms,
    *,
    ask: Ask,
    repeatable: bool,
) -> Compared:
    """Verdicts on the entries or directions of one leaf.

    ask : more about f, asked for only where slopes and bars do not decide.
    repeatable : whether f gives the same value twice; if not, nothing can agree.
    """
    wrong = differing(evidence, terms)
    zero = is_zero(evidence, terms)
    level = unmoved(evidence)
    share = resolution(evidence)
    still = np.zeros(wrong.shape, np.bool_)
    change = ask.change() if zero or (wrong & level).any() else None
    if change is not None:
        # where f is level because its terms cancel, their rounding hides a slope, not
        # that of the small value they leave
        lost = ROUNDING * terms.roundoff * change.far
        claimed = np.abs(evidence.analytic)
        still = wrong & level & (claimed * np.fmax(found.step, 0.0) <= lost)
        still |= wrong & level & (terms.value == 0) & (change.far == 0)
    if change is not None and zero:
        share = resolution_of_zero(evidence, change.near)
        if change.near <= terms.grain:
            # f does not change with this leaf beyond its own rounding: claims of zero
            # agree (or of what is lost beside the largest), others cannot be seen
            dust = ROUNDING * terms.roundoff * terms.largest
            still = np.abs(evidence.analytic) * evidence.size > dust
            jumps = np.isinf(evidence.error) & (change.far > terms.grain)
            share = np.where(still | jumps, np.inf, 0.0)
    unseen = ~(share <= terms.resolution)
    wrong &= ~still & ~(unseen & np.isinf(evidence.analytic))
    slight = np.zeros(wrong.shape, np.bool_)
    if repeatable and not evidence.directions and slightly_off(evidence, terms, wrong):
        slight = ask.rough(wrong)
    stepped = wrong & level & np.isfinite(evidence.analytic)
    if repeatable and stepped.any():
        stepped = ask.stepped(stepped, evidence.analytic)
    wrong &= ~slight & ~stepped
    unclear = ~wrong & (still | unseen | slight | stepped)
    return Compared(
        evidence=evidence,
        code=found.code,
        step=found.step,
        wrong=wrong,
        unclear=unclear if repeatable else ~wrong,
        still=still,
        share=share,
        zero=zero,
        slight=slight,
        stepped=stepped,
    )
