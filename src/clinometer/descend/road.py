"""`minimise`: a rule and a slope sent down f, and the trace that they leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, Unpack, final

import numpy as np
from numpy.typing import NDArray

from clinometer.derivative import Options, hessian
from clinometer.descend.objective import Counts, Memory, Objective, Seen
from clinometer.descend.price import Price
from clinometer.descend.record import Names, Record, Stopped
from clinometer.descend.rules import Rule
from clinometer.descend.slopes import Slope
from clinometer.descend.stop import Stop
from clinometer.descend.trace import Iteration, Trace
from clinometer.errors import FunctionError, InputError
from clinometer.trees import Tree

__all__ = ["minimise"]

Floats: TypeAlias = NDArray[np.float64]

DEFAULT_STOP = Stop()


def minimise(  # noqa: PLR0917 (the four of the question: what, where, how, by which)
    f: Callable[..., Any],
    x0: Tree,
    rule: Rule,
    slope: Slope,
    *,
    stop: Stop = DEFAULT_STOP,
    after: Trace | None = None,
    file: str | Path | None = None,
    progress: Callable[[Iteration], None] | None = None,
    **options: Unpack[Options],
) -> Trace:
    """A descent of scalar f from x0, as a trace.

    x0 : array, or nested input of arrays, of NumPy, torch or JAX; never written to.
    rule : what makes steps of gradients: GradientDescent, Momentum, Adam, LBFGS, Newton
        of `clinometer.descend`.
    slope : where gradients come from: Analytic, ForwardDifferences, CentralDifferences,
        Barred, Memoized, RandomDirections of `clinometer.descend`.
    stop : when to end.
    after : an earlier trace of the same f, x0, rule and slope, to go on from; for an f
        that gives the same bits again, the result is that of a run without a break.
    file : where the trace is kept, every few seconds and at the end, an interruption
        too. It must be new, unless `after` is given.
    progress : told of each iteration; what it raises ends the descent.
    options : batched, vmap, scale, memory, as for `clinometer.gradient`.

    Returns a Trace whose `x` is where the descent ended, a tree like x0.
    Raises InputError for a bad argument, or an `after` that belongs to another descent;
    FunctionError if f fails at x0, or writes into its argument.
    """
    _require_options(options)
    _require_can(rule, "run", "rule", such="LBFGS() or Adam(0.01)")
    _require_can(slope, "look", "slope", such="Analytic() or CentralDifferences()")
    counts = Counts() if after is None else _counts(after)
    at = Objective(f, x0, options, counts=counts)
    names = Names(str(rule), str(slope))
    if after is not None:
        _require_same(after, names, at.start)
    kept = None if file is None else Path(file)
    if kept is not None and kept.exists() and after is None:
        raise InputError(
            f"file must be new, but {kept} exists; go on from it with "
            "after=Trace.load(file, x0), or remove it"
        )
    record = Record(
        at.layout,
        names,
        stop,
        price=Price(at),
        progress=progress,
        file=kept,
        after=after,
    )
    try:
        record.stop_if_done()
        memory = None if after is None else after.state.memory
        with np.errstate(all="ignore"):  # a descent may run out of f's range
            message = rule.run(_Descent(at, slope, record), memory)
        record.ended_by_rule(message)
    except Stopped:
        pass
    finally:
        if kept is not None and record.rows:
            record.trace().save(kept)
    return record.trace()


def _require_can(given: object, what: str, name: str, *, such: str) -> None:
    """Raise InputError unless a rule or a slope is one, and an instance."""
    if isinstance(given, type) or not callable(getattr(given, what, None)):
        shown = given.__name__ if isinstance(given, type) else repr(given)
        raise InputError(
            f"{name} must be one of clinometer.descend, such as {such}, got {shown}"
        )


@final
class _Descent:
    """What a rule may ask, and whom it tells."""

    def __init__(self, at: Objective, slope: Slope, record: Record) -> None:
        self._at, self._slope, self._record = at, slope, record

    @property
    def start(self) -> Floats:
        """(n) x0."""
        return self._at.start

    @property
    def roundoff(self) -> float:
        """Unit roundoff of f's values."""
        return self._at.roundoff

    def rounded(self, x: Floats) -> Floats:
        """(n) the nearest point in the dtypes of x0."""
        return self._at.rounded(x)

    def loss(self, x: Floats) -> float:
        """F at a point."""
        return self._at.loss(x)

    def look(self, x: Floats) -> Seen:
        """f and its gradient at a point. Raises FunctionError where f(x0) is NaN."""
        seen = self._slope.look(self._at, x)
        self._at.count(looks=1)
        if not self._record.rows and not np.isfinite(seen.loss):
            fault = self._at.function.fault
            said = f"f raised {fault[1]!r} there" if fault else f"got {seen.loss}"
            raise FunctionError(
                f"f(x0) must be finite, {said}; choose an x0 inside the domain of f"
            )
        return seen

    def hessian(self, x: Floats) -> Floats:
        """(n, n) second derivatives by differences."""
        found = hessian(self._at.f, self._at.tree(x), **self._at.options_at(x))
        self._at.count(evaluations=found.evaluations)
        return self._at.matrix(found.value)

    def autodiff_hessian(self, x: Floats) -> Floats:
        """(n, n) second derivatives by the library of x, a product for each column."""
        self._at.count(hessians=1)
        return self._at.products(x)

    def given_hessian(self, hessian: Callable[..., object], x: Floats) -> Floats:
        """(n, n) second derivatives by the user's function."""
        self._at.count(hessians=1)
        return self._at.matrix(hessian(self._at.tree(x)))

    def tell(self, x: Floats, seen: Seen, memory: Memory) -> None:
        """An iteration is done. Raises Stopped where that suffices."""
        self._record.tell(x, seen, self._at.counts, memory=memory)


def _counts(after: Trace) -> Counts:
    last = after[-1]
    return Counts(
        last.evaluations,
        last.gradients,
        last.hessians,
        after.state.other,
        after.state.looks,
    )


def _require_same(after: Trace, names: Names, start: Floats) -> None:
    """Raise InputError unless a trace belongs to this rule, slope and x0."""
    for what, now, before in (
        ("rule", names.rule, after.rule),
        ("slope", names.slope, after.slope),
    ):
        if now != before:
            raise InputError(
                f"after must be a trace of the same {what}, {now!r} here, got "
                f"{before!r}; start anew from after.x instead"
            )
    if not np.array_equal(start, after.state.start):
        raise InputError(
            "after must be a trace that began at the same x0, got another; pass the x0 "
            "that it began from, or start anew from after.x"
        )


def _require_options(options: Options) -> None:
    unknown = set(options) - (Options.__annotations__.keys() - {"rtol"})
    if unknown:
        raise InputError(
            f"minimise has no option {min(unknown)!r}; it takes batched, vmap, scale "
            "and memory, and slopes and stop rules have options of their own"
        )
