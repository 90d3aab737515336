"""The way down: L-BFGS steps, with more exact gradients as the noise demands them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.gradient import Gradient, Gradients
from clinometer.descend.noisy.noise import NoiseLevel
from clinometer.descend.noisy.pairs import Pairs, change_of_slope
from clinometer.descend.noisy.place import End, Here, Rules
from clinometer.descend.noisy.search import Start, Step, search
from clinometer.descend.noisy.values import Spent, Values
from clinometer.errors import FunctionError

__all__ = ["Road"]

Floats: TypeAlias = NDArray[np.float64]

COARSE = 30.0
"""Decrease foretold, in sigma for each entry, down to which forward differences do: at
their intervals an entry's error costs some 3 sigma of decrease."""

DOUBT = 0.5
"""Error of the decrease foretold, relative to it, up to which forward ones do."""

STILL_SHARP = 10.0
"""Factor on `COARSE` above which the way goes back to forward differences."""

HIDDEN = 0.1
"""Decrease foretold, in sigma, that no value of f can show."""

ROUNDING = 2.0**-53
"""Rounding of an entry of x at most, relative to it, in float64."""

COVERED = 4.0
"""Decrease foretold, in sigma, that the noise of two values can cover."""

PATIENCE = 3
"""Gradients in a row that foretell no more than that, after which the way ends."""

TRIES = 3
"""Steps in a row that are tried anew where none was found."""

FARTHEST = 10.0
"""Longest step of an entry, in units of its size."""

CURVED = 1.0
"""Change of slope along a step, in units of its error, that makes a pair."""

LENGTHENED = (2.0, 16.0)
"""Bounds of the factor on a step whose change of slope is hidden by its error."""

CLEAR = 4.0
"""Change of slope, in units of its error, that a lengthened step is to show."""


@final
class Road:
    """The way from a point down to where noise hides the rest.

    here : where it is now.
    """

    def __init__(
        self,
        f: Values,
        gradients: Gradients,
        noise: NoiseLevel,
        *,
        pairs: Pairs,
        rules: Rules,
        scale: Floats,
        told: Callable[[Here], bool],
    ) -> None:
        """All that the way needs.

        scale : (n) sizes of the entries.
        told : of every step; returns whether to stop.
        """
        self._f, self._gradients, self._noise = f, gradients, noise
        self._pairs, self._rules, self._scale, self._told = pairs, rules, scale, told
        self._hidden, self._failed = 0, list[bool]()
        self.here = Here(np.empty(0), np.inf, None, 0)

    def walk(self, x: Floats) -> End:
        """Go down from x (n) until it ends; returns why."""
        self.here = Here(x, np.inf, None, 0)
        try:
            value = self._f.one(x)
            if not np.isfinite(value):
                raise FunctionError(
                    f"f must be finite where the descent starts, got {value} or NaN at "
                    f"x0 = {x}; start elsewhere"
                )
            self.here = Here(x, value, None, 0)
            self._noise.measure(x, value)
            self._begin()
            while (end := self._stride()) is None:
                pass
        except Spent:
            return End.BUDGET
        return end

    def _stride(self) -> End | None:
        """One step, or a better gradient; or why neither."""
        here, gradient = self.here, self._gradient
        if here.iterations >= self._rules.maxiter:
            return End.ITERATIONS
        p = self._direction(gradient)
        foretold = -float(gradient.value @ p)
        if not gradient.sharp:
            if self._is_doubtful(gradient, p, foretold):
                self._sharpen(here.value)
                return End.NOISE if self._stays_hidden() else None
            self._hidden = 0
        if 0 < self._rules.gtol >= float(np.abs(gradient.value).max()):
            return End.GRADIENT
        step = self._search(gradient, p)
        if step is None:
            self._failed.append(foretold <= self._covered(gradient))
            return None if self._recovers() else self._stuck()
        self._go(gradient, p, step)
        if self._told(self.here):
            return End.CALLBACK
        return End.NOISE if self._stays_hidden() else None

    @property
    def _gradient(self) -> Gradient:
        assert self.here.gradient is not None
        return self.here.gradient

    def _is_doubtful(self, gradient: Gradient, p: Floats, foretold: float) -> bool:
        """Whether the error of a forward gradient weighs in what it foretells."""
        coarse = COARSE * self._noise.at(self.here.value) * p.size
        return foretold < coarse or gradient.error_along(p) > DOUBT * foretold

    def _stays_hidden(self) -> bool:
        """Whether sharp gradients have long said nothing.

        They do where they foretell no more than f could show, or than the rounding of x
        changes, and where they are no larger than their own errors would be.
        """
        gradient = self._gradient
        if not gradient.sharp:
            return False
        foretold = -float(gradient.value @ self._direction(gradient)) / 2
        hidden = foretold < HIDDEN * self._noise.at(self.here.value)
        if hidden and self._noise.moved(self.here.value):
            self._noise.measure(self.here.x, self.here.value)
            hidden = foretold < HIDDEN * self._noise.at(self.here.value)
        hidden |= gradient.is_error or foretold <= self._rounding_of_x(gradient)
        self._hidden = self._hidden + 1 if hidden else 0
        return self._hidden >= PATIENCE

    def _begin(self) -> None:
        here = self.here
        sigma = self._noise.at(here.value)
        gradient = self._gradients.begin(here.x, here.value, sigma)
        self.here = replace(here, gradient=gradient)

    def _sharpen(self, value: float) -> None:
        """The more exact gradient here, where f has that value."""
        sigma = self._noise.at(value)
        gradient = self._gradients.central(self.here.x, value, sigma)
        self.here = replace(self.here, value=value, gradient=gradient)

    def _recovers(self) -> bool:
        """Whether there is another try: a sharper gradient, then everything anew.

        Each begins with a new value of f here: that of an accepted step is one that
        noise has made low.
        """
        failures = len(self._failed)
        if failures > TRIES:
            return False
        value = self._f.one(self.here.x)
        if failures == 2:
            self._noise.measure(self.here.x, value)
            self._pairs.clear()
            self.here = replace(self.here, value=value)
            self._begin()
        else:
            self._sharpen(value)
        return True

    def _stuck(self) -> End:
        """Why no step was found: noise, if it could hide what was foretold.

        One of the tries is enough: those without pairs know nothing of the curvature
        and foretell too much.
        """
        return End.NOISE if any(self._failed) else End.STUCK

    def _covered(self, gradient: Gradient) -> float:
        """Decrease, in units of f, that noise or the rounding of x can cover."""
        sigma = self._noise.at(self.here.value)
        return max(COVERED * sigma, 2 * self._rounding_of_x(gradient))

    def _rounding_of_x(self, gradient: Gradient) -> float:
        """Change of f, in its units, where every entry of x is rounded to a float.

        A step ends at floats near where it should. Where that costs more than it gains,
        f is at its least on the grid of floats. The noise of f need not tell: near a
        least value of 0 it shrinks with f, while the spacing of x does not.
        """
        dx = ROUNDING * np.abs(self.here.x)
        bend = self._pairs.least_bend(dx.size)
        return float(np.abs(gradient.value) @ dx + bend @ dx**2 / 2)

    def _direction(self, gradient: Gradient) -> Floats:
        """(n) the quasi-Newton step, no entry of it longer than a few of its sizes."""
        bend, g = self._gradients.bend, gradient.value
        p = -self._pairs.times(g, bend)
        if not np.isfinite(p).all() or float(p @ g) > 0:
            self._pairs.clear()
            p = -g / bend
        size = np.maximum(np.abs(self.here.x), self._scale)
        longest = float(np.abs(p / size).max())
        return p if longest <= FARTHEST else p * (FARTHEST / longest)

    def _search(self, gradient: Gradient, p: Floats) -> Step | None:
        x, value = self.here.x, self.here.value
        slope, error = float(gradient.value @ p), gradient.error_along(p)
        if not slope < 0:
            return None
        step = search(
            lambda t: self._f.one(x + t * p),
            Start(value, slope, error, self._noise.at(value)),
            self._rules.search,
            slope=self._gradients.line(x, p),
        )
        rounded_away = step is not None and (x + step.length * p == x).all()
        return None if rounded_away else step

    def _go(self, before: Gradient, p: Floats, step: Step) -> None:
        """Take a step, with the gradient at its end and what it says of curvature."""
        here, x = self.here, self.here.x + step.length * p
        s = x - here.x  # what is left of the step after rounding
        if step.value < here.value:
            self._failed.clear()
        self.here = Here(x, step.value, None, here.iterations + 1)
        if self._noise.due(step.value):
            self._noise.measure(x, step.value)
        sigma = self._noise.at(step.value)
        near = -float(before.value @ s) < STILL_SHARP * COARSE * sigma * x.size
        sharp = before.sharp and near
        ask = self._gradients.central if sharp else self._gradients.forward
        after = ask(x, step.value, sigma)
        self.here = replace(self.here, gradient=after)
        self._learn(here, s, after)

    def _learn(self, before: Here, s: Floats, after: Gradient) -> None:
        """Remember the curvature along s, from a longer step where noise hides it."""
        assert before.gradient is not None
        first = before.gradient
        change, error = change_of_slope(s, first, after)
        if change > CURVED * error:
            self._pairs.add(s, after.value - first.value)
            return
        if not (abs(change) <= CURVED * error < np.inf and after.sharp):
            return
        expected = max(-float(first.value @ s), error / LENGTHENED[1])
        x = before.x + s * np.clip(CLEAR * error / expected, *LENGTHENED)
        s = x - before.x
        value = self._f.one(x)
        if not np.isfinite(value):
            return
        far = self._gradients.central(x, value, self._noise.at(value))
        change, error = change_of_slope(s, first, far)
        if change > CURVED * error:
            self._pairs.add(s, far.value - first.value)
