"""Wall times, always measured in pairs that alternate in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import jacobi
import numpy as np

import clinometer
from benchmarks.case import Array, Case, Floats
from benchmarks.corpus.large import ORDINARY, POSITIVE
from benchmarks.rivals import CLINOMETER, JACOBI, Counted, Rival

Job = Callable[[], Any]


def paired(jobs: Sequence[Job], rounds: int) -> list[float]:
    """Median seconds of each job, taking turns so that all meet the same machine.

    Each job runs once untimed first, if there are several rounds.
    """
    spent: list[list[float]] = [[] for _ in jobs]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(rounds + (rounds > 1)):
            for job, times in zip(jobs, spent, strict=True):
                start = time.perf_counter()
                job()
                times.append(time.perf_counter() - start)
    return [statistics.median(times[-rounds:]) for times in spent]


def _job(rival: Rival, case: Case) -> Job:
    f = Counted(case.f)
    return lambda: rival.method(f, case)


@final
@dataclass(frozen=True)
class Ratio:
    """Times of a library over those of jacobi, one function of one coordinate each.

    median, low, high : of the ratios, the latter two at 10 and 90 %.
    seconds : median time of the library.
    """

    name: str
    median: float
    low: float
    high: float
    seconds: float


def one_coordinate(
    rivals: Sequence[Rival], cases: Sequence[Case], rounds: int
) -> list[Ratio]:
    """Ratios of every library on the functions of one coordinate given.

    clinometer stands there twice: with a batched f, and with one point a call as the
    others have it.
    """
    names = [rival.name for rival in rivals] + ["clinometer, one point a call"]
    spent: list[list[float]] = []
    for case in cases:
        jobs = [_job(rival, case) for rival in (JACOBI, *rivals)]
        pointwise = _job(CLINOMETER, replace(case, batched=False))
        spent.append(paired([*jobs, pointwise], rounds))
    times = np.array(spent)
    ratios = times[:, 1:] / times[:, :1]
    return [
        Ratio(
            name,
            *(float(q) for q in np.quantile(ratios[:, i], [0.5, 0.1, 0.9])),
            seconds=float(np.median(times[:, 1 + i])),
        )
        for i, name in enumerate(names)
    ]


@final
@dataclass(frozen=True)
class Pair:
    """Seconds of clinometer and of jacobi for the same job."""

    name: str
    ours: float
    theirs: float


def thousand(cases: Sequence[Case], rounds: int) -> list[Pair]:
    """One batched gradient call beside jacobi(f, x), 1,000 coordinates each."""
    pairs: list[Pair] = []
    for case in cases:
        jobs = [_job(rival, case) for rival in (CLINOMETER, JACOBI)]
        pairs.append(Pair(case.name, *paired(jobs, rounds)))
    return pairs


# 1,000 separate functions of one coordinate each, written as one elementwise function
SEPARATE: tuple[tuple[str, Callable[[Array], Array], Floats], ...] = (
    ("sin x", np.sin, ORDINARY),
    ("x log x", lambda x: x * np.log(x), POSITIVE),
    ("exp(-x squared)", lambda x: np.exp(-(x**2)), ORDINARY),
    ("1 / (1 + x)", lambda x: 1 / (1 + x), POSITIVE),
)


def along_ones(rounds: int) -> list[Pair]:
    """slope of 1,000 separate functions along (1, ..., 1), beside jacobi's diagonal."""
    pairs: list[Pair] = []
    for name, f, x in SEPARATE:
        ones = np.ones(x.size)
        jobs: list[Job] = [
            lambda f=f, x=x, ones=ones: clinometer.slope(f, x, ones, batched=True),
            lambda f=f, x=x: jacobi.jacobi(f, x, diagonal=True),
        ]
        pairs.append(Pair(name, *paired(jobs, rounds)))
    return pairs


def of_the_sum(rounds: int) -> list[Pair]:
    """gradient of the sum of 1,000 separate functions, beside jacobi's diagonal."""
    pairs: list[Pair] = []
    for name, f, x in SEPARATE:

        def total(points: Array, f: Callable[[Array], Array] = f) -> Array:
            return f(points).sum(axis=1)

        jobs: list[Job] = [
            lambda total=total, x=x: clinometer.gradient(total, x, batched=True),
            lambda f=f, x=x: jacobi.jacobi(f, x, diagonal=True),
        ]
        pairs.append(Pair(name, *paired(jobs, rounds)))
    return pairs


def import_seconds(rounds: int = 7) -> tuple[float, float]:
    """Seconds of `import clinometer` and of `import numpy`, in fresh processes."""

    def once(module: str) -> float:
        code = (
            "import time; start = time.perf_counter(); "
            f"import {module}; print(time.perf_counter() - start)"
        )
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)

    spent = [(once("clinometer"), once("numpy")) for _ in range(rounds)]
    ours, numpys = zip(*spent, strict=True)
    return statistics.median(ours), statistics.median(numpys)
