"""Everything that one run of the benchmark measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from benchmarks.panel import Source
from benchmarks.rivals import CLINOMETER, RIVALS, Rival
from benchmarks.score import Score
from benchmarks.timing import Pair, Ratio

Scores = dict[str, list[Score]]  # by name of library


@final
@dataclass(frozen=True, eq=False)
class Times:
    """Wall times.

    ratios : of all libraries on one coordinate.
    gradients : of functions of 1,000 coordinates, beside jacobi(f, x).
    along_ones, of_the_sum : of 1,000 separate functions, beside jacobi's diagonal.
    imports : seconds of importing clinometer, and numpy.
    """

    ratios: Sequence[Ratio]
    gradients: Sequence[Pair]
    along_ones: Sequence[Pair]
    of_the_sum: Sequence[Pair]
    imports: tuple[float, float]


@final
@dataclass(frozen=True, eq=False)
class Results:
    """Scores by library on the published set and on random functions, and times.

    source : where the random functions came from. command : what reproduces it all.
    """

    published: Scores
    random: Scores
    source: Source
    times: Times
    command: str


def libraries(scores: Scores) -> list[Rival]:
    """The libraries that were run, in their usual order; clinometer is among them."""
    return [rival for rival in RIVALS if rival.name in scores]


def ours(scores: Scores) -> list[Score]:
    """clinometer's scores."""
    return scores[CLINOMETER.name]
