"""Without gradient=, what torch and JAX make of f is checked, custom rules and all."""

import jax
import jax.numpy as jnp
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.errors import InputError


@pytest.fixture(scope="module", autouse=True)
def _double_precision():
    """JAX in float64 for these tests only."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def _tensor(dtype=torch.float64):
    return torch.tensor(POINT, dtype=dtype)


def _torch_square(factor):
    class Square(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return factor * g * x

    return lambda x: Square.apply(x).sum()


def _jax_square(factor):
    @jax.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (factor * g * x,))
    return lambda x: square(x).sum()


POINT = [1.0, -2.0, 3.0]


@pytest.mark.parametrize("vmap", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_custom_rule_is_checked(library, dtype, vmap):
    if library == "torch":
        square, x = _torch_square, _tensor(getattr(torch, dtype))
    else:
        square, x = _jax_square, jnp.array(POINT, dtype=dtype)
    assert check(square(2.0), x, vmap=vmap).verdict is Verdict.AGREES
    report = check(square(3.0), x, vmap=vmap)
    assert report.verdict is Verdict.DIFFERS
    assert all(abs(found.ratio - 1.5) < 1e-3 for found in report.findings)


def test_batched_functions_are_differentiated_at_one_point():
    x = _tensor()
    report = check(lambda x: (x**3).sum(dim=-1), x, batched=True)
    assert report.verdict is Verdict.AGREES
    report = check(lambda x: (x**3).sum(axis=-1), jnp.array(POINT), batched=True)
    assert report.verdict is Verdict.AGREES


def test_an_unused_tensor_agrees_with_the_none_that_torch_gives():
    x = {"used": _tensor(), "unused": _tensor()}
    report = check(lambda p: (p["used"] ** 2).sum(), x)
    assert report.verdict is Verdict.AGREES


def test_a_cut_graph_is_named_as_a_gradient_that_does_not_arrive():
    x = {"w": _tensor(), "b": torch.tensor(1.5, dtype=torch.float64)}
    report = check(lambda p: (p["w"] ** 2).sum() + p["b"].detach() ** 2, x)
    assert report.verdict is Verdict.DIFFERS
    (finding,) = report.findings
    assert finding.where == "x['b']"
    assert "no gradient arrives" in finding.reason


def test_a_stopped_gradient_in_jax_differs_as_a_zero():
    x = jnp.array(POINT)
    report = check(lambda x: (x * jax.lax.stop_gradient(x)).sum(), x)
    assert report.verdict is Verdict.DIFFERS
    assert all(abs(found.ratio - 0.5) < 1e-9 for found in report.findings)


def test_a_backward_that_raises_is_a_finding():
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, g):
            raise RuntimeError("not written yet")

    report = check(lambda x: Broken.apply(x).sum(), _tensor())
    assert report.verdict is Verdict.DIFFERS
    assert "not written yet" in report.findings[0].reason


def test_a_backward_of_wrong_shape_is_a_finding():
    class Flat(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return torch.ones(7, dtype=torch.float64)

    report = check(lambda x: Flat.apply(x).sum(), _tensor())
    assert report.verdict is Verdict.DIFFERS
    assert "shape" in report.findings[0].reason


def test_a_nan_from_backward_is_named():
    """The gradient of sqrt at 0 inside where: a well-known trap."""
    x = torch.tensor([-1.0, 4.0], dtype=torch.float64)
    report = check(
        lambda x: torch.where(x > 0, torch.sqrt(x), torch.zeros_like(x)).sum(), x
    )
    assert report.verdict is Verdict.DIFFERS
    assert report.findings[0].index == (0,)
    assert "nan" in report.findings[0].reason


def test_an_f_whose_value_leaves_torch_is_told_the_way_out():
    with pytest.raises(InputError, match="pass gradient="):
        check(lambda x: (x**2).sum().item(), _tensor())


def test_a_users_gradient_may_be_numpy_for_tensors():
    x = _tensor()
    report = check(lambda x: (x**2).sum(), x, gradient=lambda x: 2 * x.numpy())
    assert report.verdict is Verdict.AGREES


def test_tensors_that_require_grad_stay_as_they_were():
    x = _tensor().requires_grad_()
    assert check(lambda x: (x**2).sum(), x).verdict is Verdict.AGREES
    assert x.grad is None
    assert x.requires_grad


def test_a_float32_network_agrees_and_a_wrong_layer_differs():
    torch.manual_seed(0)
    images, labels = torch.randn(40, 12), torch.randint(0, 4, (40,))
    weights = {"a": torch.randn(12, 10) * 0.3, "b": torch.randn(10, 4) * 0.3}

    def loss(p):
        hidden = torch.tanh(images @ p["a"])
        return torch.nn.functional.cross_entropy(hidden @ p["b"], labels)

    assert check(loss, weights).verdict is Verdict.AGREES

    def gradient(p):
        leaves = {key: v.clone().requires_grad_() for key, v in p.items()}
        loss(leaves).backward()
        return {"a": leaves["a"].grad, "b": 1.2 * leaves["b"].grad}

    report = check(loss, weights, gradient=gradient)
    assert report.verdict is Verdict.DIFFERS
    assert {found.path for found in report.findings} == {"x['b']"}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_judged_by_its_own_digits(dtype):
    x = torch.tensor([1.0, -2.0, 3.0], dtype=dtype)
    report = check(lambda x: (x * x).sum(), x)
    assert report.verdict is not Verdict.DIFFERS
    wrong = check(lambda x: (x * x).sum(), x, gradient=lambda x: -2 * x)
    assert wrong.verdict is not Verdict.AGREES


def test_containers_that_only_jax_knows_are_checked():
    @jax.tree_util.register_pytree_with_keys_class
    class Layer:
        def __init__(self, w, b):
            self.w, self.b = w, b

        def tree_flatten_with_keys(self):
            key = jax.tree_util.GetAttrKey
            return ((key("w"), self.w), (key("b"), self.b)), None

        @classmethod
        def tree_unflatten(cls, _, leaves):
            return cls(*leaves)

    x = Layer(jnp.array([1.0, 2.0]), jnp.array(0.5))

    def f(layer):
        return (layer.w**2).sum() * layer.b

    assert check(f, x).verdict is Verdict.AGREES
    wrong = Layer(2 * x.w * x.b, jnp.array(4.0))
    report = check(f, x, gradient=wrong)
    assert [found.where for found in report.findings] == ["x.b"]
