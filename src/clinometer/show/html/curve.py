"""A step curve as inline SVG: lines, the bar, the claim's distance, points to hover."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.show.curve import StepCurve, Trial
from clinometer.show.html.text import isolated, safe, tag
from clinometer.show.html.worst import Worst
from clinometer.table import number

__all__ = ["drawn"]

Floats: TypeAlias = NDArray[np.float64]

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 128, 16, 52
"""Sizes of the figure and of its margins, in CSS pixels at full width."""

TICKS = 7
"""Ticks on an axis at most; decades are left out until they fit."""

APART = 14.0
"""Least distance of two labels on the right, in CSS pixels."""


@final
@dataclass(frozen=True, eq=False)
class Axis:
    """A logarithmic axis: low and high in powers of ten, start and end in pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: Floats | float) -> Floats:
        """Where values stand, in pixels; NaN where they are not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (np.log10(value) - self.low) / (self.high - self.low)
        place = self.start + share * (self.end - self.start)
        return np.where(np.isfinite(place), place, np.nan)

    def ticks(self) -> Iterator[tuple[int, float]]:
        """Powers of ten and where they stand."""
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        each = max(1, math.ceil(len(powers) / TICKS))
        for power in powers:
            if power % each == 0:
                yield power, float(self.at(10.0**power))


def drawn(worst: Worst) -> str:
    """The figure as HTML: SVG with a caption; the page's script adds the hovering.

    Across: the step. Up: how far a difference quotient at that step is from the slope
    that was measured. The claim's own distance is a line: where it runs above the bar,
    no step makes the claim right.
    """
    curve = worst.curve
    off = _distance(worst)
    bar = float(curve.slope.error)
    across, up = _axes(curve, [bar, off])
    parts = [_grid(across, up)]
    parts += [_line(trial, curve.step, (across, up)) for trial in curve.trials]
    labels = [_label(trial, up) for trial in curve.trials]
    for name, height, words in (
        ("bar", bar, f"the bar, ± {bar:.1g}"),
        ("claim", off, f"the claim, {off:.1g} off"),
    ):
        if math.isfinite(height) and height > 0:
            y = float(up.at(height))
            parts.append(
                f'<line class="{name}" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            labels.append((y, name, words))
    parts += _spread(labels)
    title = f"Error against step at {worst.finding.where}"
    figure = tag(
        "svg",
        f"<title>{safe(title)}</title>{''.join(parts)}",
        class_="curve",
        id="curve",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        tabindex="0",
    )
    return tag("figure", f'{figure}<p class="tip" id="curve-tip"></p>{_caption(worst)}')


def _distance(worst: Worst) -> float:
    """How far the claim is from the slope of the curve, in units of f / t."""
    if worst.finding.analytic is None:
        return math.nan
    return abs(worst.finding.analytic - float(worst.curve.slope.value))


def _axes(curve: StepCurve, heights: list[float]) -> tuple[Axis, Axis]:
    shown = np.concatenate([*(trial.error for trial in curve.trials), heights])
    shown = np.log10(shown[np.isfinite(shown) & (shown > 0)])
    low, high = (-1.0, 1.0) if not shown.size else (shown.min(), shown.max())
    step = np.log10(curve.step)
    return (
        Axis(float(step.min()) - 0.1, float(step.max()) + 0.1, LEFT, WIDTH - RIGHT),
        Axis(float(low) - 0.4, float(high) + 0.4, HEIGHT - BOTTOM, TOP),
    )


def _grid(across: Axis, up: Axis) -> str:
    """Lines and numbers of both axes, and their names."""
    parts: list[str] = []
    for power, x in across.ticks():
        parts += [
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" '
            f'y2="{HEIGHT - BOTTOM}"/>',
            _text(_power(power), x, HEIGHT - BOTTOM + 18, anchor="middle"),
        ]
    for power, y in up.ticks():
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/>',
            _text(_power(power), LEFT - 8, y + 4, anchor="end"),
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts += [
        _text("step", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, anchor="middle"),
        f'<text x="18" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 18 {middle})">distance from the measured slope</text>',
    ]
    return "".join(parts)


def _line(trial: Trial, step: Floats, axes: tuple[Axis, Axis]) -> str:
    """A trial's line, broken where it has no value, with a dot at each step."""
    x, y = axes[0].at(step), axes[1].at(trial.error)
    path, pen = "", "M"
    dots: list[str] = []
    for k in range(len(step)):
        if np.isnan(y[k]):
            pen = "M"
            continue
        path += f"{pen}{x[k]:.1f} {y[k]:.1f}"
        pen = "L"
        dots.append(
            f'<circle cx="{x[k]:.1f}" cy="{y[k]:.1f}" r="2.2" '
            f'data-name="{safe(trial.name)}" data-step="{step[k]:.3g}" '
            f'data-value="{safe(number(float(trial.value[k])))}" '
            f'data-error="{trial.error[k]:.2g}"/>'
        )
    return tag("g", f'<path d="{path}"/>{"".join(dots)}', class_=f"trial {trial.name}")


def _label(trial: Trial, up: Axis) -> tuple[float, str, str]:
    """Where a trial's line ends at coarse steps, its class and its name."""
    known = up.at(trial.error)
    known = known[~np.isnan(known)]
    y = float(known[0]) if known.size else float(TOP)
    return y, trial.name, trial.name


def _spread(labels: list[tuple[float, str, str]]) -> list[str]:
    """Labels beside the lines, moved apart so that none covers another."""
    written: list[str] = []
    last = -math.inf
    for y, name, words in sorted(labels):
        last = max(y, last + APART)
        written.append(
            f'<text class="label {name}" x="{WIDTH - RIGHT + 8}" '
            f'y="{last + 4:.1f}">{safe(words)}</text>'
        )
    return written


def _text(words: str, x: float, y: float, *, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(words)}</text>'


def _power(power: int) -> str:
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}"


def _caption(worst: Worst) -> str:
    slope = worst.curve.slope
    said = (
        f"Differences of f at {isolated(worst.finding.where)}, from steps too coarse "
        f"to steps lost in rounding. Measured: {safe(number(float(slope.value)))} ± "
        f"{float(slope.error):.1g}; claimed: {safe(number(worst.finding.analytic))}."
    )
    return tag("figcaption", said)
