"""The road of a check: claim, plan, measure, compare, report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from clinometer.check.claim import Source, read
from clinometer.check.inspection import Inspection
from clinometer.check.interruption import Progress
from clinometer.check.place import sizes_of
from clinometer.check.report import Report
from clinometer.check.subject import Subject
from clinometer.check.verdict import default_rtol
from clinometer.errors import InputError
from clinometer.evaluate import Function
from clinometer.trees import Tree

__all__ = ["assert_gradient", "check"]


def check(
    f: Callable[..., Any],
    x: Tree,
    *,
    gradient: Any = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 1000,
    batched: bool = False,
    vmap: bool = False,
    scale: Tree | None = None,
    progress: Progress | None = None,
) -> Report:
    """Report on whether a claimed gradient of scalar f at x is right.

    gradient : function of x, or the gradient itself, a tree like x. Omitted for torch
        and JAX: what their autodiff makes of f, with its own backward rules.
    rtol : relative difference that is material; 1e-6 in float64, else the square root
        of the unit roundoff of the coarsest dtype among x, f(x) and the gradient.
    seed : of the random directions.
    entries : so many entries are compared one by one, the smallest leaves first; larger
        leaves along 8 random directions each.
    batched : f takes a leading axis of points on every leaf of x, and returns one value
        a point. The gradient function still gets a single x.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : tree like x of typical sizes > 0, in units of x; otherwise |x|.
    progress : told before each call of f how many points have been evaluated, and how
        many there will be, as far as planned.

    Returns a report; a gradient of wrong form (None, a missing leaf, a wrong shape or
    dtype, NaN) or one that raises is a finding in it.
    Raises InputError for an x, f or option that cannot be checked, FunctionError if f
    fails at x, fails on both sides of it, or writes into its argument. At Ctrl-C raises
    Interrupted, a KeyboardInterrupt whose `report` says what was known by then.
    """
    began = time.perf_counter()
    _require_options(rtol, seed, entries)
    function = Function(f, x, batched=batched, vmap=vmap, scalar="check")
    subject = Subject(function, sizes_of(function.layout, scale))
    claims = read(Source(gradient, f, batched), function.layout)
    if rtol is None:
        coarsest = max(claim.roundoff for claim in claims.leaves)
        rtol = default_rtol(max(coarsest, subject.roundoff))
    inspection = Inspection(subject, claims, rtol=rtol, seed=seed, progress=progress)
    return inspection.report(entries, began)


def assert_gradient(
    f: Callable[..., Any],
    x: Tree,
    *,
    gradient: Any = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 1000,
    batched: bool = False,
    vmap: bool = False,
    scale: Tree | None = None,
) -> None:
    """Pass if the claimed gradient agrees; the arguments are those of `check`.

    Raises GradientError with the report if it differs or if the check cannot tell, and
    what `check` raises.
    """
    check(
        f,
        x,
        gradient=gradient,
        rtol=rtol,
        seed=seed,
        entries=entries,
        batched=batched,
        vmap=vmap,
        scale=scale,
    ).require()


def _require_options(rtol: float | None, seed: int, entries: int) -> None:
    if rtol is not None and not (math.isfinite(rtol) and 0 <= rtol < 1):
        raise InputError(
            f"rtol must lie in [0, 1), got {rtol!r}; omit it to have one chosen"
        )
    if seed < 0:
        raise InputError(f"seed must be a whole number >= 0, got {seed!r}")
    if entries < 0:
        raise InputError(
            f"entries must be a whole number >= 0, got {entries!r}; with 0 all leaves "
            "are compared along random directions"
        )
