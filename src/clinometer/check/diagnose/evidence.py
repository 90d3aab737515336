"""What a diagnosis of one leaf rests on: claims, slopes with bars, x, patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.diagnosis import Cause

__all__ = ["Again", "Bools", "Floats", "Ints", "LeafEvidence", "Pattern"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

Again: TypeAlias = Callable[[str, Ints], tuple[Floats, Floats]]
"""Slopes and widened bars of some entries of the leaf at a path, at other steps."""

MOST_BITS = 50.0
"""Most that one entry can tell: the digits of a float64, in bits."""


@final
@dataclass(frozen=True, eq=False)
class LeafEvidence:
    """Claimed and measured slopes of one leaf, E entries or K directions of it.

    path, shape : of the leaf; E is the product of the shape.
    x : (E) the leaf's entries.
    analytic, numerical : (E), or (K) along directions, in units of f / x; numerical is
        NaN where it was not measured.
    bar : the same, >= 0; half-width of the bar of numerical, widened by its guard and
        by what rounding may do to a right claim.
    wrong : the same; where the claim differs.
    unclear : the same; where no verdict is possible.
    kink : the same; where numerical -+ bar are the slopes to the left and right.
    one_sided : the same; where f has values on one side only.
    missing : whether the library gave None for the leaf.
    directions : whether the slopes are along directions, not entries.
    rtol : relative difference that is material.
    """

    path: str
    shape: tuple[int, ...]
    x: Floats
    analytic: Floats
    numerical: Floats
    bar: Floats
    wrong: Bools
    unclear: Bools
    kink: Bools
    one_sided: Bools
    missing: bool = False
    directions: bool = False
    rtol: float = 1e-6

    @cached_property
    def known(self) -> Bools:
        """Where claim and measurement can be compared."""
        return (
            np.isfinite(self.analytic)
            & np.isfinite(self.numerical)
            & np.isfinite(self.bar)
            & ~self.kink
            & ~(self.unclear & ~self.wrong)
        )

    @cached_property
    def right(self) -> Bools:
        """Where the claim agrees."""
        return self.known & ~self.wrong

    @cached_property
    def slack(self) -> Floats:
        """By how much a right claim may be off: bar and rtol, in units of f / x."""
        with np.errstate(invalid="ignore", over="ignore"):
            largest = np.fmax(np.abs(self.analytic), np.abs(self.numerical))
            return self.bar + self.rtol * largest

    @cached_property
    def level(self) -> float:
        """Largest claim or slope that is known, in units of f / x."""
        both = np.fmax(np.abs(self.analytic), np.abs(self.numerical))[self.known]
        return float(both.max(initial=0.0))

    @cached_property
    def bits(self) -> Floats:
        """What each entry can tell: how narrow its slack is beside what it may be.

        That is the leaf's level, or n within the largest gap of all, whichever is less:
        claims that follow n closely share a ratio near one by accident.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            gap = np.abs(self.analytic - self.numerical)[self.known]
            span = min(self.level, 2 * float(gap.max(initial=0.0)))
            told = np.log2(span / self.slack)
        return np.where(self.known, np.clip(told, 0.0, MOST_BITS), 0.0)


@final
@dataclass(frozen=True)
class Pattern:
    """A cause told by a pattern. gain : bits it saves beside a list of the entries."""

    cause: Cause
    evidence: str
    gain: float
