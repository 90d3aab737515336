"""How an answer is judged, the same for every library, and how judgements add up.

The error of a component i is |value_i - truth_i|, and its relative error is that over
the size of the component, which is

    |truth_i|, but at least 1e-12 of the largest |truth_j| X_j over X_i,

where X_i = |x_i|, or 1 where x_i = 0: rescaling a coordinate changes no judgement. If
truth_i is exactly zero the size is the larger of |f(x)| and max_j |truth_j| X_j, over
X_i; if both vanish, 1 / X_i. No value (a crash, a NaN) counts as an infinite error.

A bar covers if |value_i - truth_i| <= bar_i + 4 eps |truth_i|, the last term being the
rounding of the truth itself. No value or no number as bar: not covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmarks.answer import Answer
from benchmarks.case import Case, Floats

MATERIAL = 1e-3  # relative; an error above it is off, a bar below it certifies


@final
@dataclass(frozen=True, eq=False)
class Score:
    """One answer judged.

    error : the worst relative error of its components.
    covered, certified : shares of its components, 0 without a bar. Certified: a bar
        that covers and is at most 1e-3 of the component's size.
    wrong : whether some component is off by > 1e-3 with a bar less than a tenth of
        its error.
    per_coordinate : evaluations of f over n.
    """

    case: Case
    answer: Answer
    error: float
    covered: float
    certified: float
    wrong: bool

    @property
    def per_coordinate(self) -> float:
        """Evaluations of f for each coordinate."""
        return self.answer.points / self.case.x.size


def sizes(case: Case) -> Floats:
    """Size (n,) of each component of the gradient; see the head of this file."""
    unit = np.where(case.x == 0, 1.0, np.abs(case.x))
    pull = np.max(np.abs(case.truth) * unit)
    zero = max(float(np.abs(np.asarray(case.f(case.x[None]))[0])), pull) or 1.0
    usual = np.maximum(np.abs(case.truth), 1e-12 * pull / unit)
    return np.where(case.truth == 0, zero / unit, usual)


def judge(case: Case, answer: Answer) -> Score:
    """The score of one answer."""
    size = sizes(case)
    with np.errstate(invalid="ignore"):
        error = np.abs(answer.value - case.truth)
    error = np.where(np.isnan(error), np.inf, error)
    bar = np.full(error.shape, np.nan) if answer.bar is None else answer.bar
    allowed = 4 * np.finfo(float).eps * np.abs(case.truth)
    covered: NDArray[np.bool_] = np.isfinite(error) & (error <= bar + allowed)
    certified = covered & (bar <= MATERIAL * size)
    off = np.isfinite(error) & (error > MATERIAL * size)
    wrong = bool(np.any(off & (bar < error / 10)))
    worst = float(np.max(error / size))
    return Score(case, answer, worst, covered.mean(), certified.mean(), wrong)


@final
@dataclass(frozen=True)
class Summary:
    """Scores of one library over many functions, each function counting once.

    cover, certified : means over functions of the shares of components; None: no bars.
    components : share of all components that are covered, of all functions together.
    wrong : functions with a confidently wrong component.
    per_coordinate, per_clean : mean evaluations per coordinate, of all functions and
        of those without noise.
    """

    functions: int
    median: float
    off: int
    cover: float | None
    components: float | None
    wrong: int | None
    certified: float | None
    per_coordinate: float
    per_clean: float
    calls: float
    crashes: int


def mean(numbers: Iterable[float]) -> float:
    """The mean, NaN of nothing."""
    listed = list(numbers)
    return float(np.mean(listed)) if listed else float("nan")


def summarise(scores: Sequence[Score], *, bars: bool) -> Summary:
    """The summary of one library's scores; effort is counted where it did not crash.

    bars : whether the library gives error bars at all.
    """
    done = [score for score in scores if score.answer.fault is None]
    held = sum(score.covered * score.case.x.size for score in scores)
    entries = sum(score.case.x.size for score in scores)
    return Summary(
        functions=len(scores),
        median=float(np.median([score.error for score in scores])),
        off=sum(score.error > MATERIAL for score in scores),
        cover=mean(score.covered for score in scores) if bars else None,
        components=held / entries if bars else None,
        wrong=sum(score.wrong for score in scores) if bars else None,
        certified=mean(score.certified for score in scores) if bars else None,
        per_coordinate=mean(score.per_coordinate for score in done),
        per_clean=mean(score.per_coordinate for score in done if score.case.clean),
        calls=float(np.median([score.answer.calls for score in done])),
        crashes=len(scores) - len(done),
    )
