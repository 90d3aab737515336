"""A gradient depends on x and the incoming gradient alone; what else it hangs on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause


def _x():
    return torch.tensor(np.random.default_rng(5).normal(size=(3, 4)))


def rule(backward, forward=None, keep=None):
    """x**3 as a torch Function with parts replaced.

    backward : of (ctx, g). forward : of x. keep : called with (ctx, x, y) in forward.
    """

    class Cube(torch.autograd.Function):
        calls = 0

        @staticmethod
        def forward(ctx, x):
            y = x**3 if forward is None else forward(x, ctx)
            ctx.save_for_backward(x)
            ctx.rule = Cube
            if keep is not None:
                keep(ctx, x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            return backward(ctx, g)

    return Cube.apply


def healthy(ctx, g):
    (x,) = ctx.saved_tensors
    return 3 * x**2 * g


def _keep_on_class(ctx, x, y):
    ctx.rule.last = x.detach()


def _from_class(ctx, g):
    return 3 * ctx.rule.last**2 * g


BUFFER = torch.empty(3, 4, dtype=torch.float64)


def _keep_in_buffer(ctx, x, y):
    BUFFER.copy_(x)
    ctx.buffer = BUFFER


def _keep_unsaved(ctx, x, y):
    ctx.x = x


def _counting(ctx, g):
    ctx.count = getattr(ctx, "count", 0) + 1
    return ctx.count * healthy(ctx, g)


def _writing(ctx, g):
    g.mul_(2)
    return healthy(ctx, g / 2)


def _returning_a_buffer(ctx, g):
    return torch.mul(healthy(ctx, g), 1, out=BUFFER)


STATE = {
    "kept on the class": (_from_class, _keep_on_class, "another point in between"),
    "kept in a buffer": (
        lambda ctx, g: 3 * ctx.buffer**2 * g,
        _keep_in_buffer,
        "another point in between",
    ),
    "kept without being saved": (
        lambda ctx, g: 3 * ctx.x.detach() ** 2 * g,
        _keep_unsaved,
        "x changed in place",
    ),
    "counting its calls": (_counting, None, "second backward"),
    "writing into g": (_writing, None, "writes into the incoming gradient"),
    "returning a buffer": (_returning_a_buffer, None, "buffer reused"),
}


@pytest.mark.parametrize("fault", STATE)
def test_state_is_named_with_the_call_that_shows_it(fault):
    backward, keep, said = STATE[fault]
    report = check(rule(backward, keep=keep), _x())
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.STATE,)
    assert said in report.diagnoses[0].evidence


def test_a_rule_that_saves_what_it_needs_passes():
    report = check(rule(healthy), _x())
    assert report.verdict is Verdict.AGREES
    assert "interleaved forwards" in report.probes


def test_an_output_kept_without_being_saved_is_named():
    def exp(x, ctx):
        return x.exp()

    def keep(ctx, x, y):
        ctx.y = y.detach()

    report = check(rule(lambda ctx, g: ctx.y * g, exp, keep), _x())
    assert report.causes == (Cause.STATE,)
    assert "f(x) changed in place" in report.diagnoses[0].evidence


def test_an_output_that_is_saved_passes():
    """torch counts versions: the changed output makes backward raise, as it should."""
    assert check(torch.exp, _x()).verdict is Verdict.AGREES


def test_a_gradient_that_does_not_repeat_is_named():
    generator = torch.Generator().manual_seed(0)

    def noisy(ctx, g):
        noise = torch.rand(g.shape, generator=generator, dtype=g.dtype)
        return healthy(ctx, g) * (1 + noise / 100)

    report = check(rule(noisy), _x())
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.NOT_REPEATABLE,)
    assert report.diagnoses[0].path == "x"


def test_a_random_function_cannot_be_told_and_is_probed_no_further():
    torch.manual_seed(0)
    report = check(lambda x: torch.nn.functional.dropout(x, 0.5), _x())
    assert report.verdict is Verdict.CANNOT_TELL
    assert report.diagnoses[0].cause is Cause.NOT_REPEATABLE
    assert report.diagnoses[0].path == "f(x)"
    assert report.probes == ("repeated calls",)


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_another_value_under_autograd_is_named(factor):
    def forward(x, ctx):
        return x**3 * (factor if ctx.needs_input_grad[0] else 1.0)

    report = check(rule(healthy, forward), _x())
    assert report.causes == (() if factor == 1 else (Cause.FORWARD,))


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_another_value_in_the_forward_of_a_custom_vjp_is_named(factor):
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (factor * x**3, x), lambda x, g: (3 * x**2 * g,))
    report = check(cube, jnp.asarray(_x().numpy()))
    assert report.causes == (() if factor == 1 else (Cause.FORWARD,))


def test_a_value_that_jit_changes_is_named():
    """State that Python keeps is read once, when jit traces."""
    calls = []

    def f(x):
        traced = isinstance(x, jax.core.Tracer)
        calls.append(traced)
        return x**2 * (1.5 if traced and len(calls) > 5 else 1.0)

    report = check(f, jnp.arange(3.0) + 1)
    assert report.verdict is Verdict.DIFFERS


def test_inputs_taken_for_contiguous_are_named():
    def flat(x):
        return x.as_strided((12,), (1,), x.storage_offset()) ** 2

    report = check(flat, _x())
    assert report.causes == (Cause.STRIDES,)
    assert report.diagnoses[0].path == "f(x)"
    assert check(lambda x: x.reshape(-1) ** 2, _x()).verdict is Verdict.AGREES


def test_a_backward_that_takes_inputs_for_contiguous_is_named():
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x.as_strided((3, 4), (4, 1), x.storage_offset()) ** 2 * g

    report = check(rule(backward), _x())
    assert report.causes == (Cause.STRIDES,)
    assert "an equal x" in report.diagnoses[0].evidence


def test_an_f_that_refuses_other_layouts_passes():
    """x.view raises for them: it says so itself."""
    assert check(lambda x: x.view(-1).sin(), _x()).verdict is Verdict.AGREES


class _Cached:
    """f and its gradient as an optimiser's object that keeps the last intermediate."""

    def value(self, x):
        self.inner = np.exp(x)
        return self.inner.sum()

    def gradient(self, x):
        return self.inner.copy()


def test_a_gradient_that_needs_f_called_last_is_named():
    x = np.array([0.3, -1.2, 0.7])
    stale = _Cached()
    report = check(stale.value, x, gradient=stale.gradient)
    assert report.causes == (Cause.STATE,)
    report = check(stale.value, x, gradient=np.exp)
    assert report.verdict is Verdict.AGREES


def test_a_gradient_that_takes_its_input_for_contiguous_is_named():
    x = np.random.default_rng(2).normal(size=(3, 4))

    def flat(x):
        return (2 * x.ravel(order="K")).reshape(x.shape)

    report = check(lambda x: (x**2).sum(), x, gradient=flat)
    assert report.causes == (Cause.STRIDES,)
    assert "Fortran" in report.diagnoses[0].evidence
    report = check(lambda x: (x**2).sum(), x, gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.AGREES
    assert "inputs lying otherwise in memory" in report.probes


def test_a_gradient_that_counts_its_calls_is_named():
    calls = []

    def gradient(x):
        calls.append(0)
        return 2 * x * (1 + 0.01 * len(calls))

    report = check(lambda x: (x**2).sum(), np.ones(3), gradient=gradient)
    assert report.causes[0] is Cause.NOT_REPEATABLE


def test_a_gradient_that_returns_its_buffer_each_time_passes():
    buffer = np.empty(3)

    def gradient(x):
        return np.multiply(2, x, out=buffer)

    report = check(lambda x: (x**2).sum(), np.arange(3.0), gradient=gradient)
    assert report.verdict is Verdict.AGREES
