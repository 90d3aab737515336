"""The road from lines to judged derivatives, in rounds of evaluation.

`measure` evaluates the rows tried first on all lines at once, settles what one window
of rows can settle, and goes on, all components together, with what it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import FunctionError, InputError
from clinometer.estimate import CODES, Status
from clinometer.evaluate import Function
from clinometer.judge import History, Judgement, settle, tolerance, weigh
from clinometer.ladder import Ladder, LinePoints, Lines
from clinometer.onesided import kink_of, one_sided, one_sided_rows
from clinometer.tables import Rows, rows_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Codes = NDArray[np.int8]

STAGES = 12
"""Rounds of refinement at most; each adds two or three rows to a component."""

BLOCK = 2**13
"""Components judged at once; bounds the memory of the judge's arrays to ~100 MiB."""


CONVERGED = CODES[Status.CONVERGED]
NOISE_LIMITED = CODES[Status.NOISE_LIMITED]
TRUNCATION_LIMITED = CODES[Status.TRUNCATION_LIMITED]
ONE_SIDED = CODES[Status.ONE_SIDED]
KINK = CODES[Status.KINK]
AMBIGUOUS = CODES[Status.AMBIGUOUS]
FAILED = CODES[Status.FAILED]


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
    sample = Sample(function, lines, Ladder.of(max(function.layout.roundoff)))
    sample.begin()
    answer = Answer(lines.count, sample.here.size)
    with np.errstate(all="ignore"):
        rows = sample.rows(np.array(sample.ladder.start))
        open_ = answer.settle(sample, rows, derivative, rtol)
        shift = conditioning(sample, rows) if derivative == 1 else 0.0
        if open_.any():
            open_ = answer.refine(sample, derivative, rtol, open_)
        if open_.any():
            answer.take_one_side(sample, derivative, open_)
        answer.error += shift
    return answer.measured()


@final
class Sample:
    """Values of f on the rows of a ladder, on all lines.

    here : (M) f(x).
    steps : (R, L) every step of every line.
    values : (2, R, L', M) values above and below x, NaN where not evaluated, for the
        lines kept by `keep`; before that only the rows tried first, (2, 4, L, M).
    """

    def __init__(self, function: Function, lines: Lines, ladder: Ladder) -> None:
        self.function = function
        self.lines = lines
        self.ladder = ladder
        self.steps = ladder.steps(lines)
        self.offsets = lines.arrived(self.steps), lines.arrived(-self.steps)
        self.kept = np.arange(lines.count)
        self.here = np.empty(0)
        self.values = np.empty((2, 0, 0, 0))
        self.seen = np.zeros(self.steps.shape, np.bool_)

    @property
    def roundoff(self) -> float:
        """Unit roundoff of f's values."""
        return self.function.outcome.roundoff

    def begin(self) -> None:
        """Evaluate x and the rows tried first, in one plan.

        Raises FunctionError if f(x) is not finite, or raised.
        """
        start = np.array(self.ladder.start)
        up, down = self.offsets
        t = np.stack([up[start], down[start]])
        line = np.broadcast_to(self.kept, t.shape)
        plan = LinePoints(
            self.lines, np.append(0, line.ravel()), np.append(0.0, t.ravel())
        )
        got = self.function.values(plan)
        self.here = got[0]
        self._require_finite_here()
        got[~np.isfinite(got)] = np.nan
        self.values = got[1:].reshape(*t.shape, -1)
        self.seen[start] = True

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
        shape = (2, self.ladder.rows, len(lines), self.here.size)
        self.values = np.full(shape, np.nan)
        self.values[:, np.array(self.ladder.start)] = first
        self.kept = lines

    def evaluate(self, want: Bools) -> None:
        """Evaluate f at (2, R, L') of the sides, rows and kept lines wanted."""
        side, row, line = np.nonzero(want)
        if not side.size:
            return
        t = np.stack(self.offsets)[side, row, self.kept[line]]
        got = self.function.values(LinePoints(self.lines, self.kept[line], t))
        got[~np.isfinite(got)] = np.nan
        self.values[side, row, line] = got
        self.seen[row, self.kept[line]] = True

    def rows(self, row: Ints | slice, components: Ints | None = None) -> Rows:
        """The rows asked for, of (L' * M) components or some of them."""
        M = self.here.size
        above, below = self.values.reshape(2, self.values.shape[1], -1)
        up, down = (offset[row][:, self.kept] for offset in self.offsets)
        if components is None:
            here = np.tile(self.here, len(self.kept))
            up, down = (np.repeat(t, M, axis=1) if M > 1 else t for t in (up, down))
        else:
            above, below = above[:, components], below[:, components]
            here = self.here[components % M]
            up, down = up[:, components // M], down[:, components // M]
        return rows_of(
            above, below, here, offsets=(up, down), roundoff=self.roundoff
        )


@final
class Answer:
    """What is known so far of every component, C = L * M of them."""

    def __init__(self, lines: int, outputs: int) -> None:
        self.shape = (lines, outputs)
        count = lines * outputs
        self.value = np.full(count, np.nan)
        self.error = np.full(count, np.inf)
        self.step = np.full(count, np.nan)
        self.code = np.full(count, FAILED, np.int8)

    def measured(self) -> Measured:
        """The answer by lines and outputs."""
        arrays = (self.value, self.error, self.step, self.code)
        return Measured(*(array.reshape(self.shape) for array in arrays))

    def settle(
        self, sample: Sample, rows: Rows, derivative: int, rtol: float
    ) -> Bools:
        """Take what the rows tried first tell; (C) whether more is needed."""
        if len(rows.step) < 4:
            return np.ones(self.value.size, np.bool_)
        judged = settle(rows, derivative)
        bound = tolerance(rtol, judged.value, rows, 3, derivative)
        flat = rows.flat.all(axis=0)  # no dependence seen: measure by f itself
        if flat.any():
            here = np.tile(np.abs(sample.here), len(sample.kept))
            bound = np.where(flat, rtol * here / rows.step[0] ** derivative, bound)
        done = judged.error <= bound
        self._record(slice(None), judged, done)
        return ~done

    def _record(
        self, components: Ints | slice, judged: Judgement, done: Bools
    ) -> None:
        self.value[components] = judged.value
        self.error[components] = judged.error
        self.step[components] = judged.step
        self.code[components] = CONVERGED if done.all() else _codes(judged, done)

    def refine(
        self, sample: Sample, derivative: int, rtol: float, open_: Bools
    ) -> Bools:
        """Try more rows until bars are narrow or nothing helps; (C) still without bar."""
        M = sample.here.size
        lines = np.flatnonzero(open_.reshape(self.shape).any(axis=1))
        sample.keep(lines)
        whole = (lines[:, None] * M + np.arange(M)).ravel()
        active = open_[whole]
        history = History.of(sample.ladder, len(whole))
        reach = (sample.steps <= sample.lines.reach)[:, lines]
        for _ in range(STAGES):
            want = np.zeros(reach.shape, np.bool_)
            for part in _blocks(np.flatnonzero(active)):
                rows = sample.rows(slice(None), part)
                judged = weigh(rows, history.of_some(part), derivative)
                last = sample.ladder.start[-1]
                bound = tolerance(rtol, judged.value, rows, last, derivative)
                done = judged.error <= bound
                self._record(whole[part], judged, done)
                plan = history.next_rows(part, judged)
                fresh = (plan >= 0) & (plan < len(reach)) & ~done
                row = np.where(fresh, plan, 0)
                line = np.broadcast_to(part // M, plan.shape)
                fresh &= reach[row, line] & ~sample.seen[row, lines[line]]
                active[part] = fresh.any(axis=0)
                want[row[fresh], line[fresh]] = True
            if not want.any():
                break
            sample.evaluate(np.broadcast_to(want, (2, *want.shape)))
        self._find_kinks(sample, whole, derivative)
        return self.code == FAILED

    def _find_kinks(self, sample: Sample, whole: Ints, derivative: int) -> None:
        """Say so where left and right slopes differ at x itself."""
        doubtful = np.isin(self.code[whole], (AMBIGUOUS, FAILED, TRUNCATION_LIMITED))
        for part in _blocks(np.flatnonzero(doubtful)):
            kink = kink_of(sample.rows(slice(None), part), derivative)
            where = whole[part[kink.found]]
            self.value[where] = kink.value[kink.found]
            self.error[where] = kink.error[kink.found]
            self.step[where] = kink.step[kink.found]
            self.code[where] = KINK

    def take_one_side(self, sample: Sample, derivative: int, open_: Bools) -> None:
        """Use one side of x where f fails on the other at every row.

        Raises FunctionError if f raised on both sides at every row.
        """
        M = sample.here.size
        need = open_.reshape(self.shape)[sample.kept]
        finite = np.isfinite(sample.values).any(axis=3)
        side = np.argmax(finite.sum(axis=1), axis=0)
        want = np.zeros(finite.shape, np.bool_)
        first = one_sided_rows(sample.ladder, finite[side, :, np.arange(len(side))].T)
        line = np.flatnonzero(need.any(axis=1))
        for row in first:
            want[side[line], row[line], line] = True
        sample.evaluate(want & ~finite)
        whole = (sample.kept[:, None] * M + np.arange(M)).ravel()
        for part in _blocks(np.flatnonzero(need)):
            line = part // M
            values = sample.values.reshape(2, len(sample.steps), -1)
            offset = np.stack(sample.offsets)[side[line], :, sample.kept[line]].T
            judged = one_sided(
                values[side[line], :, part].T - sample.here[part % M],
                offset,
                2 * sample.roundoff * np.abs(sample.here[part % M]),
                derivative,
            )
            good = np.isfinite(judged.error)
            where = whole[part[good]]
            self.value[where] = judged.value[good]
            self.error[where] = judged.error[good]
            self.step[where] = judged.step[good]
            self.code[where] = ONE_SIDED
        self._raise_fault(sample)

    def _raise_fault(self, sample: Sample) -> None:
        """Raise f's own exception where it left a component without any value."""
        fault = sample.function.fault
        lost = ~np.isfinite(self.error.reshape(self.shape)[sample.kept]).all(axis=1)
        blind = ~np.isfinite(sample.values).any(axis=(0, 1, 3))
        if fault is not None and (lost & blind).any():
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
    diagonal of the Hessian is known from the even parts; sqrt(H_ii H_jj) stands for the
    others, as is exact for a function of one combination of its arguments.
    """
    bend = 2 * np.fmin.reduce(np.abs(rows.even) / np.square(rows.step), axis=0)
    bend[np.isnan(bend)] = 0.0
    root = np.sqrt(bend).reshape(-1, sample.here.size)
    moved = sample.lines.size[:, None] * root
    # values on float32's grid betray arithmetic in float32, whatever their dtype
    grid = np.fmin.reduce(rows.floor / rows.size, axis=None) / 2
    roundoff = np.fmax(sample.roundoff, np.fmin(grid, 2.0**-24))
    return 4 * roundoff * (root * moved.sum(axis=0)).ravel()
