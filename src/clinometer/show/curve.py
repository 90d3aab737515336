"""The error of difference quotients against their step, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack, final

import numpy as np
from numpy.typing import NDArray

from clinometer.derivative import Options, slope
from clinometer.errors import InputError
from clinometer.estimate import Estimate
from clinometer.evaluate import MEMORY, Function
from clinometer.ladder import LinePoints, directions, scales
from clinometer.stencil import Stencil, stencil
from clinometer.trees import Tree

Floats = NDArray[np.float64]

HALVINGS = 40
"""Octaves from the coarsest step to the finest: well into rounding."""

PER_OCTAVE = 2
"""Steps in an octave."""

COARSEST = 2.0
"""The coarsest step, in units of the line's scale."""

STENCILS = (
    ("forward", (0, 1)),
    ("central", (-1, 1)),
    ("extrapolated", (-64, -16, -4, -1, 1, 4, 16, 64)),
)
"""Offsets in units of the finest step. The last one is what four central differences
at a ratio of four give when they are extrapolated to h = 0."""


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """One stencil, tried at every step.

    name : what the stencil is called.
    order : p in error = O(h**p), computed from its moments.
    value : (L) the slope it gives, in units of f / t, NaN where f has none.
    error : (L) absolute error of the slope in units of f / t, NaN where f has none.
    """

    name: str
    order: int
    value: Floats
    error: Floats


@final
@dataclass(frozen=True, eq=False)
class StepCurve:
    """How far off differences are, step by step, and the estimate beside them.

    step : (L) finest step of each stencil in units of t, falling.
    scale : typical size of t, the unit of the horizontal axis.
    trials : one for each stencil.
    slope : the estimate with its bar.
    truth : what errors were measured from, in units of f / t.
    """

    step: Floats
    scale: float
    trials: tuple[Trial, ...]
    slope: Estimate
    truth: float


def step_curve(
    f: Callable[..., Any],
    x: Tree,
    v: Tree,
    *,
    truth: float | None = None,
    **options: Unpack[Options],
) -> StepCurve:
    """Errors of forward, central and extrapolated differences of t -> f(x + t v).

    truth : the slope from a formula. Without it the estimate stands in, and errors
        below its bar mean nothing.
    options : as for `clinometer.slope`. Some 1,000 evaluations of f.
    Raises InputError and FunctionError as `clinometer.slope` does.
    """
    estimate = slope(f, x, v, **options)
    if np.ndim(estimate.value) != 0:
        raise InputError(
            "a step curve needs an f that returns one number, got shape "
            f"{np.shape(estimate.value)}; pick an output or sum them"
        )
    known = float(estimate.value) if truth is None else truth
    function = Function(
        f,
        x,
        batched=options.get("batched", False),
        vmap=options.get("vmap", False),
        memory=options.get("memory", MEMORY),
    )
    line = _Line(function, v, options.get("scale"))
    octaves = np.arange(HALVINGS * PER_OCTAVE) / PER_OCTAVE
    step = line.scale * COARSEST * np.exp2(-octaves)
    trials = tuple(
        _trial(name, stencil(offsets), line, step=step, truth=known)
        for name, offsets in STENCILS
    )
    return StepCurve(step, line.scale, trials, estimate, known)


def _trial(
    name: str, tried: Stencil, line: _Line, *, step: Floats, truth: float
) -> Trial:
    t = tried.points(np.zeros_like(step), step)
    values = line.values(t.reshape(-1)).reshape(t.shape)
    value = tried.combine(values, step)
    return Trial(name, tried.order, value, np.abs(value - truth))


class _Line:
    """Values of t -> f(x + t v)."""

    def __init__(self, function: Function, v: Tree, scale: Tree | None) -> None:
        self._function = function
        layout, x = function.layout, function.x
        sizes = None if scale is None else layout.like(scale, "scale")
        direction = layout.like(v, "v")[None]
        self._lines = directions(layout, x, direction, scale=scales(layout, x, sizes))
        self.scale = float(self._lines.scale[0])

    def values(self, t: Floats) -> Floats:
        """(P) f at every t (P), NaN where it has no value."""
        line = np.zeros(t.shape, np.intp)
        values = self._function.values(LinePoints(self._lines, line, t))[:, 0]
        return np.where(np.isfinite(values), values, np.nan)
