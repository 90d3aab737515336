"""Pictures of what the step of a difference does to the gradient of a hash grid."""

# matplotlib's own hints leave its keyword arguments open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clinometer.errors import InputError
from clinometer.show.canvas import BAR, INK, PALE, drawn, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clinometer.surface.study import Study

__all__ = ["PANELS", "draw_panel", "draw_study"]

SIZE = (11.0, 8.0)  # inches, of all four
ONE = (6.4, 4.4)  # inches, of one alone

RED, TEAL, GOLD = "#d1495b", "#00798c", "#e09f3e"
STEPS = (GOLD, BAR, TEAL)
"""Colours of the steps, from the smallest."""

WAYS = {"analytical": RED, "central": BAR, "tetrahedral": GOLD, "flipped": TEAL}
NAMES = {
    "analytical": "analytical",
    "central": "6 taps",
    "tetrahedral": "4 taps",
    "flipped": "4 taps, sign by chance",
}
"""Colour and name of each way to a gradient, in every panel."""

SHOWN = 4
"""Cells on either side of the middle that are drawn of the line."""


def draw_study(study: Study, path: str | Path) -> Path:
    """The file that now holds all four panels; its suffix says the format.

    Missing folders are made. Raises MissingExtraError without matplotlib.
    """

    def draw(figure: Figure) -> None:
        every = figure.subplots(2, 2)
        for axes, panel in zip(every.flat, PANELS.values(), strict=True):
            panel(axes, study)

    return drawn(draw, path, SIZE)


def draw_panel(study: Study, name: str, path: str | Path) -> Path:
    """The file that now holds one panel.

    name : of `PANELS`. Raises InputError for another one; else as `draw_study`.
    """
    if name not in PANELS:
        raise InputError(f"a panel is one of {', '.join(PANELS)}, got {name!r}")
    return drawn(lambda figure: PANELS[name](figure.add_subplot(), study), path, ONE)


def _along(axes: Axes, study: Study) -> None:
    """Slopes along a line, with the faces of cells as hairlines."""
    along = study.along
    cell = float(np.diff(along.faces).mean())
    middle = float(np.median(along.faces))
    place = (along.t - middle) / cell
    unit = float(along.analytical.std())
    framed(
        axes,
        "The gradient along a line",
        x="place, cells",
        y="slope, in its own spread",
    )
    for face in along.faces:
        axes.axvline((face - middle) / cell, color=PALE, lw=0.4, zorder=1)
    axes.plot(
        *(place, along.analytical / unit),
        color=RED,
        lw=1.6,
        label="analytical",
        zorder=2,
    )
    for (step, slope), colour in zip(along.numerical.items(), STEPS, strict=True):
        label = f"step {step:g} cell{'s' if step > 1 else ''}"
        axes.plot(place, slope / unit, color=colour, lw=1.4, label=label, zorder=3)
    axes.set_xlim(-SHOWN, SHOWN)
    axes.grid(visible=False)
    _legend(axes, columns=2)


def _reached(axes: Axes, study: Study) -> None:
    """Entries that one sample moves, level by level."""
    reached = study.reached
    framed(
        axes,
        "What one sample corrects",
        x="reach of the taps, cells of the level",
        y="entries of the table",
    )
    axes.set_xscale("log", base=2)
    for way, entries in reached.entries.items():
        axes.plot(
            reached.cells,
            entries,
            color=WAYS[way],
            lw=1.6,
            marker="o",
            ms=4,
            label=NAMES[way],
        )
    axes.set_ylim(0, None)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _legend(axes)


def _smoothing(axes: Axes, study: Study) -> None:
    """What a step leaves of the roughness: measured as dots, derived as a line."""
    smoothing = study.smoothing
    framed(
        axes,
        "What a step smooths away",
        x="step, cells",
        y="spread of the slope that is left",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot(
        *(smoothing.cells, smoothing.theory),
        color=PALE,
        lw=1.4,
        label="by theory",
        zorder=2,
    )
    axes.plot(
        *(smoothing.cells, smoothing.left),
        color=BAR,
        ls="none",
        marker="o",
        ms=5,
        label="measured",
        zorder=3,
    )
    _plain_decades(axes)
    _legend(axes)


def _bias(axes: Axes, study: Study) -> None:
    """Errors on a smooth function, with what moments foretell as a dashed line."""
    bias = study.bias
    framed(
        axes,
        "What four taps get wrong",
        x="reach of the taps",
        y="error of the gradient",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    for way, error in bias.errors.items():
        axes.plot(
            bias.steps,
            error,
            color=WAYS[way],
            lw=1.6,
            marker="o",
            ms=4,
            label=f"{NAMES[way]}, order {bias.orders[way]:.1f}",
        )
    for foretold in bias.moments.values():
        axes.plot(
            bias.steps, foretold, color=INK, ls=(0, (4, 3)), lw=1.0, label="by moments"
        )
    axes.set_xticks(bias.steps, [f"{step:g}" for step in bias.steps])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    _legend(axes)


PANELS: Mapping[str, Callable[[Axes, Study], None]] = {
    "along": _along,
    "reached": _reached,
    "smoothing": _smoothing,
    "bias": _bias,
}
"""The four, by the names of the values that they draw."""


def _legend(axes: Axes, columns: int = 1) -> None:
    axes.legend(frameon=False, labelcolor=INK, fontsize=8.5, ncols=columns)


def _plain_decades(axes: Axes) -> None:
    """Numbers on both axes as people write them."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
