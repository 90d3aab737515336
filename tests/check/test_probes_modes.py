"""Forward mode and reverse mode are transposes of each other, or MODES says so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause


def torch_cube(forward, reverse=1.0):
    """x**3 with both modes, each times a factor."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return reverse * 3 * x**2 * g

        @staticmethod
        def jvp(ctx, t):
            (x,) = ctx.saved_tensors
            return forward * 3 * x**2 * t

    return Cube.apply


X = np.random.default_rng(5).normal(size=(3, 4))


@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.001])
def test_a_wrong_forward_mode_is_named(factor):
    report = check(torch_cube(factor), torch.tensor(X))
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.MODES,)
    assert "reverse mode agrees with differences" in str(report)


def test_only_the_leaf_whose_rule_is_wrong_is_named():
    wrong = torch_cube(-1.0)
    x = {"a": torch.tensor(X), "b": torch.tensor(X)}
    report = check(lambda p: wrong(p["a"]) + p["b"].sin(), x)
    assert [found.path for found in report.diagnoses] == ["x['a']"]


def test_right_modes_pass_and_are_listed():
    report = check(torch_cube(1.0), torch.tensor(X))
    assert report.verdict is Verdict.AGREES
    assert "adjoint identity" in report.probes


def test_a_rule_without_forward_mode_is_no_fault():
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
    report = check(cube, jnp.asarray(X))
    assert report.verdict is Verdict.AGREES
    assert "adjoint identity" not in report.probes


def test_a_wrong_tangent_in_jax_is_a_wrong_gradient_too():
    """JAX transposes custom_jvp: the modes agree, and both are wrong."""

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda x, t: (x[0] ** 3, 6 * x[0] ** 2 * t[0]))
    report = check(cube, jnp.asarray(X))
    assert report.verdict is Verdict.DIFFERS
    assert Cause.MODES not in report.causes


def test_an_f_that_asks_whether_x_requires_grad_keeps_its_tangent():
    weight = torch.tensor(X)

    def penalty(x):
        point = x if x.requires_grad else x.detach().requires_grad_()
        with torch.enable_grad():
            value = torch.tanh(weight @ point).sum()
            (slope,) = torch.autograd.grad(value, point, create_graph=True)
        return (slope.norm() - 1) ** 2

    report = check(penalty, torch.tensor(X[0]))
    assert report.verdict is Verdict.AGREES


def test_modes_below_rounding_are_no_disagreement():
    """A softmax that has decided: both modes are zero but for cancelled digits."""
    for top in (20.0, 50.0):
        z = jnp.array([top, 0.0, 3.0])
        report = check(lambda z: jax.nn.log_softmax(z)[0], z)
        assert Cause.MODES not in report.causes
        assert report.verdict is not Verdict.DIFFERS


def test_a_wrong_forward_mode_is_seen_where_f_is_small_beside_its_changes():
    """f is 3e-7 of what it is elsewhere, as an exponential is."""
    wrong = torch_cube(-1.0)
    report = check(lambda x: wrong((8 * x - 8).exp()), torch.tensor(np.abs(X)))
    assert Cause.MODES in report.causes


def test_where_differences_cannot_tell_they_take_no_side():
    """At a kink any value between the slopes left and right may be right."""
    wrong = torch_cube(2.0)
    x = torch.tensor(X)
    x[0, 0] = 0.0
    report = check(lambda x: wrong(x).sum() + x.abs().sum(), x)
    (found,) = [each for each in report.diagnoses if each.cause is Cause.MODES]
    assert "differences cannot tell which" in found.evidence
