"""The figure of a `StepCurve`, drawn with matplotlib without touching its settings."""

# matplotlib's own hints leave its keyword arguments open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from clinometer.show.canvas import BAR, drawn, framed
from clinometer.show.curve import StepCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

SIZE = (7.6, 4.8)  # inches
EPSILON = 2.0**-52  # relative; the figure always reaches down to it
DIGITS, RAISED = "-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"


@final
@dataclass(frozen=True)
class Look:
    """How a trial is drawn.

    colour : of its line.
    height : where its name stands on the rising branch, from 0 (foot) to 1 (top).
    """

    colour: str
    height: float


LOOKS = (Look("#d1495b", 0.5), Look("#e09f3e", 0.42), Look("#00798c", 0.4))


def draw_step_curve(
    curve: StepCurve, path: str | Path, *, title: str = "Error against step"
) -> Path:
    """The file that now holds the figure; its suffix says the format (.png, .svg ...).

    Both axes are logarithmic and dimensionless: the step in units of the line's scale,
    the error relative to the slope. Missing folders are made.
    Raises MissingExtraError without matplotlib.
    """
    return drawn(lambda figure: _draw(figure, curve, title), path, SIZE)


def _draw(figure: Figure, curve: StepCurve, title: str) -> None:
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    size = abs(curve.truth) or 1.0
    step = curve.step / curve.scale
    errors = [trial.error / size for trial in curve.trials]
    framed(
        axes,
        title,
        x="step h, in units of the scale of x",
        y="error of the slope, relative",
    )
    _limits(axes, step, np.concatenate(errors), bar=float(curve.slope.error) / size)
    for trial, error, look in zip(curve.trials, errors, LOOKS, strict=True):
        seen = np.where(error > 0, error, np.nan)
        if np.isnan(seen).all():
            continue  # exact at every step, which no logarithm shows
        axes.plot(step, seen, color=look.colour, lw=1.7, marker="o", ms=3, zorder=3)
        _name(
            axes, step, seen, name=f"{trial.name}\n∝ h{_power(trial.order)}", look=look
        )
    _mark_estimate(axes, curve, size)


def _limits(axes: Axes, step: Floats, errors: Floats, *, bar: float) -> None:
    shown = np.append(errors, [bar, EPSILON])
    shown = shown[np.isfinite(shown) & (shown > 0)]
    axes.set_xlim(step.min() / 1.3, step.max() * 4)
    axes.set_ylim(shown.min() / 10, min(10 * shown.max(), 100))


def _name(axes: Axes, step: Floats, error: Floats, *, name: str, look: Look) -> None:
    """Write a trial's name beside its rising branch, at a height of its own."""
    branch = error[: int(np.nanargmin(error)) + 1]
    low, high = np.log(np.nanmin(branch)), np.log(np.nanmax(branch))
    rising = np.flatnonzero(branch >= np.exp(low + look.height * (high - low)))
    at = int(rising[-1]) if rising.size else 0
    axes.annotate(
        name,
        (step[at], error[at]),
        xytext=(12, -11),
        textcoords="offset points",
        color=look.colour,
        weight="bold",
        va="center",
        linespacing=1.35,
    )


def _mark_estimate(axes: Axes, curve: StepCurve, size: float) -> None:
    """Mark the estimate: its bar as a line, its step and true error as a point."""
    claimed = float(curve.slope.error) / size
    off = abs(float(curve.slope.value) - curve.truth) / size
    at = float(curve.slope.step) / curve.scale
    low, high = axes.get_ylim()
    bar = min(max(claimed, low), high)
    axes.axhspan(low, bar, color=BAR, alpha=0.06, lw=0, zorder=0)
    axes.axhline(bar, color=BAR, lw=1.2, ls=(0, (5, 3)), zorder=2)
    told = f"◆ its value, off by {_decimal(off)}"
    if curve.truth == float(curve.slope.value):
        off, told = bar, "◆ its value, taken for the truth"
    axes.vlines(at, max(off, low), bar, color=BAR, lw=1.6, zorder=4)
    axes.plot([at], [max(off, low)], marker="D", ms=8, color=BAR, mec="white", zorder=5)
    axes.text(
        0.015,
        bar / 1.8,
        f"error bar of slope(): ± {_decimal(claimed)}\n{told}\n"
        f"{curve.slope.evaluations} evaluations, no step to choose",
        transform=axes.get_yaxis_transform(),
        color=BAR,
        va="top",
        linespacing=1.5,
    )


def _power(order: int) -> str:
    return "" if order == 1 else str(order).translate(str.maketrans(DIGITS, RAISED))


def _decimal(number: float) -> str:
    """One digit and a power of ten, as in 3 × 10⁻¹³."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    digit, exponent = f"{number:.0e}".split("e")
    return f"{digit} × 10" + str(int(exponent)).translate(str.maketrans(DIGITS, RAISED))
