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
    rows_of,
    settle,
    tolerance,
    weigh,
)
from clinometer.judge.rows import ODD
from clinometer.ladder import Ladder, LinePoints, Lines

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]
Codes: TypeAlias = NDArray[np.int8]

STAGES = 12
"""Rounds of refinement at most; each adds two or three rows to a component."""

BLOCK = 2**13
"""Components judged at once; bounds the memory of the judge's arrays to ~100 MiB."""

BELOW, HERE, ABOVE = range(3)


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
    function: Function, lines: Lines, *, derivative: int = 1, rtol: float = 1e-10
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
    return answer.measured()


@final
class Sample:
    """Values of f on the rows of a ladder, on all lines or on some that are kept.

    ladder : the rows there are.
    lines : those sampled.
    kept : (L) their places among all lines.
    here : (M) f(x).
    steps : (R, L) every step of every line.
    offsets : (2, R, L) the t really taken, below and above x.
    values : (3, R, L, M) f below x, at x, and above; NaN where not evaluated.
    seen : (R, L) which rows were evaluated.
    """

    def __init__(self, function: Function, lines: Lines) -> None:
        self.function = function
        self.lines = lines
        self.kept = np.arange(lines.count)
        self.ladder = Ladder.of(max(function.layout.roundoff))

    @property
    def roundoff(self) -> float:
        """Unit roundoff of f's values."""
        return self.function.outcome.roundoff

    def begin(self) -> Rows:
        """Evaluate x and the rows tried first, in one plan.

        Raises FunctionError if f(x) is not finite, or raised.
        """
        self._lay_out(self.ladder.steps(self.lines, self.ladder.start))
        t = self.offsets
        line = np.broadcast_to(self.kept, t.shape)
        plan = LinePoints(
            self.lines,
            np.concatenate([[0], line.ravel()]),
            np.concatenate([[0.0], t.ravel()]),
        )
        got = self.function.values(plan)
        self.here = got[0]
        self._require_finite_here()
        got[~np.isfinite(got)] = np.nan
        self._make_room(self.here.size)
        self.values[::2] = got[1:].reshape(*t.shape, -1)
        return self.rows()

    def _lay_out(self, steps: Floats) -> None:
        self.steps = steps
        self.offsets = self.lines.arrived(ODD.points(np.zeros_like(steps), steps))

    def _make_room(self, outputs: int) -> None:
        self.values = np.full((3, *self.steps.shape, outputs), np.nan)
        self.values[HERE] = self.here

    def _require_finite_here(self) -> None:
        if np.isfinite(self.here).all():
            return
        fault = self.function.fault
        if fault is not None:
            place, error = fault
            raise FunctionError(
                f"f raised {type(error).__name__} at {place}: {error}"
            ) from error
        raise FunctionError(
            f"f(x) must be finite, got {self.here[~np.isfinite(self.here)][0]} at x; "
            "choose a point inside the domain of f"
        )

    def keep(self, lines: Ints) -> None:
        """Keep those lines only, and make room for all rows of the ladder."""
        first = self.values[:, :, lines]
        self.lines, self.kept = self.lines.some(lines), lines
        self._lay_out(self.ladder.steps(self.lines))
        self._make_room(self.here.size)
        start = np.array(self.ladder.start)
        self.values[:, start] = first
        self.seen = np.zeros(self.steps.shape, np.bool_)
        self.seen[start] = True

    def evaluate(self, want: Bools) -> None:
        """Evaluate f at the sides, rows and lines wanted: (2, R, L), below and above."""
        side, row, line = np.nonzero(want)
        if not side.size:
            return
        t = self.offsets[side, row, line]
        got = self.function.values(LinePoints(self.lines, line, t))
        got[~np.isfinite(got)] = np.nan
        self.values[2 * side, row, line] = got
        self.seen[row, line] = True

    def rows(self, components: Ints | None = None) -> Rows:
        """All rows, of all L * M components or of some of them."""
        outputs = self.here.size
        values = self.values.reshape(*self.values.shape[:2], -1)
        if components is None:
            offsets = self.offsets
            if outputs > 1:
                offsets = np.repeat(offsets, outputs, axis=-1)
            return rows_of(values, offsets, self.roundoff)
        offsets = self.offsets[..., components // outputs]
        return rows_of(values[..., components], offsets, self.roundoff)


@final
class Answer:
    """What is known so far of every component, C = L * M of them.

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

    def measured(self) -> Measured:
        """The answer by lines and outputs."""
        return Measured(
            self.value.reshape(self.shape),
            self.error.reshape(self.shape),
            self.step.reshape(self.shape),
            self.code.reshape(self.shape),
        )

    def settle(self, rows: Rows) -> None:
        """Take what the rows tried first tell."""
        if len(rows.step) < 4:
            return
        judged = settle(rows, self.derivative)
        size = tolerance(rows, judged.value, self.derivative, last=3)
        flat = rows.flat.all(axis=0)
        if flat.any():  # no dependence seen: measure the bar by f itself
            coarsest = rows.step[0] ** self.derivative
            size = np.where(flat, rows.size[0] / coarsest, size)
        done = judged.error <= self.rtol * size
        self._record(slice(None), judged, done)
        self.open = ~done

    def _record(
        self, components: Ints | slice, judged: Judgement, done: Bools
    ) -> None:
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
        for _ in range(STAGES):
            want = np.zeros(sample.steps.shape, np.bool_)
            for part in _blocks(np.flatnonzero(active)):
                plan = self._weigh(part, history)
                line = np.broadcast_to(part // outputs, plan.shape)
                fresh = (plan >= 0) & (plan < len(want))
                row = np.where(fresh, plan, 0)
                within = sample.steps[row, line] <= sample.lines.reach[line]
                fresh &= within & ~sample.seen[row, line]
                active[part] = fresh.any(axis=0)
                want[row[fresh], line[fresh]] = True
            if not want.any():
                break
            sample.evaluate(np.broadcast_to(want, (2, *want.shape)))
        self._find_kinks()
        self.open = self.code == FAILED

    def _places(self) -> Ints:
        """Places in the answer of the components of the lines kept."""
        outputs = self.shape[1]
        return (self.sample.kept[:, None] * outputs + np.arange(outputs)).ravel()

    def _weigh(self, part: Ints, history: History) -> Ints:
        """Judge some components anew; (3, C') the rows they ask for, -1 for none."""
        rows = self.sample.rows(part)
        judged = weigh(rows, history.of_some(part), self.derivative)
        last = history.ladder.start[-1]
        size = tolerance(rows, judged.value, self.derivative, last=last)
        done = judged.error <= self.rtol * size
        self._record(self._places()[part], judged, done)
        return np.where(done, -1, next_rows(judged, history, part))

    def _find_kinks(self) -> None:
        """Say so where left and right slopes differ at x itself."""
        places = self._places()
        doubtful = np.isin(self.code[places], (AMBIGUOUS, FAILED, TRUNCATION_LIMITED))
        for part in _blocks(np.flatnonzero(doubtful)):
            kink = kink_of(self.sample.rows(part), self.derivative)
            where = places[part[kink.found]]
            self.value[where] = kink.value[kink.found]
            self.error[where] = kink.error[kink.found]
            self.step[where] = kink.step[kink.found]
            self.code[where] = KINK

    def take_one_side(self) -> None:
        """Use one side of x where f has no value on the other, at any row.

        Raises FunctionError if f raised on both sides at every row.
        """
        sample, (_, outputs) = self.sample, self.shape
        need = self.open[self._places()]
        finite = np.isfinite(sample.values[::2]).any(axis=3)
        lines = np.arange(len(sample.kept))
        side = np.argmax(finite.sum(axis=1), axis=0)
        rows = one_sided_rows(sample.ladder, finite[side, :, lines].T)
        needed = np.flatnonzero(need.reshape(-1, outputs).any(axis=1))
        want = np.zeros(finite.shape, np.bool_)
        want[side[needed], rows[:, needed], needed] = True
        sample.evaluate(want & ~finite)
        places = self._places()
        for part in _blocks(np.flatnonzero(need)):
            line, output = part // outputs, part % outputs
            here = sample.here[output]
            judged = one_sided(
                sample.values[2 * side[line], :, line, output].T - here,
                sample.offsets[side[line], :, line].T,
                2 * sample.roundoff * np.abs(here),
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
                f"f raised {type(error).__name__} on both sides of x, first at {place}: "
                f"{error}"
            ) from error


def _codes(judged: Judgement, done: Bools) -> Codes:
    """(C) status of a judgement, of those done and those that missed the tolerance."""
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


def conditioning(sample: Sample, rows: Rows) -> Floats:
    """(C) change of the derivative when x is rounded to the precision in which f works.

    f computes as if its argument were x (1 + delta), |delta| up to a few roundoffs. That
    moves the derivative by |sum_j H_ij x_j delta_j|, which no value of f reveals. The
    diagonal of the Hessian is known from the even quotients; sqrt(H_ii H_jj) stands for
    the others, as is exact for a function of one combination of its arguments.
    """
    bend = np.fmin.reduce(np.abs(rows.even), axis=0)
    bend[np.isnan(bend)] = 0.0
    root = np.sqrt(bend).reshape(-1, sample.here.size)
    moved = sample.lines.size[:, None] * root
    # values on float32's grid betray arithmetic in float32, whatever their dtype
    grid = float(np.fmin.reduce(rows.floor / rows.size, axis=None)) / 2
    roundoff = max(sample.roundoff, min(grid, 2.0**-24))
    return 4 * roundoff * (root * moved.sum(axis=0)).ravel()
