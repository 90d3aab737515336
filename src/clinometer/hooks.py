"""Gradients checked where they are used: inside an optimiser's run.

`checked` wraps the pair of functions that `scipy.optimize.minimize` and its kin take,
`checked_closure` the closure that a `torch.optim` optimiser takes. Both check the
gradient before the first step, and again when the objective stops decreasing: a wrong
gradient shows there first, as line searches that fail.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, is_array, to_float64
from clinometer.check import Report, Verdict, check
from clinometer.errors import GradientError, InputError
from clinometer.trees import Layout

__all__ = ["Checked", "CheckedClosure", "checked", "checked_closure"]

Floats: TypeAlias = NDArray[np.float64]

PATIENCE = 5
"""Gradients in a row without a lower value of the objective, after which one more is
checked."""

DIRECTIONS = 3
"""Random directions of a check, beside that of the gradient itself. A check costs some
10 evaluations a direction, whatever the number of variables."""

LOG = logging.getLogger("clinometer")


@final
@dataclass
class Watch:
    """When to check, what was found, and what to do about it.

    patience : gradients without a lower value before the next check.
    raises : whether a wrong gradient raises; else it is logged as a warning.
    seed : of the random directions.
    reports : of the checks made so far.
    """

    patience: int
    raises: bool
    seed: int
    reports: list[Report]
    lowest: float = math.inf
    idle: int = 0
    started: bool = False

    def due(self, value: float) -> bool:
        """Whether the gradient that belongs to this value is to be checked.

        The first one is, and the one after `patience` gradients without progress: one
        each time that progress stalls, however long it does.
        """
        first, self.started = not self.started, True
        if value < self.lowest:
            self.lowest, self.idle = value, 0
        else:
            self.idle += 1
        return first or self.idle == self.patience

    def inspect(self, f: Callable[[Any], Any], x: Any, gradient: Any) -> None:
        """Check a gradient along a few directions; if it differs, leaf by leaf.

        Raises GradientError with the report of what differs, or logs it.
        """
        report = _along(f, x, gradient, seed=self.seed + len(self.reports))
        if report.verdict is Verdict.DIFFERS:
            full = check(f, x, gradient=gradient, entries=50, probes=False)
            if full.verdict is Verdict.DIFFERS:
                report = full
        self.reports.append(report)
        if report.verdict is not Verdict.DIFFERS:
            LOG.info("gradient check: %s", report.verdict.value)
            return
        if self.raises:
            raise GradientError(str(report))
        LOG.warning("the gradient of the objective is wrong\n%s", report)


@final
class Checked:
    """An objective and its gradient, checked as an optimiser uses them.

    reports : of the checks made so far.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        jac: Callable[..., Any] | Literal[True],
        watch: Watch,
    ) -> None:
        self._fun, self._watch = fun, watch
        self._jac: Callable[..., Any] | None = None if jac is True else jac
        self._last: tuple[Floats, float] | None = None

    @property
    def reports(self) -> list[Report]:
        """Of the checks made so far."""
        return self._watch.reports

    def fun(self, x: Any, *args: Any) -> Any:
        """What the user's function returns."""
        found = self._fun(x, *args)
        if self._jac is None:
            value, gradient = found
            self._look(x, gradient, value=float(value), args=args)
        else:
            self._last = np.array(x, dtype=np.float64), float(found)
        return found

    @property
    def jac(self) -> Callable[..., Any] | Literal[True]:
        """To be passed as jac=: the gradient, or True where fun returns both."""
        return True if self._jac is None else self._gradient

    def _gradient(self, x: Any, *args: Any) -> Any:
        """What the user's gradient function returns."""
        assert self._jac is not None
        gradient = self._jac(x, *args)
        if self._last is not None and np.array_equal(self._last[0], x):
            value = self._last[1]
        else:
            value = float(self._fun(x, *args))
        self._look(x, gradient, value=value, args=args)
        return gradient

    def _look(
        self, x: Any, gradient: Any, *, value: float, args: tuple[Any, ...]
    ) -> None:
        if not self._watch.due(value):
            return
        both = self._jac is None

        def f(point: Any) -> Any:
            found = self._fun(point, *args)
            return found[0] if both else found

        place = np.array(x, dtype=np.float64)
        claim = np.array(gradient, dtype=np.float64).reshape(place.shape)
        self._watch.inspect(f, place, claim)


def checked(
    fun: Callable[..., Any],
    jac: Callable[..., Any] | Literal[True],
    *,
    patience: int = PATIENCE,
    raises: bool = True,
    seed: int = 0,
) -> Checked:
    """An objective and its gradient that check themselves during an optimisation.

    fun, jac : as `scipy.optimize.minimize` takes them, with the same further arguments;
        jac=True where fun returns value and gradient.
    patience : gradients in a row without a lower value, after which one is checked.
    raises : whether a wrong gradient raises GradientError; else a warning is logged,
        and the run goes on.
    seed : of the random directions.

    Returns an object whose `fun` and `jac` go to the optimiser in place of yours:

        watched = checked(fun, jac)
        minimize(watched.fun, x0, jac=watched.jac)

    Each check costs some 40 evaluations of fun, whatever the number of variables; a
    wrong gradient is then looked at entry by entry. `reports` holds what was found.
    Raises InputError for a jac that is neither a function nor True.
    """
    if jac is not True and not callable(jac):
        raise InputError(
            f"jac must be a function or True, got {jac!r}; what the optimiser takes "
            "from differences itself needs no check"
        )
    return Checked(fun, jac, _watch(patience, raises=raises, seed=seed))


@final
class CheckedClosure:
    """A closure of torch.optim that checks the gradients it leaves in the parameters.

    reports : of the checks made so far.
    """

    def __init__(
        self, closure: Callable[[], Any], params: Sequence[Any], watch: Watch
    ) -> None:
        self._closure, self._params, self._watch = closure, params, watch

    @property
    def reports(self) -> list[Report]:
        """Of the checks made so far."""
        return self._watch.reports

    def __call__(self) -> Any:
        """The loss; the gradients are in the parameters, as the closure left them."""
        from clinometer.engines.torch_state import Randomness  # noqa: PLC0415 (torch)

        before = Randomness()
        loss = self._closure()
        if not self._watch.due(float(loss.detach())):
            return loss
        after = Randomness()
        points = [param.detach().clone() for param in self._params]
        slopes = [
            None if param.grad is None else param.grad.detach().clone()
            for param in self._params
        ]

        def f(moved: Sequence[Any]) -> Any:
            before.restore()  # dropout draws the same mask each time
            self._put(moved)
            return self._closure().detach().clone()

        claim = [
            point * 0 if slope is None else slope
            for point, slope in zip(points, slopes, strict=True)
        ]
        try:
            self._watch.inspect(f, points, claim)
        finally:
            self._put(points)
            for param, slope in zip(self._params, slopes, strict=True):
                param.grad = slope
            after.restore()
        return loss

    def _put(self, values: Sequence[Any]) -> None:
        for param, value in zip(self._params, values, strict=True):
            param.data.copy_(value)


def checked_closure(
    closure: Callable[[], Any],
    params: Sequence[Any],
    *,
    patience: int = PATIENCE,
    raises: bool = True,
    seed: int = 0,
) -> CheckedClosure:
    """A closure for `torch.optim` that checks the gradients it computes.

    closure : as `optimizer.step` takes it: zeroes the gradients, calls backward,
        returns the loss.
    params : the parameters whose gradients it computes.
    patience, raises, seed : as for `checked`.

    Returns a closure that does the same: `optimizer.step(checked_closure(...))`; make
    it once, before the loop. Parameters, gradients and random generators are put back
    after a check, so that the run is the same as without; buffers, such as the running
    means of a batch norm, are not. Each check calls the closure some 40 times, whatever
    the number of parameters.
    """
    params = list(params)
    if not params or not all(is_array(param) for param in params):
        raise InputError(
            "params must be a sequence of tensors, such as list(model.parameters()), "
            f"got {params!r:.80}"
        )
    return CheckedClosure(closure, params, _watch(patience, raises=raises, seed=seed))


def _watch(patience: int, *, raises: bool, seed: int) -> Watch:
    if patience < 1:
        raise InputError(f"patience must be a whole number >= 1, got {patience!r}")
    return Watch(patience, raises, seed, [])


def _along(f: Callable[[Any], Any], x: Any, gradient: Any, *, seed: int) -> Report:
    """Report on the gradient along a few directions through all of x at once.

    They are that of the gradient, and random signs times the size of each entry, at
    least the root mean square of its leaf.
    """
    layout = Layout.of(x)
    point = layout.vector()
    claim = layout.like(gradient, "gradient")
    size = np.empty_like(point)
    for where in layout.slices():
        leaf = np.abs(point[where])
        typical = math.sqrt(float((leaf**2).mean())) if leaf.size else 0.0
        size[where] = np.maximum(leaf, typical or 1.0)
    random = np.random.default_rng(seed)
    rows = [sign * size for sign in random.choice([-1.0, 1.0], (DIRECTIONS, size.size))]
    steepest = float(np.abs(claim / size).max(initial=0.0))
    if 0 < steepest < math.inf:
        rows.append(claim / steepest)  # no entry moves by more than its own size
    directions = np.stack(rows)
    coarse = max(layout.roundoff) > np.finfo(np.float64).eps
    moves = np.zeros(len(rows), dtype=np.float32 if coarse else np.float64)

    def f_along(t: Any) -> Any:
        tree = layout.tree(point + to_float64(t) @ directions)
        leaves, _, rebuild = layout.apart(tree)
        like = zip(leaves, layout.leaves, strict=True)
        return f(rebuild([from_float64(values, leaf) for values, leaf in like]))

    with np.errstate(invalid="ignore", over="ignore"):
        slopes = directions @ claim
    return check(f_along, moves, gradient=slopes.astype(moves.dtype), probes=False)
