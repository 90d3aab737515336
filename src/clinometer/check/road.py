"""The road of a check: claim, plan, measure, compare, report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from clinometer.check.claim import read
from clinometer.check.inspection import Inspection
from clinometer.check.interruption import Progress
from clinometer.check.place import sizes_of
from clinometer.check.probes import Probed, probe
from clinometer.check.question import Claimed, Question
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
    vjp: Callable[..., Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 1000,
    batched: bool = False,
    vmap: bool = False,
    scale: Tree | None = None,
    probes: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Report on whether a claimed gradient of f at x is right.

    gradient : function of x, or the gradient itself, a tree like x; f is scalar. With
        no claim at all, for torch and JAX: what their autodiff makes of f, with its own
        backward rules. f may then return arrays of any shape, or a nest of them: what
        is measured is <u, f(x)>, with random cotangents u drawn from the seed.
    vjp : function of x and of u, a tree like f(x), giving a tree like x: the gradient
        of <u, f(x)>, for an f that returns real arrays.
    jacobian : function of x giving a tree like x, each leaf of f's shape followed by
        the shape of the leaf of x, for an f that returns one real array.
    rtol : relative difference that is material; 1e-6 in float64, else the square root
        of the unit roundoff of the coarsest dtype among x, f(x) and the gradient.
    seed : of the random directions.
    entries : so many entries are compared one by one, the smallest leaves first; larger
        leaves along 8 random directions each.
    batched : f takes a leading axis of points on every leaf of x, and returns one value
        a point. The gradient function still gets a single x.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : tree like x of typical sizes > 0, in units of x; otherwise |x|.
    probes : whether laws that a gradient obeys are tested first, without differences:
        linear in the cotangent, blind to memory layout, the same at every call.
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
    question = Question.of(
        f,
        function.layout,
        claimed=Claimed(gradient, vjp, jacobian),
        batched=batched,
        seed=seed,
    )
    if question.paired:
        function = Function(question.f, x, batched=batched, vmap=vmap, scalar="check")
    subject = Subject(function, sizes_of(function.layout, scale))
    claims = read(question.source, function.layout)
    probed = Probed((), ())
    if probes and question.rule is not None and not claims.findings:
        probed = probe(question.rule, rtol=rtol, seed=seed)
    if rtol is None:
        coarsest = max(claim.roundoff for claim in claims.leaves)
        rtol = default_rtol(max(coarsest, subject.roundoff))
    inspection = Inspection(subject, claims, rtol=rtol, seed=seed, progress=progress)
    return probed.added_to(inspection.report(entries, began))


def assert_gradient(
    f: Callable[..., Any],
    x: Tree,
    *,
    gradient: Any = None,
    vjp: Callable[..., Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int = 1000,
    batched: bool = False,
    vmap: bool = False,
    scale: Tree | None = None,
    probes: bool = True,
) -> None:
    """Pass if the claimed gradient agrees; the arguments are those of `check`.

    Raises GradientError with the report if it differs or if the check cannot tell, and
    what `check` raises.
    """
    __tracebackhide__ = True  # pytest shows the test, not this line
    check(
        f,
        x,
        gradient=gradient,
        vjp=vjp,
        jacobian=jacobian,
        rtol=rtol,
        seed=seed,
        entries=entries,
        batched=batched,
        vmap=vmap,
        scale=scale,
        probes=probes,
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
