"""Second derivatives by each composition of two modes; the wrong one is named."""

from contextlib import nullcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause
from clinometer.engines.double import float64
from clinometer.errors import InputError

X = np.random.default_rng(5).normal(size=(3, 4))


class Detached(torch.autograd.Function):
    """x**3 whose backward cuts its own graph: right once, zero the second time."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x.detach() ** 2 * g


class Whole(torch.autograd.Function):
    """The healthy twin."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


class Once(torch.autograd.Function):
    """The twin that says that it can be differentiated only once."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


def test_a_backward_cut_from_its_graph_passes_once_and_fails_twice():
    x = torch.tensor(X)
    assert check(Detached.apply, x).verdict is Verdict.AGREES
    report = check(Detached.apply, x, order=2)
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.SECOND_ORDER,)
    assert report.diagnoses[0].where == "in reverse over reverse"


def test_a_backward_that_can_be_differentiated_passes():
    report = check(Whole.apply, torch.tensor(X), order=2)
    assert report.verdict is Verdict.AGREES
    assert "second order: reverse over reverse" in report.probes


def test_a_rule_that_refuses_second_order_cannot_be_told():
    report = check(Once.apply, torch.tensor(X), order=2)
    assert report.verdict is Verdict.CANNOT_TELL
    assert "once_differentiable" in report.diagnoses[0].evidence


@pytest.mark.parametrize(
    "f",
    [
        lambda p: (p["a"].sin() * p["b"]).exp().sum(),
        lambda p: (p["a"] @ p["b"].T).tanh(),
        lambda p: p["a"].sum(),
        lambda p: p["a"].softmax(dim=-1) ** 2,
        lambda p: p["a"].relu() * p["b"],
    ],
)
def test_ordinary_functions_of_torch_pass_in_all_compositions(f):
    report = check(
        f, {"a": torch.tensor(X), "b": torch.tensor(X[::-1].copy())}, order=2
    )
    assert report.verdict is Verdict.AGREES, str(report)
    assert sum(name.startswith("second order") for name in report.probes) >= 2


@pytest.mark.parametrize("x64", [True])
def test_functions_of_jax_pass_in_all_compositions(x64):
    with float64() if x64 else nullcontext():
        report = check(lambda x: jnp.sum(jnp.sin(x) * x[0]), jnp.asarray(X), order=2)
    assert report.verdict is Verdict.AGREES, str(report)
    assert sum(name.startswith("second order") for name in report.probes) == 4


def test_a_stopped_gradient_in_a_rule_of_jax_is_named():
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(
        lambda x: (x**3, x),
        lambda x, g: (3 * jax.lax.stop_gradient(x) ** 2 * g,),
    )
    report = check(cube, jnp.asarray(X), order=2)
    assert report.causes == (Cause.SECOND_ORDER,)


def test_one_wrong_composition_is_named_among_right_ones():
    """The tangent of a rule is right, but cut off from what it depends on."""

    class Cut(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g

        @staticmethod
        def jvp(ctx, t):
            (x,) = ctx.saved_tensors
            return 3 * x.detach() ** 2 * t

    report = check(Cut.apply, torch.tensor(X), order=2)
    assert report.verdict is Verdict.DIFFERS
    assert [found.where for found in report.diagnoses] == ["in reverse over forward"]


def test_a_users_hessian_is_checked():
    x = np.array([0.5, -1.5, 2.0])

    def f(x):
        return np.prod(x) + (x**4).sum()

    def gradient(x):
        return np.prod(x) / x + 4 * x**3

    def hessian(x):
        both = np.prod(x) / np.outer(x, x)
        return both - np.diag(np.diag(both)) + np.diag(12 * x**2)

    right = check(f, x, gradient=gradient, hessian=hessian)
    assert right.verdict is Verdict.AGREES
    wrong = check(f, x, gradient=gradient, hessian=lambda x: np.diag(12 * x**2))
    assert wrong.causes == (Cause.SECOND_ORDER,)
    product = check(
        f, x, gradient=gradient, hessian_product=lambda x, v: hessian(x) @ v
    )
    assert product.verdict is Verdict.AGREES


def test_a_hessian_that_is_not_symmetric_is_named():
    x = {"a": np.array([0.5, -1.5]), "b": np.array([2.0])}

    def hessian(p):
        zero = {"a": np.zeros((2, 2)), "b": np.zeros((2, 1))}
        return {"a": zero, "b": {"a": p["a"][None] * 2, "b": np.zeros((1, 1))}}

    report = check(
        lambda p: (p["a"] ** 2).sum() * p["b"].sum(),
        x,
        gradient=lambda p: {
            "a": 2 * p["a"] * p["b"],
            "b": (p["a"] ** 2).sum()[None],
        },
        hessian=hessian,
    )
    assert report.causes == (Cause.SECOND_ORDER,)


def test_second_order_without_a_claim_is_refused():
    with pytest.raises(InputError, match="hessian="):
        check(lambda x: (x**2).sum(), X, gradient=lambda x: 2 * x, order=2)
    with pytest.raises(InputError, match="order must be 1 or 2"):
        check(lambda x: (x**2).sum(), X, gradient=lambda x: 2 * x, order=3)


def test_progress_hears_of_second_order():
    heard = []

    def progress(done, planned):
        heard.append((done, planned))

    x = torch.tensor([0.3, -1.2], dtype=torch.float64)
    check(lambda x: x.sin().sum(), x, progress=progress)
    first = len(heard)
    check(lambda x: x.sin().sum(), x, order=2, progress=progress)

    assert len(heard) > 2 * first
    assert all(done < planned for done, planned in heard)
