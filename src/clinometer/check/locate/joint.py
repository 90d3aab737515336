"""Many leaves at once: directions in which all move, each as much as the others.

A model has a hundred leaves and more. Eight directions in each would cost thousands of
evaluations where nothing is wrong. So all move together first, each leaf scaled so
that none drowns in the slope of another. Only if that differs are the leaves halved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.compare import Compared
from clinometer.check.comparer import Comparer
from clinometer.check.diagnosis import Power
from clinometer.check.place import Place
from clinometer.check.plan import LEAST, MANY
from clinometer.check.power import power_of
from clinometer.check.rays import Part, Ray, Rays
from clinometer.check.verdict import Verdict, allowed
from clinometer.check.words import Box

__all__ = ["Joint", "Together"]

Floats: TypeAlias = NDArray[np.float64]

DIRECTIONS = 3
"""Directions in which all leaves move."""

FEW = 2
"""The same where they have `plan.MANY` entries: a call is dear, and two differences of
equal weight cancel in both with probability 1/4, of other weights in neither."""

MODEST = 0.25
"""Quantile of the leaves' slopes to which larger ones are damped."""

LEVEL = 2_000
"""Number of the first direction in which leaves move that f may not depend on."""

SUSPECTS = 2
"""Leaves looked at by themselves for differences that are not material in all."""

ROUNDS = 4
"""Faulty leaves looked for one after the other; then every leaf is looked at."""


@final
@dataclass(frozen=True, eq=False)
class Together:
    """What comparing leaves together gave.

    cleared : by number of leaf, the largest error not called one, relative to the
        leaf's own slope.
    power : what would have been seen in each of them.
    compared : the comparison along the common directions; None if nothing is cleared.
    """

    cleared: dict[int, float]
    power: dict[int, Power]
    compared: Compared | None


@final
class Joint:
    """Compares leaves together, and finds the faulty ones by halving."""

    def __init__(
        self, comparer: Comparer, place: Place, *, claims: dict[int, Floats], seed: int
    ) -> None:
        """Take up the claims (E) of some leaves."""
        self._comparer = comparer
        self._place = place
        self._claims = claims
        self._seed = seed
        many = sum(claim.size for claim in claims.values()) > MANY
        self._count = FEW if many else DIRECTIONS
        sizes = {k: _slope(claim, place.leaf_size(k)) for k, claim in claims.items()}
        self._largest = {k: largest for k, (_, largest) in sizes.items()}
        self._norm = {k: norm for k, (norm, _) in sizes.items() if norm > 0}
        norms = np.array(sorted(self._norm.values()))
        modest = float(np.quantile(norms, MODEST)) if norms.size else 1.0
        self._gain = {k: min(1.0, modest / norm) for k, norm in self._norm.items()}

    def run(self) -> Together:
        """Compare; leaves that are not cleared are to be looked at one by one."""
        left = sorted(self._norm)
        nothing, suspects = Together({}, {}, None), 0
        for number in range(ROUNDS):
            if len(left) < LEAST:
                return nothing
            compared = self._compare(left, number)
            agrees = compared.verdict is Verdict.AGREES
            hidden = agrees and self._faint(left, compared)
            if agrees and not (hidden and suspects < SUSPECTS):
                return self._with_level(
                    self._cleared(left, compared, traced=not hidden)
                )
            if compared.verdict is Verdict.CANNOT_TELL:
                return nothing
            suspects += agrees
            stream = int(np.argmax(compared.wrong)) + self._count * number
            left.remove(self._halved(left, stream, faint=agrees))
        return nothing

    def _rays(self, leaves: Sequence[int], streams: Sequence[int]) -> Rays:
        shapes = self._place.layout.shapes
        parts = tuple(Part(k, Box.whole(shapes[k]), gain=self._gain[k]) for k in leaves)
        return Rays.of(
            self._place, [Ray(parts, (self._seed, 1_000 + s)) for s in streams]
        )

    def _compare(self, leaves: Sequence[int], number: int) -> Compared:
        streams = range(self._count * number, self._count * (number + 1))
        return self._comparer.together(self._claims, self._rays(leaves, streams))

    def _faint(self, leaves: Sequence[int], compared: Compared) -> bool:
        """Whether most directions differ, by less than is material in all leaves."""
        coarsest = max(leaves, key=lambda k: self._comparer.terms(k).roundoff)
        return self._comparer.faint(coarsest, compared)

    def _halved(self, leaves: Sequence[int], stream: int, *, faint: bool) -> int:
        """A leaf among these that is faulty if any is, by halving.

        faint : whether it differs by less than is material.
        Where the first half agrees it is the second that differs. If that should be
        wrong, for bars are no proof, the leaf is cleared when it is looked at alone.
        """
        while len(leaves) > 1:
            middle = len(leaves) // 2
            rays = self._rays(leaves[:middle], [stream])
            seen = self._comparer.together(self._claims, rays)
            differs = seen.verdict is Verdict.DIFFERS or (
                faint and self._faint(leaves[:middle], seen)
            )
            leaves = leaves[:middle] if differs else leaves[middle:]
        return leaves[0]

    def _with_level(self, found: Together) -> Together:
        """What was found, and the leaves that f does not depend on at all.

        Claims of zero, or of what rounding leaves of it, show in no slope. If f stays
        as it is when all such leaves move, all of them are right.
        """
        rest = sorted(set(self._claims) - set(found.cleared))
        if len(rest) < 2 or found.compared is None:
            return found
        shapes = self._place.layout.shapes
        parts = tuple(Part(k, Box.whole(shapes[k])) for k in rest)
        rays = [Ray(parts, (self._seed, LEVEL + s)) for s in range(self._count)]
        compared = self._comparer.together(self._claims, Rays.of(self._place, rays))
        if compared.verdict is not Verdict.AGREES or compared.share.any():
            return found
        power = {k: self._power(k, compared, gain=1.0, traced=False) for k in rest}
        cleared = found.cleared | dict.fromkeys(rest, 0.0)
        return Together(cleared, found.power | power, found.compared)

    def _power(self, k: int, compared: Compared, *, gain: float, traced: bool) -> Power:
        """What a comparison would have seen in leaf k."""
        return power_of(
            compared,
            self._comparer.terms(k),
            path=self._place.layout.paths[k],
            largest=self._largest[k],
            gain=gain,
            traced=traced,
        )

    def _cleared(
        self, leaves: Sequence[int], compared: Compared, *, traced: bool
    ) -> Together:
        """The leaves whose own slope the common directions resolve."""
        share: dict[int, float] = {}
        power: dict[int, Power] = {}
        for k in leaves:
            terms = self._comparer.terms(k)
            least = float(np.max(allowed(compared.evidence, terms)))
            seen = least / (self._gain[k] * self._norm[k])
            if seen <= terms.resolution:
                share[k] = seen
                power[k] = self._power(k, compared, gain=self._gain[k], traced=traced)
        return Together(share, power, compared)


def _slope(claim: Floats, size: Floats) -> tuple[float, float]:
    """Root-sum-square and largest of |claim| * size, in units of f."""
    change = np.abs(claim * size)
    largest = float(change.max(initial=0.0))
    if not (math.isfinite(largest) and largest > 0):
        return 0.0, 0.0
    change /= largest
    return largest * float(np.sqrt(np.square(change, out=change).sum())), largest
