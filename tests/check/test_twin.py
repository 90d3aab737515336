"""Low-precision kernels: healthy ones agree, planted faults are seen and named."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from benchmarks.twin_operations import (
    OPERATIONS,
    attention,
    in_float32,
    normal,
    online_attention,
    rms_norm,
)
from clinometer import GradientError, InputError, Verdict, check_twin
from clinometer.check.diagnosis import Cause

ALL = slice(None)


class Planted(torch.autograd.Function):
    """The identity, whose backward does something to the gradient."""

    @staticmethod
    def forward(ctx, x, change):
        ctx.change = change
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return ctx.change(gradient.clone()), None


def planted(kernel, change, which=0):
    """The kernel with a fault in the gradient of one of its inputs."""

    def wrong(*inputs):
        inputs = list(inputs)
        inputs[which] = Planted.apply(inputs[which], change)
        return kernel(*inputs)

    return wrong


def times(factor, where=...):
    """A gradient with some of its entries multiplied."""

    def change(gradient):
        gradient[where] *= factor
        return gradient

    return change


def heads(seed=0, shape=(2, 2, 64, 32), dtype=torch.bfloat16):
    generator = torch.Generator().manual_seed(seed)
    return tuple(x.to(dtype) for x in normal(shape, shape, shape)(generator))


SOME = (
    *OPERATIONS["bfloat16"][1:],
    OPERATIONS["float16"][-1],
    OPERATIONS["float32"][1],
)


@pytest.mark.parametrize("operation", SOME, ids=lambda one: one.title)
def test_healthy_kernels_in_another_order_agree(operation):
    for seed, kernel in enumerate(operation.healthy.values()):
        inputs = operation.draw(seed + 100)

        report = check_twin(kernel, operation.reference, inputs, seed=seed)

        assert report.verdict is Verdict.AGREES, str(report)


@pytest.mark.parametrize("seed", range(5))
def test_online_softmax_agrees_and_three_per_mille_too_much_does_not(seed):
    inputs = heads(seed)

    # In float32, and rounded once: ×1.003 after rounding would be rounded away.
    def slightly_more(q, k, v):
        return online_attention(q, k, v) * 1.0

    healthy = check_twin(slightly_more, attention, inputs, seed=seed)
    wrong = check_twin(
        planted(in_float32(attention), lambda g: g * 1.003),
        in_float32(attention),
        tuple(x.float() for x in inputs),
        seed=seed,
    )

    assert healthy.verdict is Verdict.AGREES, str(healthy)
    assert wrong.causes == (Cause.FACTOR,)
    assert "1.003" in wrong.diagnoses[0].evidence


@pytest.mark.parametrize(
    ("change", "cause", "where"),
    [
        (times(1.05), Cause.FACTOR, "everywhere"),
        (times(0.0), Cause.ZERO, "everywhere"),
        (times(-1.0), Cause.SIGN, "everywhere"),
        (times(1 / 32), Cause.FACTOR, "everywhere"),
        (times(1.05, (0, 1)), Cause.FACTOR, "at [0, 1, :, :]"),
        (times(-1.0, (0, 1, 5)), Cause.SIGN, "at [0, 1, 5, :]"),
        (times(0.0, (1, 1, 5)), Cause.ZERO, "at [1, 1, 5, :]"),
        (times(0.0, (ALL, ALL, slice(62, None))), Cause.TAIL, "at [:, :, 62:, :]"),
        (times(-1.0, (1, 0, 5, 3)), Cause.SIGN, "at [1, 0, 5, 3]"),
        (times(float("nan"), (1, 0, 5, 3)), Cause.NOT_FINITE, "at [1, 0, 5, 3]"),
        (times(0.0, (ALL, ALL, ALL, 7)), Cause.ZERO, "at [:, :, :, 7]"),
        (lambda g: g + 0.05, Cause.MISSING_TERM, "everywhere"),
    ],
)
def test_a_fault_in_bfloat16_is_named_with_its_place(change, cause, where):
    report = check_twin(planted(online_attention, change, 1), attention, heads())

    (found,) = report.diagnoses
    assert (found.path, found.cause, found.where) == ("k", cause, where)
    assert report.verdict is Verdict.DIFFERS
    with pytest.raises(GradientError, match=r"^DIFFERS"):
        report.require()


def test_a_factor_is_recognised_as_the_length_of_an_axis():
    report = check_twin(planted(online_attention, times(1 / 32)), attention, heads())

    assert "1/32, of axis 3" in report.diagnoses[0].evidence


def test_the_value_of_a_kernel_is_judged_too():
    report = check_twin(
        lambda q, k, v: online_attention(q, k, v) + 0.1, attention, heads()
    )

    assert [found.path for found in report.diagnoses] == ["value"]


def test_lost_digits_are_told_from_a_wrong_formula():
    def reference(x):
        return torch.log1p(x)

    def cancelling(x):
        return torch.log(1 + x)

    x = torch.linspace(1e-4, 1e-3, 64).reshape(4, 16)

    report = check_twin(cancelling, reference, (x,))

    assert report.causes == (Cause.PRECISION,)
    assert "the kernel in float64 is off by" in report.diagnoses[0].evidence


def test_no_gradient_is_told_from_a_zero_one():
    report = check_twin(
        lambda x, w: x * w.detach(), lambda x, w: x * w, heads(shape=(4, 16))[:2]
    )

    assert report.causes == (Cause.NONE,)
    assert report.diagnoses[0].path == "w"


def test_gradients_that_underflow_cannot_be_told_until_the_loss_is_scaled():
    def reference(x):
        return x**2

    x = torch.randn(16, 32, generator=torch.Generator().manual_seed(0)).half()

    lost = check_twin(reference, reference, (x,), cotangent=1e-7)
    scaled = check_twin(reference, reference, (x,), cotangent=1e-7 * 2**16)

    assert lost.verdict is Verdict.CANNOT_TELL
    assert "scale the loss" in str(lost)
    assert scaled.verdict is Verdict.AGREES


def test_where_the_reference_overflows_nothing_is_held_against_the_kernel():
    x = torch.tensor([[1.0, 2.0, 20.0, 3.0]]).half()

    report = check_twin(torch.exp, torch.exp, (x,))

    assert report.verdict is Verdict.AGREES
    assert "1 of 4 entries not finite in the reference" in str(report)


def test_without_a_reference_the_kernel_itself_runs_in_float64():
    x = torch.randn(16, 32, generator=torch.Generator().manual_seed(0)).bfloat16()

    def sloppy(x):  # saturates: eight bits cannot hold 256 + x
        return (x + 256) - 256

    healthy = check_twin(lambda x: torch.softmax(x, -1), None, (x,))
    wrong = check_twin(sloppy, None, (x,))

    assert healthy.verdict is Verdict.AGREES, str(healthy)
    assert wrong.causes == (Cause.PRECISION,)
    assert "inputs moved by one roundoff" in str(wrong)


def test_inputs_may_be_trees_and_hold_integers_and_outputs_may_be_several():
    index = torch.tensor([0, 2, 2, 1])

    def reference(table, index):
        rows = table["w"][index]
        return rows * table["b"], rows.sum(-1)

    table = {"w": torch.randn(3, 32).bfloat16(), "b": torch.randn(32).bfloat16()}

    report = check_twin(in_float32_tree(reference), reference, (table, index))

    assert report.verdict is Verdict.AGREES, str(report)
    paths = {leaf.path for leaf in report.leaves}
    assert paths == {"value[0]", "value[1]", "table['w']", "table['b']"}


def in_float32_tree(reference):
    def kernel(table, index):
        wide = {name: leaf.float() for name, leaf in table.items()}
        return tuple(out.bfloat16() for out in reference(wide, index))

    return kernel


def test_a_custom_rule_of_jax_is_checked_in_float64_without_the_global_switch():
    @jax.custom_vjp
    def kernel(x, w):
        return x * jnp.tanh(w)

    def forward(x, w):
        return kernel(x, w), (x, w)

    def backward(saved, g):
        x, w = saved
        return g * jnp.tanh(w), g * x  # the derivative of tanh forgotten

    kernel.defvjp(forward, backward)
    random = np.random.default_rng(0)
    x, w = (jnp.asarray(random.standard_normal((8, 16)), jnp.float32) for _ in "xw")

    right = check_twin(
        lambda x, w: jnp.tanh(w) * x, lambda x, w: x * jnp.tanh(w), (x, w)
    )
    wrong = check_twin(kernel, lambda x, w: x * jnp.tanh(w), (x, w))

    assert right.verdict is Verdict.AGREES, str(right)
    assert [found.path for found in wrong.diagnoses] == ["w"]
    assert not jax.config.jax_enable_x64


def test_a_power_of_two_in_the_cotangent_changes_no_verdict_and_no_number():
    def reports(scale):
        kernel = planted(rms_norm, times(1.05, 3))
        inputs = heads(shape=(16, 32))[:2]
        weight = torch.ones(32).bfloat16()
        return check_twin(
            kernel, rms_norm, (inputs[0], weight), cotangent=scale
        ).as_dict()

    one, large = reports(1.0), reports(2.0**40)

    assert one["diagnoses"] == large["diagnoses"]
    assert [leaf["error"] for leaf in one["leaves"]] == pytest.approx(
        [leaf["error"] for leaf in large["leaves"]]
    )


def test_a_report_says_what_it_would_have_seen_and_is_json():
    report = check_twin(rms_norm, rms_norm, (heads(shape=(16, 32))[0], torch.ones(32)))

    assert "sees: scale" in str(report)
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["draws"] == 4
    whole = report.leaves[1].rules[0]
    assert (whole.rule, whole.cells, whole.where) == ("norm", "whole", "")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (torch.ones(2), {}, "inputs must be the tuple of the kernel's arguments"),
        ((torch.ones(2, dtype=torch.int64),), {}, "must hold a floating array"),
        ((torch.ones(2),), {"draws": 1}, "draws must be at least 2"),
        ((torch.ones(2),), {"slack": 0.5}, "slack must be finite and at least 1"),
        ((torch.ones(2),), {"cotangent": torch.ones(3)}, "must have the shapes"),
        ((torch.ones(2).half(),), {"cotangent": 1e-9}, "zero in float16; scale the"),
        ((torch.ones(2).half(),), {"cotangent": 1e5}, "not finite in float16"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_way_out(arguments, options, message):
    with pytest.raises(InputError, match=message):
        check_twin(torch.sin, torch.sin, arguments, **options)


def test_values_of_different_shapes_are_refused():
    with pytest.raises(InputError, match=r"same shapes, got \[\(\)\] and \[\(3,\)\]"):
        check_twin(lambda x: x.sum(), lambda x: x, (torch.ones(3),))
