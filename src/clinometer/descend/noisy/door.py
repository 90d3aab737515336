"""The door: what `scipy.optimize.minimize` passes to a method of one's own."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.noisy.differences import Differences
from clinometer.descend.noisy.given import Given
from clinometer.descend.noisy.gradient import Gradient
from clinometer.descend.noisy.noise import NoiseLevel
from clinometer.descend.noisy.pairs import Pairs
from clinometer.descend.noisy.place import End, Here, Rules
from clinometer.descend.noisy.road import Road
from clinometer.descend.noisy.values import Values
from clinometer.errors import InputError, MissingExtraError
from clinometer.ladder import scales
from clinometer.trees import Layout

__all__ = ["noise_aware_lbfgs"]

Floats: TypeAlias = NDArray[np.float64]

BUDGET = 1000
"""Evaluations at most, in units of n + 1, unless maxfev says otherwise."""


@final
@dataclass(frozen=True)
class Options:
    """The options of the method, checked; `noise_aware_lbfgs` says what they mean."""

    maxfev: float | None = None
    maxiter: float = math.inf
    maxcor: int = 10
    gtol: float = 0.0
    noise: float | None = None
    gradient_error: Any = None
    seed: int = 0
    tol: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a value that makes no sense."""
        for name in ("maxfev", "maxiter", "maxcor"):
            count = getattr(self, name)
            if count is not None and not (_is_number(count) and count >= 1):
                raise InputError(f"{name} must be a number >= 1, got {count!r}")
        for name in ("gtol", "noise", "tol"):
            size = getattr(self, name)
            if size is not None and not (_is_number(size) and 0 <= size < math.inf):
                raise InputError(
                    f"{name} must be a finite number >= 0, got {size!r}; leave it out "
                    "for the default"
                )
        if not (_is_number(self.seed) and self.seed >= 0 and self.seed % 1 == 0):
            raise InputError(f"seed must be a whole number >= 0, got {self.seed!r}")

    def error_of_gradient(self, n: int) -> Floats | None:
        """(n) error of each entry of the caller's gradient, if it was given."""
        if self.gradient_error is None:
            return None
        found = np.asarray(self.gradient_error, np.float64)
        if (
            found.shape not in {(), (n,)}
            or not (np.isfinite(found) & (found >= 0)).all()
        ):
            raise InputError(
                "gradient_error must be one finite number >= 0, or one for each of the "
                f"{n} entries of x, got {self.gradient_error!r:.80}"
            )
        return np.broadcast_to(found, (n,)).copy()


def noise_aware_lbfgs(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    jac: Callable[..., Any] | None = None,
    callback: Callable[..., Any] | None = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    **options: Any,
) -> Any:
    """A minimum of fun, sought with the noise of fun measured and allowed for.

        scipy.optimize.minimize(fun, x0, method=clinometer.noise_aware_lbfgs)

    fun : x (n), *args -> a number in units of f; it may carry noise.
    x0 : (n) finite floats, where the descent starts.
    args : what fun and jac get beside x.
    jac : x, *args -> (n) gradient, with noise or without; or None, for differences
        whose intervals follow from the noise of fun.
    callback : called after each step, as SciPy does, with `intermediate_result` if
        that is its argument's name, else with x; StopIteration ends the descent.

    Options, in minimize's `options`:
        maxfev : evaluations of fun at most; 1000 (n + 1).
        maxiter : steps at most; no bound.
        maxcor : pairs of L-BFGS kept; 10.
        gtol (or minimize's tol) : largest entry of the gradient at which to stop, in
            units of f / x; 0: only where noise hides the rest.
        noise : standard deviation of one value of fun, in units of f; measured, and
            again as fun changes.
        gradient_error : error of jac, one number or (n), in units of f / x; measured.
        seed : of the random lines along which noise is measured; 0.

    Returns an OptimizeResult: x, fun (with its noise), jac, jac_error (its bar), noise
    (of fun, there), nfev, njev, nit, status (0 noise, 1 gtol, 2 maxfev, 3 maxiter, 4
    stuck, 5 callback), success (status 0 or 1), message. jac is NaN, and jac_error
    infinite, where the budget ended before a gradient there.

    Raises InputError for bad options, bounds, constraints or Hessians, and if x0 is
    not a vector of finite floats or fun returns no number; FunctionError if fun is not
    finite at x0 or writes into x; MissingExtraError without SciPy. Points where fun
    raises count as too high, and the message says so.

    Source: Xie, Byrd & Nocedal 2020, SIAM J. Optim. 30, 182-209; Shi, Xie, Byrd &
    Nocedal 2022, SIAM J. Optim. 32, 29-55; differencing intervals after Shi, Xie, Xuan
    & Nocedal 2022, SIAM J. Sci. Comput. 44, A2302-A2321.
    """
    _refuse(hess=hess, hessp=hessp, bounds=bounds, constraints=constraints)
    settings, x = _settings(options), _start(x0)
    scale = scales(Layout.of(x), x, None)
    budget = BUDGET * (x.size + 1) if settings.maxfev is None else settings.maxfev
    f = Values(lambda x: fun(x, *args), x, budget=budget, asks="minimisation")
    slopes = None
    if jac is None:
        gradients = Differences(f, scale)
    else:
        given = jac
        slopes = Values(lambda x: given(x, *args), x, budget=math.inf, asks=None)
        error = settings.error_of_gradient(x.size)
        gradients = Given(slopes, scale, error=error, seed=settings.seed)
    noise = NoiseLevel(f, scale, given=settings.noise, seed=settings.seed)
    road = Road(
        f,
        gradients,
        noise,
        pairs=Pairs(int(settings.maxcor)),
        rules=Rules(max(settings.gtol, settings.tol or 0.0), settings.maxiter),
        scale=scale,
        told=_teller(callback),
    )
    end = road.walk(x)
    return _result(road.here, end, f, slopes=slopes, noise=noise)


def _result(
    here: Here, end: End, f: Values, *, slopes: Values | None, noise: NoiseLevel
) -> Any:
    """What SciPy returns."""
    nothing = np.full_like(here.x, np.nan)
    gradient = here.gradient or Gradient(nothing, np.full_like(nothing, np.inf), False)
    fault = "" if f.fault is None else f"; f raised {f.fault[1]!r} at {f.fault[0]}"
    return _optimize_result()(
        x=here.x,
        fun=here.value,
        jac=gradient.value,
        jac_error=gradient.error,
        noise=noise.at(here.value),
        nfev=f.evaluations,
        njev=0 if slopes is None else slopes.evaluations,
        nit=here.iterations,
        status=list(End).index(end),
        success=end.succeeded,
        message=end.value + fault,
    )


def _optimize_result() -> Callable[..., Any]:
    try:
        from scipy.optimize import OptimizeResult  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingExtraError(
            "noise_aware_lbfgs needs SciPy, which is not installed; pip install scipy"
        ) from error
    return OptimizeResult


def _start(x0: Any) -> Floats:
    """(n) a copy of x0; its entries are looked at where f is adapted."""
    x = np.atleast_1d(np.asarray(x0))
    if x.ndim != 1 or x.size == 0 or x.dtype.kind not in "fiu":
        raise InputError(
            f"x0 must be a vector of real numbers, got shape {x.shape} of {x.dtype}"
        )
    if not np.isfinite(x).all():
        raise InputError(f"x0 must be finite, got {x}")
    return x.astype(np.float64)


def _settings(options: dict[str, Any]) -> Options:
    known = Options.__dataclass_fields__
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InputError(
            f"options must be among {', '.join(known)}, got {', '.join(unknown)}"
        )
    return Options(**options)


def _refuse(**given: Any) -> None:
    """Raise InputError for what the method does not take."""
    for name, value in given.items():
        if value is not None and not (name == "constraints" and not value):
            raise InputError(
                f"noise_aware_lbfgs takes no {name}, got {value!r:.80}; leave it out, "
                "or use a method that takes it"
            )


def _teller(callback: Callable[..., Any] | None) -> Callable[[Here], bool]:
    """The callback as SciPy would call it; returns whether it asked to stop."""
    if callback is None:
        return lambda _: False
    named = set(inspect.signature(callback).parameters) == {"intermediate_result"}
    result = _optimize_result() if named else None

    def told(here: Here) -> bool:
        try:
            if result is None:
                callback(here.x.copy())
            else:
                callback(intermediate_result=result(x=here.x.copy(), fun=here.value))
        except StopIteration:
            return True
        return False

    return told


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(
        value, bool
    )
