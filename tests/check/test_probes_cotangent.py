"""A backward pass is linear in the incoming gradient; each way not to be is named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause
from clinometer.errors import InputError

IGNORED, NONLINEAR = Cause.COTANGENT_IGNORED, Cause.COTANGENT_NONLINEAR


def cube(misuse):
    """x**3 as a torch Function whose backward uses misuse(g) for g."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * misuse(g)

    return Cube.apply


def jax_cube(misuse):
    """The same as a custom_vjp of JAX."""

    @jax.custom_vjp
    def rule(x):
        return x**3

    rule.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * misuse(g),))
    return rule


MISUSES = {
    "ignored": (torch.ones_like, jnp.ones_like, IGNORED, "zeros gives"),
    "used in part": (lambda g: g + 0.5, lambda g: g + 0.5, IGNORED, "a part"),
    "made positive": (torch.abs, jnp.abs, NONLINEAR, "made positive:"),
    "squared": (torch.square, jnp.square, NONLINEAR, "squared"),
    "used twice": (
        lambda g: g * g.abs(),
        lambda g: g * jnp.abs(g),
        NONLINEAR,
        "more than once",
    ),
    "clipped": (
        lambda g: g.clamp(-5, 5),
        lambda g: jnp.clip(g, -5, 5),
        NONLINEAR,
        "clipped",
    ),
    "its sign": (torch.sign, jnp.sign, NONLINEAR, "only its sign"),
    "cut off": (torch.relu, jax.nn.relu, NONLINEAR, "one side of zero"),
}


def _x(library):
    x = np.random.default_rng(5).normal(size=(3, 4))
    return torch.tensor(x) if library == "torch" else jnp.asarray(x)


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("misuse", MISUSES)
def test_a_misused_cotangent_is_named(misuse, library, summed):
    in_torch, in_jax, cause, said = MISUSES[misuse]
    rule = cube(in_torch) if library == "torch" else jax_cube(in_jax)
    report = check((lambda x: rule(x).sum()) if summed else rule, _x(library))
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (cause,)
    assert report.diagnoses[0].path == "x"
    assert said in report.diagnoses[0].evidence


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_rule_that_uses_it_rightly_passes(library, summed):
    rule = cube(lambda g: g) if library == "torch" else jax_cube(lambda g: g)
    report = check((lambda x: rule(x).sum()) if summed else rule, _x(library))
    assert report.verdict is Verdict.AGREES
    assert report.diagnoses == ()
    assert "zero, negated, scaled and added cotangents" in report.probes


def test_probes_can_be_switched_off():
    """At g = 1 the square of g is g: differences see nothing."""
    report = check(lambda x: cube(torch.square)(x).sum(), _x("torch"), probes=False)
    assert report.verdict is Verdict.AGREES
    assert report.probes == ()


@pytest.mark.parametrize("exponent", [-60, -20, 20, 60])
def test_the_cause_does_not_depend_on_units(exponent):
    unit = 2.0**exponent
    for misuse, cause in ((torch.abs, NONLINEAR), (torch.ones_like, IGNORED)):
        rule = cube(misuse)
        report = check(lambda x, rule=rule: rule(x * unit), _x("torch") / unit)
        assert report.causes == (cause,)


def test_one_faulty_block_among_healthy_ones_is_seen():
    faulty = cube(torch.abs)
    report = check(lambda x: (x.sin().exp() + 0.01 * faulty(x)).sum(), _x("torch"))
    assert report.causes == (NONLINEAR,)


def test_a_product_taken_by_the_user_is_probed():
    """vjp= is a function of x and of u; one that clips u is found in NumPy, too."""
    x = _x("jax").__array__().astype(np.float64)

    def vjp(x, u):
        return np.cos(x) * u

    assert check(np.sin, x, vjp=vjp).verdict is Verdict.AGREES
    report = check(np.sin, x, vjp=lambda x, u: vjp(x, np.clip(u, -9, 9)))
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (NONLINEAR,)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_jacobian_is_checked_along_random_cotangents(factor):
    A = np.random.default_rng(1).normal(size=(5, 3))
    report = check(
        lambda x: np.sin(A @ x),
        np.ones(3),
        jacobian=lambda x: factor * np.cos(A @ x)[:, None] * A,
    )
    assert report.verdict is (Verdict.AGREES if factor == 1 else Verdict.DIFFERS)


def test_a_jacobian_of_wrong_shape_is_a_finding():
    report = check(np.sin, np.ones(3), jacobian=np.cos)
    assert report.verdict is Verdict.DIFFERS
    assert "(3, 3), got (3,)" in report.findings[0].reason


def test_one_claim_is_checked_at_a_time():
    with pytest.raises(InputError, match=r"gradient= and vjp="):
        check(np.sum, np.ones(3), gradient=np.ones(3), vjp=lambda x, u: x)


def test_arrays_and_nests_of_them_are_checked_through_random_cotangents():
    def f(p):
        return {"a": p["w"].sin(), "b": [p["w"].sum(), p["v"] ** 2], "n": 3}

    x = {"w": _x("torch"), "v": _x("torch")[0]}
    assert check(f, x).verdict is Verdict.AGREES
    wrong = cube(lambda g: 2 * g)
    report = check(lambda p: {**f(p), "c": wrong(p["v"])}, x)
    assert report.verdict is Verdict.DIFFERS
    assert {found.path for found in report.findings} == {"x['v']"}


def test_each_of_several_outputs_takes_an_equal_part():
    """A wrong rule whose value is 1e9 times smaller than another is still seen."""
    wrong = cube(lambda g: 2 * g)
    x = _x("torch")
    report = check(lambda x: (1e9 * x.sin().sum(), wrong(1e-3 * x)), x)
    assert report.verdict is not Verdict.AGREES


@pytest.mark.parametrize("batched", [False, True])
def test_arrays_from_batches_are_checked(batched):
    rule = cube(lambda g: g)
    option = {"batched": True} if batched else {"vmap": True}
    f = rule if batched else torch.sin
    assert check(f, _x("torch"), **option).verdict is Verdict.AGREES


def test_complex_values_are_checked_by_their_two_parts():
    report = check(lambda x: torch.exp(1j * x), _x("torch"))
    assert report.verdict is Verdict.AGREES


def strided(g):
    """g read as a kernel reads it that takes it for contiguous."""
    fits = g.untyped_storage().nbytes() >= 8 * (g.storage_offset() + g.numel())
    return g.as_strided(g.shape, (4, 1), g.storage_offset()) if fits else g


def test_strides_ignored_are_named():
    report = check(cube(strided), _x("torch"))
    assert report.causes == (Cause.STRIDES,)
    assert "sliced" in report.diagnoses[0].evidence


def test_an_offset_ignored_is_named():
    def from_start(g):
        return g.as_strided(g.shape, g.stride(), 0)

    report = check(cube(from_start), _x("torch"))
    assert report.causes == (Cause.STRIDES,)
    assert "offset" in report.diagnoses[0].evidence


def test_a_backward_that_cannot_take_other_strides_is_named():
    report = check(cube(lambda g: g.view(-1).view(3, 4)), _x("torch"))
    assert report.causes == (Cause.STRIDES,)
    assert "raise" in report.diagnoses[0].evidence


def test_a_kernel_made_contiguous_first_passes():
    report = check(cube(lambda g: strided(g.contiguous())), _x("torch"))
    assert report.verdict is Verdict.AGREES


@pytest.mark.parametrize("bound", [1e-3, 1e-6])
def test_small_incoming_gradients_taken_for_zero_are_seen(bound):
    rule = cube(lambda g: torch.where(g.abs() < bound, 0.0, g))
    report = check(rule, _x("torch"))
    assert report.causes == (NONLINEAR,)
    assert "cut off" in report.diagnoses[0].evidence


def test_a_backward_that_only_rounds_is_not_said_to_misread_strides():
    x = (_x("torch").reshape(-1) + 3000.0).float()
    report = check(torch.std, x)
    assert Cause.STRIDES not in report.causes


def test_a_backward_in_bfloat16_loses_digits_and_is_not_called_nonlinear():
    W = torch.randn(5, 5, generator=torch.Generator().manual_seed(1)).double()

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x @ W

        @staticmethod
        def backward(ctx, g):
            return (g.bfloat16() @ W.T.bfloat16()).double()

    report = check(Product.apply, torch.ones(3, 5).double())
    assert report.causes[0] is Cause.PRECISION
    assert NONLINEAR not in report.causes


def test_a_backward_that_is_not_additive_by_much_is_nonlinear():
    def largest_alone(g):
        return torch.where(g.abs() == g.abs().max(), g, 0.5 * g)

    report = check(cube(largest_alone), _x("torch"))
    assert NONLINEAR in report.causes
