"""The road from lines to judged derivatives, in rounds of evaluation.

`measure` evaluates the rows tried first on all lines at once, settles what one window
of rows can settle, and goes on, all components together, with what it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import FunctionError, InputError
from clinometer.estimate import (
    AMBIGUOUS,
    CONVERGED,
    FAILED,
    KINK,
    NOISE_LIMITED,
    ONE_SIDED,
    TRUNCATION_LIMITED,
)
from clinometer.evaluate import Function
from clinometer.judge import (
    History,
    Judgement,
    Rows,
    kink_of,
    next_rows,
    one_sided,
    one_sided_rows,
    settle,
    tolerance,
    weigh,
)
from clinometer.paths import Paths
from clinometer.sample import Sample, conditioning

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]
Codes: TypeAlias = NDArray[np.int8]

STAGES = 12
"""Rounds of refinement at most; each adds two or three rows to a component."""

BLOCK = 2**13
"""Components judged at once; bounds the memory of the judge's arrays to ~100 MiB."""


@final
@dataclass(frozen=True, eq=False)
class Measured:
    """Derivatives along lines: arrays (L, M) for L lines and M numbers in f's value.

    value, error : in units of f / t or f / t**2.
    step : finest step used, in units of t.
    code : status as its place in `OUTCOMES`.
    """

    value: Floats
    error: Floats
    step: Floats
    code: Codes


def measure(
    function: Function, lines: Paths, *, derivative: int = 1, rtol: float = 1e-10
) -> Measured:
    """Derivatives of order 1 or 2 of f along every line at t = 0.

    rtol : bar over value at which a component is left alone, dimensionless.
    Raises FunctionError if f fails at x itself, or raises everywhere around it.
    """
    if not 0 < rtol < 1:
        raise InputError(f"rtol must lie between 0 and 1, got {rtol!r}")
    sample = Sample(function, lines)
    with np.errstate(all="ignore"):
        rows = sample.begin()
        answer = Answer(sample, derivative, rtol)
        answer.settle(rows)
        shift = conditioning(sample, rows) if derivative == 1 else 0.0
        if answer.open.any():
            answer.refine()
        if answer.open.any():
            answer.take_one_side()
        answer.error += shift
        return answer.measured()  # a derivative may overflow where f does not


@final
class Answer:
    """What is known so far of every component, C = L * M of them, in scaled units.

    open : (C) which still need more; after `refine`, which are still without a bar.
    """

    def __init__(self, sample: Sample, derivative: int, rtol: float) -> None:
        self.sample = sample
        self.derivative = derivative
        self.rtol = rtol
        self.shape = (sample.lines.count, sample.here.size)
        count = self.shape[0] * self.shape[1]
        self.value = np.full(count, np.nan)
        self.error = np.full(count, np.inf)
        self.step = np.full(count, np.nan)
        self.code = np.full(count, FAILED, np.int8)
        self.open = np.ones(count, np.bool_)
        self.span, self.size = sample.span[:, None], sample.size
        self._settled: Judgement | None = None

    def measured(self) -> Measured:
        """The answer by lines and outputs, in units of f and t."""
        unit = self.size - self.derivative * self.span
        value = np.ldexp(self.value.reshape(self.shape), unit)
        error = np.ldexp(self.error.reshape(self.shape), unit)
        code = self.code.reshape(self.shape)
        lost = np.isinf(value)  # f is in range, its derivative need not be
        if lost.any():
            error, code = np.where(lost, np.inf, error), np.where(lost, FAILED, code)
        step = np.ldexp(self.step.reshape(self.shape), self.span)
        return Measured(value, error, step, code)

    def settle(self, rows: Rows) -> None:
        """Take what the rows tried first tell."""
        if len(rows.step) < 4:
            return
        judged = self._settled = settle(rows, self.derivative)
        size = tolerance(rows, judged.value, self.derivative, last=3)
        flat = rows.flat.all(axis=0)
        if flat.any():  # no dependence seen: measure the bar by f itself
            coarsest = rows.step[0] ** self.derivative
            size = np.where(flat, rows.size[0] / coarsest, size)
        done = np.isfinite(judged.error) & (judged.error <= self.rtol * size)
        self._record(slice(None), judged, done)
        self.open = ~done

    def _record(self, components: Ints | slice, judged: Judgement, done: Bools) -> None:
        self.value[components] = judged.value
        self.error[components] = judged.error
        self.step[components] = judged.step
        self.code[components] = CONVERGED if done.all() else _codes(judged, done)

    def refine(self) -> None:
        """Try more rows until bars are narrow or nothing helps."""
        sample, (_, outputs) = self.sample, self.shape
        sample.keep(np.flatnonzero(self.open.reshape(self.shape).any(axis=1)))
        active = self.open[self._places()]
        history = History.of(sample.ladder, len(active))
        for stage in range(STAGES):
            first = self._settled if stage == 0 else None
            want = np.zeros(sample.steps.shape, np.bool_)
            for part in _blocks(np.flatnonzero(active)):
                if first is not None:  # nothing new to weigh yet
                    known = first.of_some(self._places()[part], sample.ladder.start[0])
                    plan = next_rows(known, history, part)
                else:
                    plan = self._weigh(part, history)
                line = np.broadcast_to(part // outputs, plan.shape)
                fresh = (plan >= 0) & (plan < len(want))
                row = np.where(fresh, plan, 0)
                within = sample.steps[row, line] <= sample.lines.reach[line]
                fresh &= within & ~sample.seen[row, line]
                active[part] = fresh.any(axis=0) | (first is not None)
                want[row[fresh], line[fresh]] = True
            if not want.any() and first is None:
                break
            sample.evaluate(np.broadcast_to(want, (2, *want.shape)))
        self._find_kinks()
        self.open = self.code == FAILED

    def _places(self) -> Ints:
        """Places in the answer of the components of the lines kept."""
        every: Ints = np.arange(self.value.size).reshape(self.shape)
        return every[self.sample.kept].ravel()

    def _weigh(self, part: Ints, history: History) -> Ints:
        """Judge some components anew; (3, C') the rows they ask for, -1 for none."""
        rows = self.sample.rows(part)
        judged = weigh(rows, history.of_some(part), self.derivative)
        last = history.ladder.start[-1]
        size = tolerance(rows, judged.value, self.derivative, last=last)
        done = np.isfinite(judged.error) & (judged.error <= self.rtol * size)
        self._record(self._places()[part], judged, done)
        return np.where(done, -1, next_rows(judged, history, part))

    def _find_kinks(self) -> None:
        """Say so where f has a kink, a cusp or a jump at x itself."""
        places = self._places()
        for part in _blocks(np.flatnonzero(self.code[places] != CONVERGED)):
            kink = kink_of(self.sample.rows(part), self.derivative)
            noisy = self.code[places[part]] == NOISE_LIMITED
            found = kink.sure | (kink.found & ~noisy)
            broken = kink.jump | (kink.cusp & ~noisy)
            where = places[part[found]]
            self.value[where] = kink.value[found]
            self.error[where] = kink.error[found]
            self.step[where] = kink.step[found]
            self.code[where] = KINK
            where = places[part[broken]]
            self.value[where], self.error[where] = np.nan, np.inf
            self.code[where] = FAILED

    def take_one_side(self) -> None:
        """Use one side of x where f has no value on the other, at any row.

        Raises FunctionError if f raised on both sides at every row.
        """
        sample, places = self.sample, self._places()
        finite = np.isfinite(sample.values[::2])
        finite = finite.reshape(*finite.shape[:2], -1)
        count = finite.sum(axis=1)
        needed = np.flatnonzero(self.open[places] & (count.min(axis=0) == 0))
        line, side = needed // self.shape[1], np.argmax(count[:, needed], axis=0)
        rows = one_sided_rows(sample.ladder, finite[side, :, needed].T)
        within = sample.steps[rows, line] <= sample.lines.reach[line]
        want = np.zeros((2, *sample.steps.shape), np.bool_)
        want[side, rows, line] = within
        sample.evaluate(want & ~sample.seen)
        for some in _blocks(np.arange(len(needed))):
            part, c = needed[some], np.arange(len(some))
            change, offset, here = sample.side(part, side[some])
            judged = one_sided(
                change[rows[:, some], c],
                offset[rows[:, some], c],
                2 * sample.roundoff * here,
                derivative=self.derivative,
            )
            good = np.isfinite(judged.error)
            where = places[part[good]]
            self.value[where] = judged.value[good]
            self.error[where] = judged.error[good]
            self.step[where] = judged.step[good]
            self.code[where] = ONE_SIDED
        self._raise_fault()

    def _raise_fault(self) -> None:
        """Raise f's own exception where it left a line without any value."""
        fault = self.sample.function.fault
        blind = ~np.isfinite(self.sample.values[::2]).any(axis=(0, 1, 3))
        if fault is not None and blind.any():
            place, error = fault
            raise FunctionError(
                f"f raised {type(error).__name__} on both sides of x, first at "
                f"{place}: {error}"
            ) from error


def _codes(judged: Judgement, done: Bools) -> Codes:
    """(C) status of a judgement; `done` says what reached the tolerance."""
    by_noise = judged.noisy | (judged.rounding >= judged.truncation)
    code = np.where(by_noise, NOISE_LIMITED, TRUNCATION_LIMITED)
    code[judged.rough & judged.limit & ~judged.noisy] = AMBIGUOUS
    code[~np.isfinite(judged.error)] = FAILED
    code[done] = CONVERGED
    return code.astype(np.int8)


def _blocks(components: Ints) -> Iterator[Ints]:
    """The components, BLOCK at a time."""
    for start in range(0, len(components), BLOCK):
        yield components[start : start + BLOCK]
