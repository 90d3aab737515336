"""Values of f on ladders of steps: the plan put to the function, its answers kept."""

from __future__ import annotations

from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import FunctionError
from clinometer.evaluate import Function
from clinometer.judge import Rows, rows_of
from clinometer.judge.rows import ODD
from clinometer.ladder import Ladder
from clinometer.paths import Paths

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.intp]

HERE = 1
"""Place of x between the points below and above it."""


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
    span : (L) power of two near the scale of each line, as its exponent, in units of t.
    size : (M) power of two near f(x), likewise, in units of f. Measured in both, rows
        lose no bit, and neither quotients nor their squares overflow.
    seen : (R, L) which rows were evaluated.
    """

    def __init__(self, function: Function, lines: Paths) -> None:
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
        line, where = np.zeros(t.size + 1, np.intp), np.zeros(t.size + 1)
        line[1:].reshape(t.shape)[...] = self.kept
        where[1:] = t.ravel()
        plan = self.lines.points(line, where)
        got = self.function.values(plan)
        self.here = got[0]
        self._require_finite_here(plan.describe(0))
        got[~np.isfinite(got)] = np.nan
        self._make_room(self.here.size)
        self.values[::2] = got[1:].reshape(*t.shape, -1)
        largest: Floats = np.fmax.reduce(np.abs(self.values), axis=(0, 1, 2))
        typical = np.where(self.here == 0, largest, self.here)
        self.size = np.frexp(typical)[1]
        return self.rows()

    def _lay_out(self, steps: Floats) -> None:
        self.steps = steps
        self.offsets = self.lines.arrived(ODD.offsets[:, :, None] * steps)
        self.span = np.frexp(self.lines.scale)[1]

    def _make_room(self, outputs: int) -> None:
        self.values = np.full((3, *self.steps.shape, outputs), np.nan)
        self.values[HERE] = self.here

    def _require_finite_here(self, here: str) -> None:
        if np.isfinite(self.here).all():
            return
        fault = self.function.fault
        if fault is not None and fault[0] == here:
            place, error = fault
            raise FunctionError(
                f"f raised {type(error).__name__} at {place}: {error}"
            ) from error
        raise FunctionError(
            f"f(x) must be finite, got {self.here[~np.isfinite(self.here)][0]}; "
            "choose an x inside the domain of f"
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
        """Evaluate f where wanted: (2, R, L), below and above x, by rows and lines."""
        side, row, line = np.nonzero(want)
        if not side.size:
            return
        t = self.offsets[side, row, line]
        got = self.function.values(self.lines.points(line, t))
        got[~np.isfinite(got)] = np.nan
        self.values[2 * side, row, line] = got
        self.seen[row, line] = True

    def rows(self, components: Ints | None = None) -> Rows:
        """All rows in units of span and size, of all L * M components or of some."""
        outputs = self.here.size
        offsets = np.ldexp(self.offsets, -self.span)
        values = np.ldexp(self.values, -self.size)
        values = values.reshape(*values.shape[:2], -1)
        if components is not None:
            values = values[..., components]
            offsets = offsets[..., components // outputs]
        elif outputs > 1:
            offsets = np.repeat(offsets, outputs, axis=-1)
        return rows_of(values, offsets, self.roundoff)

    def side(self, components: Ints, above: Ints) -> tuple[Floats, Floats, Floats]:
        """Change of f and offset (R, C), and |f(x)| (C), on one side; units as `rows`.

        components : (C) which; above : (C) 1 for the side above x, 0 for that below.
        """
        line, output = np.divmod(components, self.here.size)
        here = np.ldexp(self.here, -self.size)[output]
        values = np.ldexp(self.values, -self.size)[2 * above, :, line, output].T
        offsets = np.ldexp(self.offsets, -self.span)[above, :, line].T
        return values - here, offsets, np.abs(here)


def conditioning(sample: Sample, rows: Rows) -> Floats:
    """(C) change of the slopes when x is rounded to the precision in which f works.

    f computes as if its argument were x (1 + delta), |delta| of a few roundoffs. That
    moves the derivative by |sum_j H_ij x_j delta_j|, which no value of f reveals. The
    diagonal of the Hessian is known from the even quotients; sqrt(H_ii H_jj) stands for
    the others, as is exact for a function of one combination of its arguments.
    """
    bend = np.fmin.reduce(np.abs(rows.even), axis=0)
    bend[np.isnan(bend)] = 0.0
    _, exponent = np.frexp(bend.max())  # a power of two in f must not change a bit
    root = np.sqrt(np.ldexp(bend, -exponent)).reshape(-1, sample.here.size)
    moved = np.ldexp(sample.lines.size, -sample.span)[:, None] * root
    # values on float32's grid betray arithmetic in float32, whatever their dtype
    grid = float(np.fmin.reduce(rows.floor / rows.size, axis=None)) / 2
    roundoff = max(sample.roundoff, min(grid, 2.0**-24))
    return np.ldexp(4 * roundoff * (root * moved.sum(axis=0)).ravel(), exponent)
