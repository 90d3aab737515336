"""A figure on a page of its own, whatever the user's settings of matplotlib are."""

# matplotlib's own hints leave its keyword arguments open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinometer.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BAR", "GRID", "INK", "PALE", "drawn", "framed"]

INK, PALE, GRID = "#1f2933", "#7b8794", "#e4e7eb"
BAR = "#2d3a8c"


def drawn(
    draw: Callable[[Figure], None], path: str | Path, size: tuple[float, float]
) -> Path:
    """The file that now holds a figure; its suffix says the format (.png, .svg ...).

    draw : fills the figure.
    size : width and height, inches.
    Missing folders are made. Raises MissingExtraError without matplotlib.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "figures need matplotlib, which is not installed; "
            "pip install 'clinometer[plot]'"
        ) from error
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "svg.hashsalt": "clinometer",
    }
    with rc_context(style):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        draw(figure)
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, dpi=160, metadata=metadata)
    return path


def framed(axes: Axes, title: str, *, x: str, y: str) -> None:
    """Title, names of the axes and a quiet frame."""
    axes.set_title(title, loc="left", weight="bold", color=INK, fontsize=11.5, pad=12)
    axes.set_xlabel(x, color=PALE)
    axes.set_ylabel(y, color=PALE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(which="both", color=GRID, labelcolor=PALE)
    axes.tick_params(which="minor", length=0)
    axes.grid(color=GRID, lw=0.6)
    axes.set_axisbelow(True)
