"""One adapter per library, each at its defaults, all with the same result."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import jacobi
import numdifftools
import numpy as np
import scipy.differentiate
from scipy.optimize._numdiff import approx_derivative
from statsmodels.tools import numdiff

import clinometer
from benchmarks.answer import Answer
from benchmarks.case import Array, Batch, Case, Floats


@final
class Counted:
    """A batched function that counts its calls and the points it was given."""

    def __init__(self, f: Batch) -> None:
        self._f = f
        self.calls = 0
        self.points = 0

    def batch(self, points: Array) -> Array:
        """Values (P,) at points (P, n), in one call."""
        self.calls += 1
        self.points += len(points)
        return self._f(points)

    def single(self, x: Array) -> Any:
        """The value at one point (n,), in one call."""
        self.calls += 1
        self.points += 1
        return self._f(np.asarray(x)[None])[0]


# f counts the calls of case.f; -> value (n,) and bar (n,) or None
Method = Callable[[Counted, Case], tuple[Any, Any]]


@final
@dataclass(frozen=True)
class Rival:
    """A library: its name in the tables, how it is called, whether it gives bars."""

    name: str
    method: Method
    has_bar: bool

    def answer(self, case: Case) -> Answer:
        """What this library says about the gradient of a case.

        Anything it raises counts as no value, whatever its kind, and is reported.
        """
        f = Counted(copy.deepcopy(case.f))
        own = replace(case, x=case.x.copy())
        blank = np.full(case.x.shape, np.nan)
        value, bar, fault = blank, blank, None
        start = time.perf_counter()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found, width = self.method(f, own)
            value, bar = _vector(found, case.x), _vector(width, case.x)
        except Exception as error:  # noqa: BLE001 - any crash is a result here
            fault = f"{type(error).__name__}: {error}".splitlines()[0]
        seconds = time.perf_counter() - start
        shown = bar if self.has_bar else None
        return Answer(value, shown, f.points, f.calls, seconds, fault)


def _vector(found: Any, x: Floats) -> Floats:
    """Numbers (n,) from whatever shape a library uses; NaN where there is none."""
    if found is None:
        return np.full(x.shape, np.nan)
    return np.asarray(found, dtype=np.float64).reshape(x.shape)


def _clinometer(f: Counted, case: Case) -> tuple[Any, Any]:
    if case.batched:
        found = clinometer.gradient(f.batch, case.x, batched=True)
    else:
        found = clinometer.gradient(f.single, case.x)
    return found.value, found.error


def _jacobi(f: Counted, case: Case) -> tuple[Any, Any]:
    return jacobi.jacobi(f.single, case.x)


def _numdifftools(f: Counted, case: Case) -> tuple[Any, Any]:
    found = numdifftools.Gradient(f.single, full_output=True)(case.x)
    return found.estimate, found.error_estimate


def _scipy_derivative(f: Counted, case: Case) -> tuple[Any, Any]:
    """All coordinates at once: each element of its array moves its own coordinate."""

    def along(t: Array, place: Array) -> Array:
        points = np.repeat(case.x[None], t.size, axis=0)
        points[np.arange(t.size), np.broadcast_to(place, t.shape).ravel()] = t.ravel()
        return np.asarray(f.batch(points)).reshape(t.shape)

    places = np.arange(case.x.size)
    found = scipy.differentiate.derivative(along, case.x, args=(places,))
    return found.df, found.error


def _approx_derivative(method: str) -> Method:
    return lambda f, case: (approx_derivative(f.single, case.x, method=method), None)


def _statsmodels(*, centered: bool) -> Method:
    return lambda f, case: (
        numdiff.approx_fprime(case.x, f.single, centered=centered),
        None,
    )


def _statsmodels_complex(f: Counted, case: Case) -> tuple[Any, Any]:
    return numdiff.approx_fprime_cs(case.x, f.single), None


CLINOMETER = Rival("clinometer", _clinometer, has_bar=True)
JACOBI = Rival("jacobi", _jacobi, has_bar=True)

RIVALS: tuple[Rival, ...] = (
    CLINOMETER,
    Rival("numdifftools", _numdifftools, has_bar=True),
    Rival("scipy.differentiate", _scipy_derivative, has_bar=True),
    JACOBI,
    Rival("scipy 2-point", _approx_derivative("2-point"), has_bar=False),
    Rival("scipy 3-point", _approx_derivative("3-point"), has_bar=False),
    Rival("scipy complex step", _approx_derivative("cs"), has_bar=False),
    Rival("statsmodels forward", _statsmodels(centered=False), has_bar=False),
    Rival("statsmodels centred", _statsmodels(centered=True), has_bar=False),
    Rival("statsmodels complex step", _statsmodels_complex, has_bar=False),
)
