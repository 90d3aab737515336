"""Complex x: checked by real and imaginary part; a conjugated gradient is named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause
from clinometer.errors import InputError

RNG = np.random.default_rng(7)
Z = RNG.normal(size=4) + 1j * RNG.normal(size=4)


def loss(y):
    return (y.real**2 + 3 * y.imag + y.real * y.imag).sum()


def torch_rule(conjugated):
    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z.sin()

        @staticmethod
        def backward(ctx, g):
            (z,) = ctx.saved_tensors
            slope = g * z.cos().conj()
            return slope.conj() if conjugated else slope

    return Sine.apply


def jax_rule(conjugated):
    @jax.custom_vjp
    def sine(z):
        return jnp.sin(z)

    def backward(z, g):
        slope = g * jnp.cos(z)
        return (jnp.conj(slope) if conjugated else slope,)

    sine.defvjp(lambda z: (jnp.sin(z), z), backward)
    return sine


@pytest.mark.parametrize("conjugated", [False, True])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_conjugated_rule_is_named(library, conjugated):
    make, z = (torch_rule, torch.tensor(Z))
    if library == "jax":
        make, z = jax_rule, jnp.asarray(Z)
    rule = make(conjugated)
    report = check(lambda z: loss(rule(z)), z)
    if not conjugated:
        assert report.verdict is Verdict.AGREES
        return
    assert report.verdict is Verdict.DIFFERS
    assert report.diagnoses[0].cause is Cause.CONJUGATED
    assert report.diagnoses[0].path == "x"


def test_a_complex_valued_rule_is_checked_directly():
    report = check(torch_rule(conjugated=False), torch.tensor(Z))
    assert report.verdict is Verdict.AGREES
    assert (
        check(torch_rule(conjugated=True), torch.tensor(Z)).verdict is Verdict.DIFFERS
    )


def test_a_users_gradient_is_read_in_the_convention_of_its_library():
    """Of |z|**2: 2 z for NumPy and torch, 2 conj(z) for JAX."""

    def f(x):
        return (abs(x["z"]) ** 2).sum() + (x["r"] ** 2).sum()

    for make, slope in (
        (np.asarray, lambda z: 2 * z),
        (torch.tensor, lambda z: 2 * z),
        (jnp.asarray, lambda z: 2 * z.conj()),
    ):
        x = {"z": make(Z), "r": make(Z.real.copy())}

        def gradient(x, slope=slope):
            return {"z": slope(x["z"]), "r": 2 * x["r"]}

        assert check(f, x, gradient=gradient).verdict is Verdict.AGREES

        def conjugated(x, slope=slope):
            return {"z": slope(x["z"]).conj(), "r": 2 * x["r"]}

        report = check(f, x, gradient=conjugated)
        assert report.causes == (Cause.CONJUGATED,)
        assert report.diagnoses[0].path == "x['z']"


def test_jacobians_of_complex_inputs_are_refused():
    with pytest.raises(InputError, match="complex x"):
        check(np.abs, Z, jacobian=np.abs)


def test_special_points_of_a_complex_x_are_complex():
    seen = []

    def f(z):
        seen.append(np.array(z))
        return (np.abs(z) ** 2).sum()

    report = check(f, Z, gradient=lambda z: 2 * z, points=True)

    assert report.verdict is Verdict.AGREES
    assert "other points" in report.notes[-1]
    assert all(z.dtype == np.complex128 for z in seen)
    assert any(np.array_equal(z, -Z) for z in seen)


@pytest.mark.parametrize("part", ["imag", "both"])
def test_a_product_whose_other_factor_is_not_conjugated_is_named(part):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

    rng = np.random.default_rng(7)
    a, b = (
        torch.tensor(rng.normal(size=4) + 1j * rng.normal(size=4)) for _ in range(2)
    )

    def f(p):
        product = Product.apply(*p)
        return product.imag.sum() if part == "imag" else product

    report = check(f, (a, b))
    assert report.causes == (Cause.CONJUGATED,)
    assert {found.path for found in report.diagnoses} == {"x[0]", "x[1]"}
