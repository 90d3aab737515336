"""Checkers beside each other, each asked in the way its documentation shows.

Each answers AGREES, DIFFERS or CANNOT_TELL (it raised, or gave no finite number), or
None where it does not take such a question: another library, an array-valued f, a
second order.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from clinometer import check
from clinometer.arrays import from_float64, is_complex, to_float64
from clinometer.check import Report, Verdict
from clinometer.trees import flatten
from tests.corpus.case import Problem, claimed

__all__ = ["PATIENCE", "RIVALS", "Answer", "Late", "Rival", "patience"]

Floats: TypeAlias = np.ndarray

CLASSIC_STEP = 1e-5
"""Step of the classic rule, as in the lecture notes that made it known."""

SCIPY_LIMIT = 1e-5
"""Largest norm that is taken for right; SciPy's documentation names none and shows
3e-8. Its difference is one-sided with a step of 1.5e-8."""


MANY = 200
"""Most entries for checkers that go through all of them one by one."""

PATIENCE = 20.0
"""Seconds after which a question is taken back; the others take less than one. With
steps as long as x itself, f may be asked where an iteration in it never ends."""


@final
@dataclass(frozen=True, eq=False)
class Answer:
    """What a checker said, after how many evaluations of f; report if it is ours.

    late : whether it was stopped, as it took too long.
    """

    verdict: Verdict
    evaluations: int
    report: Report | None = None
    late: bool = False


@final
@dataclass(frozen=True, eq=False)
class Rival:
    """A checker. takes tells which questions it takes; ask asks one."""

    name: str
    takes: Callable[[Problem, str], bool]
    ask: Callable[[Problem], Answer]


class _Counted:
    """f with a count of its calls."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.count = f, 0

    def __call__(self, *x: Any) -> Any:
        self.count += 1
        return self.f(*x)


def _said(*, right: bool) -> Verdict:
    return Verdict.AGREES if right else Verdict.DIFFERS


def _ours(problem: Problem) -> Answer:
    report = check(problem.f, problem.x, **problem.options)
    return Answer(report.verdict, report.evaluations, report)


def _leaves(problem: Problem) -> list[Any]:
    return flatten(problem.x)[0]


def _plain(problem: Problem) -> bool:
    """Whether x is real, f a number, and nothing but its gradient asked for."""
    if "order" in problem.options or any(map(is_complex, _leaves(problem))):
        return False
    try:
        value = problem.f(problem.x)
    except Exception:  # noqa: BLE001 - what fails at x is a question for all
        return True
    return np.shape(value) == ()


def _flat(problem: Problem) -> tuple[_Counted, Floats, Floats]:
    """f of a flat vector, the vector, and the flat claim; NaN for what has no form."""
    leaves, paths, rebuild = flatten(problem.x)
    arrays = [np.array(to_float64(leaf)) for leaf in leaves]
    ends = np.cumsum([array.size for array in arrays])

    def f(vector: Floats) -> float:
        parts = np.split(np.asarray(vector, np.float64), ends[:-1])
        back = [
            from_float64(part.reshape(array.shape), leaf)
            for part, array, leaf in zip(parts, arrays, leaves, strict=True)
        ]
        return float(problem.f(rebuild(back)))

    given = claimed(problem)
    claim = [given[path] for path in paths]
    flat = [
        np.zeros(array.size) if g is None else np.asarray(g, np.float64).reshape(-1)
        for g, array in zip(claim, arrays, strict=True)
    ]
    x = np.concatenate([array.reshape(-1) for array in arrays])
    return _Counted(f), x, np.concatenate(flat)


def _scipy(problem: Problem) -> Answer:
    from scipy.optimize import check_grad

    f, x, claim = _flat(problem)
    norm = check_grad(f, lambda _: claim, x)
    return _by_number(float(norm), SCIPY_LIMIT, f.count)


def _by_number(found: float, limit: float, count: int) -> Answer:
    """The verdict on a number that must not exceed a limit."""
    if np.isnan(found):
        return Answer(Verdict.CANNOT_TELL, count)
    return Answer(_said(right=found <= limit), count)


def _numdifftools(problem: Problem) -> Answer:
    import numdifftools

    f, x, claim = _flat(problem)
    found = np.atleast_1d(numdifftools.Gradient(f)(x))
    if not np.isfinite(found).all():
        return Answer(Verdict.CANNOT_TELL, f.count)
    return Answer(_said(right=np.allclose(claim, found, 1e-6, 1e-8)), f.count)


def _classic(limit: float) -> Callable[[Problem], Answer]:
    """The relative error of central differences, largest over all entries."""

    def ask(problem: Problem) -> Answer:
        f, x, claim = _flat(problem)
        worst = 0.0
        for k in range(x.size):
            step = np.zeros_like(x)
            step[k] = CLASSIC_STEP
            slope = (f(x + step) - f(x - step)) / (2 * CLASSIC_STEP)
            size = max(abs(slope), abs(claim[k]))
            error = abs(slope - claim[k]) / size if size else 0.0
            worst = np.fmax(worst, error) if np.isfinite(error) else np.nan
            if np.isnan(worst):
                break
        return _by_number(float(worst), limit, f.count)

    return ask


def _gradcheck(*, fast: bool) -> Callable[[Problem], Answer]:
    def ask(problem: Problem) -> Answer:
        import torch

        leaves, _, rebuild = flatten(problem.x)
        inputs = [leaf.detach().clone().requires_grad_() for leaf in leaves]
        f = _Counted(lambda *x: problem.f(rebuild(list(x))))
        second = problem.options.get("order") == 2
        ask = torch.autograd.gradgradcheck if second else torch.autograd.gradcheck
        right = ask(f, inputs, fast_mode=fast, raise_exception=False)
        return Answer(_said(right=right), f.count)

    return ask


def _check_grads(problem: Problem) -> Answer:
    from jax.test_util import check_grads

    f = _Counted(problem.f)
    order = problem.options.get("order", 1)
    try:
        check_grads(f, (problem.x,), order=order, modes=("rev",))
    except AssertionError:
        return Answer(Verdict.DIFFERS, f.count)
    return Answer(Verdict.AGREES, f.count)


def _scalar(problem: Problem, library: str) -> bool:
    """Whether a checker of NumPy functions takes it: a number of few real entries."""
    if library == "jax" or any(map(is_complex, _leaves(problem))):
        return False
    entries = sum(np.size(to_float64(leaf)) for leaf in _leaves(problem))
    return entries <= MANY and _plain(problem)


class Late(BaseException):
    """Time is up; no Exception, so that nobody in between takes it for one of f."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raises Late inside after so many seconds. In the main thread only."""

    def stop(*_: object) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _asked(rival: Callable[[Problem], Answer]) -> Callable[[Problem], Answer]:
    """The same, where raising counts as an answer, and taking for ever: cannot tell."""

    def ask(problem: Problem) -> Answer:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                with patience(PATIENCE):
                    return rival(problem)
            except Late:
                return Answer(Verdict.CANNOT_TELL, 0, late=True)
            except Exception:  # noqa: BLE001 - rivals raise what they like
                return Answer(Verdict.CANNOT_TELL, 0)

    return ask


def _all(problem: Problem, library: str) -> bool:
    del problem, library
    return True


def _of(name: str) -> Callable[[Problem, str], bool]:
    def takes(problem: Problem, library: str) -> bool:
        del problem
        return library == name

    return takes


RIVALS = (
    Rival("clinometer", _all, _asked(_ours)),
    Rival("torch gradcheck", _of("torch"), _asked(_gradcheck(fast=False))),
    Rival("torch gradcheck, fast", _of("torch"), _asked(_gradcheck(fast=True))),
    Rival("jax check_grads", _of("jax"), _asked(_check_grads)),
    Rival("scipy check_grad", _scalar, _asked(_scipy)),
    Rival("numdifftools", _scalar, _asked(_numdifftools)),
    Rival("relative error 1e-7", _scalar, _asked(_classic(1e-7))),
    Rival("relative error 1e-5", _scalar, _asked(_classic(1e-5))),
)
