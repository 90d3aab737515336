"""The door of a check: its options, and who is asked besides the road."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import clinometer
from clinometer.check import Interrupted, Verdict, check
from clinometer.check.door import CheckGradient
from clinometer.errors import GradientError, InputError

X = np.array([1.0, 2.0])


def cubes(x):
    return (x**3).sum()


def squares(x):
    return 3 * x**2


def test_assert_gradient_and_the_fixture_take_what_check_takes():
    known = list(inspect.signature(check).parameters)
    assert list(inspect.signature(clinometer.assert_gradient).parameters) == known
    assert list(inspect.signature(CheckGradient.__call__).parameters)[1:] == known
    with pytest.raises(TypeError, match="toleranz"):
        clinometer.assert_gradient(cubes, X, toleranz=1)


def test_assert_gradient_passes_points_and_progress_on():
    def kinked(x):
        return np.abs(x).sum()

    heard = []
    with pytest.raises(GradientError, match="point"):
        clinometer.assert_gradient(
            kinked,
            X,
            gradient=lambda x: np.ones(2),
            points=[-X],
            progress=lambda done, planned: heard.append(done),
        )
    assert heard


@jax.custom_vjp
def doubled(x):
    return 2 * x


def doubled_backward(kept, g):
    return (g,)


doubled.defvjp(lambda x: (2 * x, None), doubled_backward)


@jax.custom_vjp
def tripled(x):
    return 3 * x


tripled.defvjp(lambda x: (3 * x, None), lambda kept, g: (3 * g,))


@pytest.mark.parametrize("batched", [False, True])
def test_a_wrong_rule_of_jax_is_named_where_the_gradient_differs(batched):
    def f(x):
        return (doubled(tripled(x)) ** 2).sum(axis=-1)

    report = check(f, jnp.asarray(X, jnp.float32), batched=batched)

    assert report.verdict is Verdict.DIFFERS
    named = report.diagnoses[0]
    assert "doubled" in f"{named.path} {named.where}"
    assert "doubled_backward" in named.source
    assert not any("tripled" in found.where for found in report.diagnoses)


def test_rules_are_asked_only_where_the_gradient_differs():
    report = check(lambda x: tripled(x).sum(), jnp.asarray(X, jnp.float32))

    assert report.verdict is Verdict.AGREES
    assert not any("custom rules" in note for note in report.notes)


def test_jax_in_float32_says_so():
    report = check(lambda x: (x**2).sum(), jnp.asarray(X, jnp.float32))
    assert any("jax_enable_x64" in note for note in report.notes)
    quiet = check(lambda x: (x**2).sum(), jnp.asarray(X, jnp.float32), upcast=False)
    assert not any("jax_enable_x64" in note for note in quiet.notes)


def test_complex64_is_measured_in_complex128():
    z = np.array([1 + 2j, 0.5 - 1j], np.complex64)
    report = check(
        lambda z: (z.real**2 * z.imag).sum(),
        z,
        gradient=lambda z: 2 * z.real * z.imag + 1j * z.real**2,
    )
    assert report.verdict is Verdict.AGREES
    assert any("float64" in note for note in report.notes)


def stopping(after):
    """A function that is stopped as by Ctrl-C at a call, and its count of calls."""
    calls = []

    def count():
        calls.append(1)
        if len(calls) == after:
            raise KeyboardInterrupt

    return count


def test_ctrl_c_among_the_probes_leaves_a_report():
    count = stopping(4)

    def slope(x):
        count()
        return 3 * x**2

    with pytest.raises(Interrupted) as stop:
        check(cubes, X, gradient=slope)
    report = stop.value.report
    assert report.verdict is Verdict.CANNOT_TELL
    assert "not reached" in report.leaves[0].reason


def test_ctrl_c_during_second_order_keeps_the_first():
    def hessian(x):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        check(cubes, X, gradient=squares, hessian=hessian)
    report = stop.value.report
    assert report.leaves[0].verdict is Verdict.AGREES
    assert report.verdict is Verdict.CANNOT_TELL
    assert "interrupted during the check of second order" in report.notes[0]


def test_ctrl_c_at_another_point_keeps_the_report_on_x():
    def points():
        yield 2 * X
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        check(cubes, X, gradient=squares, points=points())
    report = stop.value.report
    assert report.leaves[0].entries == 2
    assert "other points" in report.notes[0]


def test_probes_tell_progress():
    heard = []
    check(cubes, X, gradient=squares, progress=lambda *told: heard.append(told))
    quiet = []
    check(
        cubes,
        X,
        gradient=squares,
        probes=False,
        progress=lambda *told: quiet.append(told),
    )
    assert len(heard) > len(quiet)
    assert all(done <= planned for done, planned in heard)


def test_what_a_model_cannot_use_is_refused():
    with pytest.raises(InputError, match="order= and hessian= cannot be used"):
        check(torch.nn.Linear(2, 1), torch.ones(1, 2), order=2, hessian=lambda x: x)


def test_ctrl_c_in_a_model_keeps_the_parts_judged():
    class Stopping(torch.nn.Module):
        calls = 0

        def forward(self, x):
            Stopping.calls += 1
            if Stopping.calls > 3:
                raise KeyboardInterrupt
            return x.sin()

    with pytest.raises(Interrupted, match="the model's parts") as stop:
        check(Stopping(), torch.ones(2, dtype=torch.float64, requires_grad=True))
    assert stop.value.report.verdict is Verdict.CANNOT_TELL


def test_reports_on_models_say_power_and_probes():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))

        def forward(self, x):
            return Double.apply(x * self.weight)

    report = check(Model(), torch.ones(2, 3, dtype=torch.float64))
    assert report.verdict is Verdict.AGREES
    assert {power.path for power in report.power} == {
        leaf.path for leaf in report.leaves
    }
    assert all(0 < power.smallest < 1e-4 for power in report.power)
    assert "second backward" in report.probes
