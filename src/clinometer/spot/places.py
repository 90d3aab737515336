"""Which parameters the gradient is wrong in: halves of them moved alone, and halved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clinometer.check import Verdict
from clinometer.spot.finding import Terms, judged
from clinometer.spot.gauge import Repeats, by_rounding, measured

__all__ = ["differing_parameters"]

NAMED = 4
"""Parameters named at most; each costs a measurement for every halving on the way."""


class Parted(Repeats, Protocol):
    """Passes in which some of the parameters may be moved alone."""

    names: list[str]

    def aim(self, leaves: Sequence[int]) -> None:
        """From here on move these parameters only."""
        ...


def differing_parameters(repeat: Parted, *, double: bool) -> tuple[str, ...]:
    """Names of parameters along which the gradient differs, the first NAMED found.

    All of them together are known to differ.
    """

    def differs(leaves: list[int]) -> bool:
        repeat.aim(leaves)
        known = measured(repeat, double=double)
        terms = Terms(repeat.magnitude, repeat.coarsest)
        if judged(repeat.claimed, known, terms) is not Verdict.DIFFERS:
            return False
        return not (double and by_rounding(repeat, known))

    groups = [list(range(len(repeat.names)))]
    found: list[str] = []
    while groups and len(found) < NAMED:
        group = groups.pop()
        if len(group) == 1:
            found.append(repeat.names[group[0]])
            continue
        middle = len(group) // 2
        halves = group[middle:], group[:middle]
        groups += [half for half in halves if differs(half)]
    more = " and others" if groups else ""
    return (*found[:-1], found[-1] + more) if found else ()
