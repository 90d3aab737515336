"""Slopes at two or four evaluations each, once a full slope of the leaf is known.

A full slope takes eight evaluations and finds its step and its bar anew. To find a
wrong entry among millions, dozens of slopes of one leaf are needed, and the first tells
what the others will be like: differences at six steps along a direction whose slope is
known show how far off each of them is. Parts of a direction bend less and are as noisy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.compare import claimed_along
from clinometer.check.rays import Part, Ray, Rays
from clinometer.check.subject import Subject
from clinometer.check.verdict import GUARD, ROUNDING, Terms
from clinometer.check.words import Box

__all__ = ["Gauge", "Residual"]

Floats: TypeAlias = NDArray[np.float64]

IRREGULAR = 0.8137298464
"""Factor on every step, dimensionless: a step with all its bits in use."""

FIRST = 4
"""-log2 of the coarsest step."""

FINE = (3, 5)
"""Steps of float64: -log2 of their ratio, and how many after the first."""

COARSE = (2, 4)
"""The same below float64, where steps soon no longer move x."""

SAFETY = 4.0
"""Factor from an error seen along one direction to a bar along others."""

LOST = 4.0
"""Unit roundoffs by which a sum of claimed slopes may be off, beside its norm."""


@final
@dataclass(frozen=True)
class Residual:
    """Claimed minus measured slope of a part of a leaf, in units of f.

    bar : how far off it may be.
    allowed : what a right claim may show: bar, rounding and what is not material.
    """

    value: float
    bar: float
    allowed: float

    @property
    def proved(self) -> bool:
        """Whether the claim is wrong somewhere in that part."""
        return abs(self.value) > self.allowed

    def less(self, other: Residual) -> Residual:
        """What is left of it beside a part of it."""
        bar = self.bar + other.bar
        allowed = max(bar, self.allowed)
        return Residual(self.value - other.value, bar, allowed)


@final
@dataclass(frozen=True)
class _Scheme:
    """A difference formula: steps, weight of each quotient, bar in units of f."""

    steps: tuple[float, ...]
    weights: tuple[float, ...]
    bar: float


@final
class Gauge:
    """Measures how far the claim is off, along parts of one direction in one leaf.

    without : boxes that stand still from now on.
    faint : whether parts of several entries are followed up by differences that are not
        material in them; a single entry never is.
    """

    def __init__(
        self, subject: Subject, claim: Floats, leaf: int, *, terms: Terms
    ) -> None:
        """Take up leaf number `leaf`, of which claim (E) is claimed."""
        self._subject = subject
        self._place = subject.place
        self._claim = {leaf: claim}
        self._leaf = leaf
        self._terms = terms
        self._schemes: list[_Scheme] = []
        self.stream: tuple[int, ...] = ()
        self.without: list[Box] = []
        self.faint = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the leaf."""
        return self._place.layout.shapes[self._leaf]

    @property
    def spent(self) -> int:
        """Evaluations so far, of the whole check."""
        return self._subject.function.evaluations

    def calibrate(self, ray: Ray, slope: float, error: float) -> None:
        """Learn steps and bars from a direction whose slope is known.

        slope, error : its measured slope, with its bar, in units of f.
        Costs two evaluations a step.
        """
        self.stream = ray.stream
        fine = self._terms.roundoff <= np.finfo(np.float64).eps / 2
        bits, more = FINE if fine else COARSE
        ratio = 2.0**bits
        steps = [IRREGULAR * 2.0 ** -(FIRST + bits * j) for j in range(more + 1)]
        plain = np.array(self._quotients(ray, steps))
        better = plain[1:] + (plain[1:] - plain[:-1]) / (ratio**2 - 1)
        self._schemes = [
            _Scheme((step,), (1.0,), bar)
            for step, bar in zip(
                steps, _bars(plain, slope, error=error, decay=ratio**2), strict=True
            )
        ]
        weights = (-1 / (ratio**2 - 1), 1 + 1 / (ratio**2 - 1))
        self._schemes += [
            _Scheme((steps[j], steps[j + 1]), weights, bar)
            for j, bar in enumerate(_bars(better, slope, error=error, decay=ratio**4))
        ]

    def residual(
        self, box: Box, *, code: int | None = None, need: float = math.inf
    ) -> Residual:
        """How far the claim is off along the part of the direction in a box.

        code : axis along which moves grow from nothing to all, or None.
        need : bar that would do, in units of f; the cheapest formula with one is taken.
        """
        part = Part(self._leaf, box, code, without=tuple(self.without))
        ray = Ray((part,), self.stream)
        claimed, norm = claimed_along(self._claim, self._place, ray)
        best = min(scheme.bar for scheme in self._schemes)
        enough = [s for s in self._schemes if s.bar <= max(need, 1.01 * best)]
        scheme = min(enough, key=lambda s: (len(s.steps), s.bar))
        bar = scheme.bar
        if bar > need and math.isfinite(need):
            found = self._subject.measure(Rays.of(self._place, [ray]))
            slope, exact = float(found.value[0]), GUARD * float(found.error[0])
            if exact < bar:
                return self._residual(claimed - slope, exact, norm, count=box.count)
        each = self._quotients(ray, scheme.steps)
        slope = float(np.dot(scheme.weights, each))
        return self._residual(claimed - slope, bar, norm, count=box.count)

    def _residual(
        self, value: float, bar: float, norm: float, *, count: int
    ) -> Residual:
        terms = self._terms
        rtol = 0.0 if self.faint and count > 1 else terms.rtol
        bar += LOST * terms.roundoff * norm
        rounding = ROUNDING * terms.roundoff * (norm + terms.value)
        allowed = max(bar, rounding, rtol * norm)
        return Residual(value, bar if math.isfinite(value) else math.inf, allowed)

    def _quotients(
        self, ray: Ray, steps: list[float] | tuple[float, ...]
    ) -> list[float]:
        """First difference quotient along a ray at each step."""
        t = np.array([side * step for step in steps for side in (1.0, -1.0)])
        points = Rays.of(self._place, [ray]).points(np.zeros(t.size, np.intp), t)
        values = self._subject.function.values(points)[:, 0]
        return [
            float((above - below) / (2 * step))
            for step, above, below in zip(steps, values[::2], values[1::2], strict=True)
        ]


def _bars(
    quotients: Floats, slope: float, *, error: float, decay: float
) -> list[float]:
    """Bar of each formula, from its error along a direction of known slope.

    An error may be small by chance. So each is at least what its neighbours leave of
    it: a coarser step's error over `decay`, a finer one's over the fourth part of the
    ratio of steps (noise).
    """
    off = np.abs(quotients - slope)
    off[np.isnan(off)] = np.inf
    coarser = np.concatenate([[0.0], off[:-1] / decay])
    finer = np.concatenate([off[1:] / np.sqrt(np.sqrt(decay)) / 2, [0.0]])
    bars = SAFETY * np.maximum(off, np.maximum(coarser, finer)) + error
    return [float(bar) for bar in bars]
