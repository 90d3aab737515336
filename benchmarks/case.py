"""One function of the benchmark: how it is evaluated, where, its exact gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, final

import numpy as np
import scipy.special
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]


@final
class Category(Enum):
    """The eleven kinds of difficulty; the value is the name in the tables."""

    SMOOTH = "smooth"
    SCALED = "badly scaled coordinates"
    SINGULAR = "near a singularity"
    OSCILLATING = "oscillating"
    ZERO = "at x = 0"
    MAGNITUDE = "tiny and huge magnitudes"
    NOISY = "noisy"
    FLOAT32 = "float32 evaluation"
    DOMAIN = "narrow domain"
    KINK = "kink or narrow structure nearby"
    LARGE = "n = 1000"


@final
@dataclass(frozen=True)
class Maths:
    """The functions that formulas need, so that one formula serves NumPy and mpmath."""

    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    expm1: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    tan: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    cosh: Callable[[Any], Any]
    sinh: Callable[[Any], Any]
    arctan: Callable[[Any], Any]
    arcsin: Callable[[Any], Any]
    arccos: Callable[[Any], Any]
    arccosh: Callable[[Any], Any]
    arctanh: Callable[[Any], Any]
    erf: Callable[[Any], Any]
    gamma: Callable[[Any], Any]
    gammaln: Callable[[Any], Any]
    digamma: Callable[[Any], Any]
    j0: Callable[[Any], Any]
    j1: Callable[[Any], Any]


NUMPY = Maths(
    exp=np.exp,
    log=np.log,
    log1p=np.log1p,
    expm1=np.expm1,
    sqrt=np.sqrt,
    sin=np.sin,
    cos=np.cos,
    tan=np.tan,
    tanh=np.tanh,
    cosh=np.cosh,
    sinh=np.sinh,
    arctan=np.arctan,
    arcsin=np.arcsin,
    arccos=np.arccos,
    arccosh=np.arccosh,
    arctanh=np.arctanh,
    erf=scipy.special.erf,
    gamma=scipy.special.gamma,
    gammaln=scipy.special.gammaln,
    digamma=scipy.special.digamma,
    j0=scipy.special.j0,
    j1=scipy.special.j1,
)


def _double(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function in float64, whatever it gets: SciPy has no wider one."""
    return lambda x: function(np.asarray(x, dtype=np.float64))


# Truths are computed wider than float64 (where the machine has such a type), so that
# they are right to the last bit or two and a very narrow bar is not blamed for them.
EXTENDED = replace(
    NUMPY,
    erf=_double(scipy.special.erf),
    gamma=_double(scipy.special.gamma),
    gammaln=_double(scipy.special.gammaln),
    digamma=_double(scipy.special.digamma),
    j0=_double(scipy.special.j0),
    j1=_double(scipy.special.j1),
)

# formula(maths, x) with x : (n, ...) coordinates -> (...) values
Formula = Callable[[Maths, Any], Any]
Batch = Callable[[Array], Array]


@final
@dataclass(frozen=True)
class Plain:
    """A formula evaluated as it stands, in the precision of the points."""

    formula: Formula

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n); outside its domain the value is NaN."""
        with np.errstate(all="ignore"):
            values = np.asarray(self.formula(NUMPY, points.T))
        return np.broadcast_to(values, points.shape[:1])


@final
@dataclass(frozen=True, eq=False)
class Case:
    """One function, one point, the exact gradient there.

    name : unique in the set.
    f : (P, n) points -> (P,) values.
    x : (n,) float64, the point.
    truth : (n,) float64, gradient at x of the function without its noise.
    exact : the same function without noise, as a formula for any number type.
    batched : False where f raises outside its domain, so that one bad point would
        lose a whole batch; such a function is handed out one point a call.
    clean : whether f is the exact formula up to the rounding of float64.
    """

    name: str
    category: Category
    f: Batch
    x: Floats
    truth: Floats
    exact: Formula
    batched: bool = True
    clean: bool = True

    @property
    def single(self) -> Callable[[Array], Any]:
        """The same function of one point: (n,) -> number."""
        f = self.f
        return lambda x: f(np.asarray(x)[None])[0]


def define(
    name: str,
    category: Category,
    formula: Formula,
    *,
    slopes: Formula,
    at: Sequence[float] | Floats,
    f: Batch | None = None,
    noisy: Batch | None = None,
    batched: bool = True,
) -> Case:
    """A case from its formula and the formulas of its partial derivatives.

    slopes : (maths, x) -> n numbers, the gradient in closed form.
    at : (n,) the point.
    f : the same function written in another way, if that is what is evaluated.
    noisy : the function with noise, coarse rounding or an early stop, likewise.
    """
    x = np.array(at, dtype=np.float64)
    with np.errstate(under="ignore"):
        truth = np.array(slopes(EXTENDED, x.astype(np.longdouble)), dtype=np.float64)
    x.flags.writeable = truth.flags.writeable = False
    evaluated = noisy or f or Plain(formula)
    clean = noisy is None
    return Case(name, category, evaluated, x, truth, formula, batched, clean)
