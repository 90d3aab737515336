"""The picture of descents side by side: loss against what was spent, in four ways."""

# matplotlib's own hints leave its keyword arguments open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend import Trace
from clinometer.errors import InputError
from clinometer.show.canvas import INK, PALE, drawn, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_descent"]

Floats: TypeAlias = NDArray[np.float64]

SIZE = (8.6, 6.6)  # inches
LEGEND = 0.24  # inches a line of the legend
WIDEST = 50  # characters of a name of which two fit beside each other
COLOURS = ("#2d3a8c", "#d1495b", "#00798c", "#e09f3e", "#6a4c93", "#5b8c2a")
DECADE = 10.0  # over less than that a logarithmic axis says no more than another
DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
"""Lines that lie upon each other still show, each through the gaps of the next."""


@final
@dataclass(frozen=True)
class Panel:
    """One of the four: what stands on its horizontal axis.

    name : written under it.
    log : whether its axis is logarithmic.
    of : (T + 1) what a trace had spent, from its trace; NaN where unknown.
    """

    name: str
    log: bool
    of: Callable[[Trace], Floats]


PANELS = (
    Panel("iterations", False, lambda trace: np.arange(len(trace.loss), dtype=float)),
    Panel(
        "evaluations of f and of its gradient",
        True,
        lambda trace: (trace.evaluations + trace.gradients).astype(float),
    ),
    Panel("arithmetic operations", True, lambda trace: trace.operations),
    Panel("seconds", True, lambda trace: trace.seconds),
)


def draw_descent(
    traces: Sequence[Trace],
    path: str | Path,
    *,
    title: str = "Loss against what it cost",
    above: float = 0.0,
) -> Path:
    """The file that now holds the picture; its suffix says the format (.png, .svg ...).

    traces : descents of one f from one x0.
    above : subtracted from every loss, in units of f; the lowest value, if it is known.
        Where all that is left is positive, and spans a decade, its axis is logarithmic.

    Missing folders are made. Raises InputError without a trace, MissingExtraError
    without matplotlib.
    """
    if not traces:
        raise InputError("draw_descent needs at least one trace, got none")
    size = (SIZE[0], SIZE[1] + LEGEND * -(-len(traces) // _columns(traces)))
    return drawn(lambda figure: _draw(figure, traces, title, above=above), path, size)


def _draw(figure: Figure, traces: Sequence[Trace], title: str, *, above: float) -> None:
    figure.suptitle(title, x=0.01, ha="left", weight="bold", color=INK, fontsize=11.5)
    losses = [trace.loss - above for trace in traces]
    shown = np.concatenate([loss[np.isfinite(loss)] for loss in losses])
    log = bool(shown.size and 0 < shown.min() < shown.max() / DECADE)
    axes = figure.subplots(2, 2, sharey=True)
    for k, (panel, place) in enumerate(zip(PANELS, axes.flat, strict=True)):
        named = "loss" if above == 0 else f"loss - {above:.6g}"
        framed(place, "", x=panel.name, y="" if k % 2 else named)
        place.set_xscale("log" if panel.log else "linear")
        place.set_yscale("log" if log else "linear")
        _lines(place, panel, traces, losses=losses)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower left",
        ncols=_columns(traces),
        frameon=False,
        labelcolor=INK,
        handlelength=3.4,
    )


def _name(trace: Trace) -> str:
    return f"{trace.rule}; {trace.slope}"


def _columns(traces: Sequence[Trace]) -> int:
    """How many names of traces fit beside each other."""
    return 2 if max(len(_name(trace)) for trace in traces) <= WIDEST else 1


def _lines(
    axes: Axes, panel: Panel, traces: Sequence[Trace], *, losses: Sequence[Floats]
) -> None:
    drawn = 0
    for k, (trace, loss) in enumerate(zip(traces, losses, strict=True)):
        spent = panel.of(trace)
        known = np.isfinite(spent) & np.isfinite(loss)
        drawn += int(known.any())
        axes.plot(
            spent[known],
            loss[known],
            color=COLOURS[k % len(COLOURS)],
            ls=DASHES[k % len(DASHES)],
            lw=1.7,
            label=_name(trace),
        )
    if not drawn:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "cannot be counted", transform=axes.transAxes, ha="center")
    elif drawn < len(traces):
        said = f"without {len(traces) - drawn} that cannot be counted"
        axes.set_title(said, loc="right", color=PALE, fontsize=8)
