"""Figures of a cost report, and of how costs grow."""

# matplotlib's own hints leave its keyword arguments open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clinometer.costs import CostReport, CostRow, Growth, Way
from clinometer.costs.words import duration, multiple
from clinometer.errors import InputError
from clinometer.show.canvas import BAR, INK, PALE, drawn, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_cost", "draw_growth"]

COLOURS = {
    Way.BACKPROP: BAR,
    Way.FORWARD_MODE: "#6f7bd1",
    Way.FORWARD: "#d1495b",
    Way.CENTRAL: "#e08e79",
    Way.EXTRAPOLATED: "#8c2f39",
    Way.COMPLEX: "#edae49",
    Way.COLOURED: "#9c6644",
    Way.RANDOM: "#9aa5b1",
    Way.PER_NODE: "#66a182",
    Way.SPARSE: "#00798c",
    Way.NODES: "#30c5d2",
}
"""One colour a way, in every figure: autodiff blue, differences red, memoized green."""

GROWING = (
    Way.BACKPROP,
    Way.FORWARD,
    Way.CENTRAL,
    Way.EXTRAPOLATED,
    Way.FORWARD_MODE,
    Way.PER_NODE,
    Way.SPARSE,
    Way.NODES,
)
"""Ways drawn where costs grow; random directions give no gradient for their price."""


ROOM = 0.9
"""Room behind the longest bar for what is said of it, in lengths of that bar."""


def draw_cost(report: CostReport, path: str | Path, *, title: str = "") -> Path:
    """The file that now holds a bar for each way, cheapest first.

    Bars are seconds, or multiplications where nothing was timed; a dot says how many
    multiplications there are, in those of one evaluation of f.
    path : its suffix says the format (.png, .svg ...); missing folders are made.
    Raises MissingExtraError without matplotlib, InputError where the report holds
    neither times nor counts.
    """
    timed = report.seconds is not None
    rows = _costs(report, timed=timed)
    if not rows:
        raise InputError(
            "the report holds neither times nor counts; call cost with timing > 0"
        )
    size = 7.6, 1.6 + 0.42 * len(rows)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        framed(
            axes,
            title or f"What a gradient of {report.n:,} entries costs",
            x="seconds" if timed else "multiplications, in those of one f",
            y="",
        )
        _bars(axes, report, timed=timed)

    return drawn(draw, path, size)


def _bars(axes: Axes, report: CostReport, *, timed: bool) -> None:
    """A bar a way, what it amounts to behind it."""
    costs = sorted(_costs(report, timed=timed), key=lambda pair: -pair[1])
    axes.set_xscale("log")
    for at, (row, length) in enumerate(costs):
        axes.barh(at, length, color=COLOURS[row.way], height=0.62, zorder=2)
        times = report.times_f(row)
        said = [duration(length) if timed else f"{multiple(length)} F"]
        said += [f"{multiple(times)} F"] if times is not None and timed else []
        said += [f"error {row.accuracy}"] if row.accuracy is not None else []
        axes.annotate(
            "   ".join(said),
            (length, at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=PALE,
        )
    names = [row.way.value for row, _ in costs]
    axes.set_yticks(range(len(costs)), names, color=INK)
    low, high = costs[-1][1] / 3, costs[0][1]
    axes.set_xlim(low, high * (high / low) ** ROOM)
    axes.grid(visible=False, axis="y")


def _costs(report: CostReport, *, timed: bool) -> list[tuple[CostRow, float]]:
    """Rows of known cost, with it: seconds, or multiplications in those of one f."""
    known = [
        (row, row.seconds if timed else report.times_f(row)) for row in report.rows
    ]
    return [(row, length) for row, length in known if length]


def draw_growth(
    growths: Mapping[str, Growth], path: str | Path, *, workers: int = 8
) -> Path:
    """The file that now holds multiplications against n, one panel a family.

    growths : by the title of their panels.
    workers : forward differences are drawn dealt out to so many processors, too.
    Break-even with backprop is marked on every line that meets it.
    Raises MissingExtraError without matplotlib, InputError without a family.
    """
    if not growths:
        raise InputError("growths must hold one family or more, got none")

    def draw(figure: Figure) -> None:
        every = figure.subplots(1, len(growths), sharey=True, squeeze=False)[0]
        for axes, (title, grown) in zip(every, growths.items(), strict=True):
            _lines(axes, grown, workers)
            framed(
                axes,
                title,
                x="parameters n",
                y="multiplications, in those of one f" if axes is every[0] else "",
            )

    return drawn(draw, path, (0.6 + 5.2 * len(growths), 5.0))


def _lines(axes: Axes, grown: Growth, workers: int) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.8, float(grown.n[-1]) * 60)
    ends: list[tuple[float, str, str]] = []
    for way in GROWING:
        if way not in grown.times:
            continue
        line, colour = grown.times[way], COLOURS[way]
        axes.plot(grown.n, line, color=colour, lw=1.8, marker="o", ms=3, zorder=3)
        ends.append((float(line[~np.isnan(line)][-1]), way.value, colour))
    if Way.FORWARD in grown.times:
        last = float(grown.times[Way.FORWARD][-1]) / workers
        ends.append((last, f"… on {workers} workers", COLOURS[Way.FORWARD]))
        _forward(axes, grown, workers)
    _name_ends(axes, float(grown.n[-1]), ends)
    _break_evens(axes, grown, workers)


def _forward(axes: Axes, grown: Growth, workers: int) -> None:
    """Forward differences: on many workers, and both down to their break-even."""
    colour, line = COLOURS[Way.FORWARD], grown.times[Way.FORWARD]
    axes.plot(grown.n, line / workers, color=colour, lw=1.1, ls=(0, (4, 2)))
    for share in (1, workers):
        at = grown.break_even(Way.FORWARD, share)
        if np.isnan(at):
            continue
        met = grown.times_at(Way.BACKPROP, at)
        if at < grown.n[0]:
            ends = [at, float(grown.n[0])], [met, float(line[0]) / share]
            axes.plot(*ends, color=colour, lw=1.0, ls=":")
        axes.plot([at], [met], "o", ms=8, mfc="none", mec=colour, zorder=5)
        axes.annotate(
            f"n = {at:.2g}",
            (at, met),
            xytext=(0, -14),
            textcoords="offset points",
            ha="center",
            color=colour,
        )


def _break_evens(axes: Axes, grown: Growth, workers: int) -> None:
    """Where each way costs as much as backprop, in words."""
    known = [(way, grown.break_even(way)) for way in GROWING if way in grown.times]
    said = [f"{way.value} {at:.2g}" for way, at in known if not np.isnan(at)]
    shared = grown.break_even(Way.FORWARD, workers)
    if not np.isnan(shared):
        said.append(f"forward differences on {workers} workers {shared:.2g}")
    if said:
        text = "\n".join(["as cheap as backprop at n =", *said])
        axes.text(0.02, 0.98, text, transform=axes.transAxes, va="top", color=PALE)


def _name_ends(axes: Axes, at: float, ends: list[tuple[float, str, str]]) -> None:
    """Names of the lines behind their ends, moved apart where they would meet."""
    least = 0.0
    low, high = axes.get_ylim()
    apart = 0.045 * np.log(high / low)
    for height, name, colour in sorted(ends):
        placed = max(np.log(height), least)
        least = placed + apart
        axes.text(at * 1.25, float(np.exp(placed)), name, color=colour, va="center")
