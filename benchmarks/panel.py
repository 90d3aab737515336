"""All libraries asked about all functions, each in a process of its own.

A library may hang (a NaN in LAPACK) as well as crash: a process can be ended, and the
next function goes to a fresh one.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import final

import numpy as np

from benchmarks.answer import Answer
from benchmarks.case import Case
from benchmarks.cases import CASES
from benchmarks.random_functions import random_cases
from benchmarks.rivals import RIVALS, Rival
from benchmarks.score import Score, judge

PATIENCE = 30.0  # seconds for one gradient; the slowest healthy one takes about 3


@final
@dataclass(frozen=True)
class Source:
    """Where functions come from: the published set, or `count` random ones of a seed.

    every : take each of them (1), or one in `every`.
    """

    seed: int | None = None
    count: int = 0
    every: int = 1

    def cases(self) -> list[Case]:
        """The functions, the same in every process."""
        whole = CASES if self.seed is None else random_cases(self.seed, self.count)
        return list(whole)[:: self.every]


def _serve(link: Connection, place: int, source: Source) -> None:
    """Answer for library number `place`: indices come in, answers go out."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # LAPACK writes its complaints straight to both
    os.dup2(silent, 2)
    cases = source.cases()
    while (index := link.recv()) is not None:
        link.send(RIVALS[place].answer(cases[index]))


@final
class _Worker:
    """A process that answers for one library, started anew after a hang."""

    def __init__(self, rival: Rival, source: Source) -> None:
        self._place, self._source = RIVALS.index(rival), source
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._link, far = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(far, self._place, self._source), daemon=True
        )
        self._process.start()
        far.close()

    def ask(self, index: int, case: Case) -> Answer:
        """The library's answer, or none if it hangs or takes its process with it."""
        try:
            self._link.send(index)
            if self._link.poll(PATIENCE):
                return self._link.recv()
            fault = f"no answer within {PATIENCE:.0f} s"
        except (EOFError, OSError):
            fault = "its process died"
        self._process.kill()
        self._start()
        blank = np.full(case.x.shape, np.nan)
        return Answer(blank, blank, 0, 0, PATIENCE, fault)

    def end(self) -> None:
        """Let the process finish."""
        self._link.send(None)
        self._process.join()


def scores(rival: Rival, source: Source) -> Iterator[Score]:
    """The scores of one library on every function of a source, in order."""
    worker = _Worker(rival, source)
    try:
        for index, case in enumerate(source.cases()):
            yield judge(case, worker.ask(index, case))
    finally:
        worker.end()
