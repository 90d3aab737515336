"""The door of a check: f, x, the claim, and every option by its name.

What f is decides who checks it: the road of one function (`road`), that of a torch
model's parts (`modules`), and the custom rules that a JAX function meets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from clinometer import engines
from clinometer.check.forwarding import method_with_arguments_of, with_arguments_of
from clinometer.check.interruption import Progress, cut_short
from clinometer.check.options import Options
from clinometer.check.points import Points, checked_at
from clinometer.check.probes.second_products import Second
from clinometer.check.question import Claimed
from clinometer.check.report import Report
from clinometer.check.road import inspected
from clinometer.check.upcast import on_jax
from clinometer.check.verdict import Verdict
from clinometer.errors import InputError
from clinometer.trees import Tree

__all__ = ["CheckGradient", "assert_gradient", "check"]


def check(
    f: Callable[..., Any],
    x: Tree,
    *,
    gradient: Any = None,
    vjp: Callable[..., Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    loss: Callable[..., Any] | None = None,
    rtol: float | None = None,
    seed: int = 0,
    entries: int | None = None,
    batched: bool = False,
    vmap: bool = False,
    scale: Tree | None = None,
    probes: bool = True,
    points: Points | bool = False,
    upcast: bool = True,
    order: int = 1,
    hessian: Callable[..., Any] | None = None,
    hessian_product: Callable[..., Any] | None = None,
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
    loss : function of a torch model's output. Where f is a torch.nn.Module and nothing
        is claimed, x are its inputs, and what comes back is `check_model`'s report,
        for which of the options below only rtol and seed count.
    rtol : relative difference that is material; 1e-6 in float64, else the square root
        of the unit roundoff of the coarsest dtype among x, f(x) and the gradient.
    seed : of the random directions.
    entries : so many entries are compared one by one, the smallest leaves first; larger
        leaves along 8 random directions each. 1,000 unless given; none where x has more
        than 65,536 entries.
    x : real floating arrays; complex ones are split into real and imaginary part. A
        complex gradient is d/d real + i d/d imag, as in torch; in JAX its conjugate.
    batched : f takes a leading axis of points on every leaf of x, and returns one value
        a point. The gradient function still gets a single x.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : tree like x of typical sizes > 0, in units of x; otherwise |x|.
    probes : whether laws that a gradient obeys are tested first, without differences:
        linear in the cotangent, blind to memory layout, the same at every call.
    upcast : whether f is evaluated in float64, for the measured side, if x is coarser
        and f takes it (NumPy and torch); the report says so.
    order : 2 checks the gradient of the gradient, too, by each composition of forward
        and reverse mode, provided that the gradient itself does not differ.
    hessian, hessian_product : the user's, checked as with order=2: a function of x
        giving a tree like x of trees like x, or one of x and v giving a tree like x.
    points : more points at which to check, where nothing differs at x: a function of
        a NumPy generator, an iterable of trees like x, or True for special ones made
        from x: other signs and sizes, zeros, pairs of equal entries.
    progress : told before each call of f how many points have been evaluated, and how
        many there will be, as far as planned.

    Returns a report; a gradient of wrong form (None, a missing leaf, a wrong shape or
    dtype, NaN) or one that raises is a finding in it.
    Raises InputError for an x, f or option that cannot be checked, FunctionError if f
    fails at x, fails on both sides of it, or writes into its argument. At Ctrl-C raises
    Interrupted, a KeyboardInterrupt whose `report` says what was known by then.
    """
    options = Options(
        claimed=Claimed(gradient, vjp, jacobian),
        second=Second(hessian, hessian_product),
        rtol=rtol,
        seed=seed,
        entries=entries,
        batched=batched,
        vmap=vmap,
        scale=scale,
        probes=probes,
        upcast=upcast,
        order=order,
        progress=progress,
    )
    given = options.claimed.given
    if engines.is_model(f) and not given:
        return _of_model(f, x, loss=loss, points=points, options=options)
    if loss is not None:
        raise InputError(
            "loss= goes with a torch.nn.Module as f, got "
            f"{type(f).__name__}; put the loss into f"
        )
    report = inspected(f, x, options)
    if points is not False:
        report = _at_points(report, f, x, points=points, options=options)
    if report.verdict is Verdict.DIFFERS and not given and on_jax(x):
        report = _with_rules(report, f, x, options=options)
    return report


def _at_points(
    report: Report,
    f: Callable[..., Any],
    x: Tree,
    *,
    points: Points | bool,
    options: Options,
) -> Report:
    """The report on x, and on more points where it finds no difference."""
    there = replace(options, probes=False, order=1, second=Second())
    try:
        return checked_at(
            report,
            x,
            points=points,
            seed=options.seed,
            gradient=options.claimed.gradient,
            check_at=lambda point: inspected(f, point, there),
        )
    except KeyboardInterrupt:
        raise cut_short(report, "the checks at other points") from None


def _of_model(
    f: Callable[..., Any],
    x: Tree,
    *,
    loss: Callable[..., Any] | None,
    points: Points | bool,
    options: Options,
) -> Report:
    """The report on a torch model; x are its inputs."""
    given = {
        "batched=": options.batched,
        "vmap=": options.vmap,
        "scale=": options.scale is not None,
        "points=": points is not False,
        "order=": options.order != 1,
        "hessian=": options.second.hessian is not None,
        "hessian_product=": options.second.product is not None,
    }
    named = [name for name, is_given in given.items() if is_given]
    if named:
        raise InputError(
            f"where f is a torch.nn.Module, {' and '.join(named)} cannot be used; give "
            "a function of its inputs or parameters as f"
        )
    from clinometer.check.modules.road import check_model  # noqa: PLC0415 (torch)

    return check_model(f, x, loss=loss, rtol=options.rtol, seed=options.seed)


def _with_rules(
    report: Report, f: Callable[..., Any], x: Tree, *, options: Options
) -> Report:
    """The report on autodiff's gradient with the rules of JAX that are wrong alone."""
    from clinometer.check.modules.rules import named_in  # noqa: PLC0415 (when it differs)

    try:
        return named_in(
            report, f, x, rtol=options.rtol, seed=options.seed, batched=options.batched
        )
    except KeyboardInterrupt:
        raise cut_short(report, "the checks of the rules in f") from None


@with_arguments_of(check)
def assert_gradient(*arguments: Any, **options: Any) -> None:
    """Pass if the claimed gradient agrees; the arguments are those of `check`.

    Raises GradientError with the report if it differs or if the check cannot tell, and
    what `check` raises.
    """
    __tracebackhide__ = True  # pytest shows the test, not this line
    check(*arguments, **options).require()


class CheckGradient(Protocol):
    """A `check` that passes or fails a test, as pytest's fixture `check_gradient`."""

    @method_with_arguments_of(check)
    def __call__(self, *arguments: Any, **options: Any) -> Report:
        """The report, if the gradient agrees; the arguments are those of `check`.

        Raises GradientError with the report's table if it differs, or if the check
        cannot tell.
        """
        ...
