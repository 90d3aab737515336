"""Models taken apart: the whole, custom Functions and modules, each alone."""

import inspect
import random

import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check, check_model
from clinometer.check.diagnosis import Cause
from clinometer.errors import FunctionError, InputError
from tests.check import models

WORDS = torch.randint(0, 20, (3, 5), generator=torch.Generator().manual_seed(3))


def loss(output):
    return (output**2).mean()


def line_of(function):
    """Line of a function's `def`, below its decorators."""
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if "def " in line)


def state_of(model):
    """All that a check might change, bit by bit."""
    return {
        "parameters": [p.detach().clone() for p in model.parameters()],
        "gradients": [p.grad.clone() for p in model.parameters()],
        "buffers": {name: b.clone() for name, b in model.named_buffers()},
        "modes": [module.training for module in model.modules()],
        "hooks": [len(module._forward_hooks) for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
        "python": random.getstate(),
        "call": torch.nn.Module.__call__,
    }


def same(first, second):
    """Whether two nests of tensors and values are equal bit for bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            same(first[key], second[key]) for key in first
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def test_a_healthy_model_agrees_as_a_whole_and_in_every_function():
    report = check(models.Net(), WORDS, loss=loss)

    assert report.verdict is Verdict.AGREES
    paths = [leaf.path for leaf in report.leaves]
    assert paths == ["the whole Net"] + [f"blocks.{k}.gain: Scale" for k in range(6)]
    assert not report.diagnoses


def test_a_wrong_function_in_block_three_is_named_to_module_and_line():
    report = check_model(models.Net(wrong=3), WORDS, loss=loss)

    assert report.verdict is Verdict.DIFFERS
    assert {found.path for found in report.diagnoses} == {"blocks.3.gain"}
    first = report.diagnoses[0]
    assert first.cause is Cause.FACTOR
    line = line_of(models.Scale.backward)
    assert first.source.endswith(f"models.py:{line}, in Scale.backward")
    others = [leaf for leaf in report.leaves if "Scale" in leaf.path]
    wrong = [leaf.path for leaf in others if leaf.verdict is Verdict.DIFFERS]
    assert len(others) == 6
    assert wrong == ["blocks.3.gain: Scale"]


@pytest.mark.parametrize("cut", [True, False])
def test_a_module_that_cuts_the_graph_is_named_and_its_twin_agrees(cut):
    report = check_model(models.Net(last=models.Cut(cut=cut)), WORDS, loss=loss)

    assert report.verdict is (Verdict.DIFFERS if cut else Verdict.AGREES)
    assert {found.path for found in report.diagnoses} == ({"last"} if cut else set())
    if cut:
        line = line_of(models.Cut.forward)
        assert f"models.py:{line}, in Cut.forward" in report.diagnoses[0].source
        labels = {found.path for found in report.findings if found.direction == 0}
        assert {"last: Cut['gate.weight']", "last: Cut['gate.bias']"} <= labels
        assert "last: Cut['inside.weight']" not in labels


def test_the_model_and_the_random_generators_stay_bit_for_bit_as_they_were():
    """Batch norm's statistics, dropout's generator, gradients, hooks and flags."""
    model = models.Net(wrong=2)
    model.blocks[1].eval()
    loss(model(WORDS)).backward()
    before = state_of(model)

    report = check_model(model, WORDS)

    assert report.verdict is Verdict.DIFFERS
    assert same(before, state_of(model))


class Several(torch.autograd.Function):
    """Two outputs, one of integers, an index and an optional argument; in place."""

    @staticmethod
    def forward(ctx, x, index, weight=None):
        ctx.save_for_backward(x, index)
        ctx.set_materialize_grads(False)
        kept = x.clone()
        kept[index] = 0
        count = (x > 0).sum()
        ctx.mark_non_differentiable(count)
        return kept, count, x.sin()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, first, _, third):
        x, index = ctx.saved_tensors
        total = torch.zeros_like(x)
        if first is not None:
            first = first.clone()
            first[index] = 0
            total = total + first
        if third is not None:
            total = total + third * x.cos()
        return total, None, None


class Nested(torch.nn.Module):
    """Shared modules, keywords, nested outputs, in-place layers, plain attributes."""

    def __init__(self):
        super().__init__()
        self.shared = torch.nn.Linear(4, 4)
        self.rest = torch.nn.Sequential(torch.nn.ReLU(inplace=True), self.shared)
        self.calls = 0

    def forward(self, x, *, pair, times=1):
        self.calls += 1
        kept, count, other = Several.apply(self.shared(x), torch.tensor([0, 2]))
        out = self.rest(kept + pair[0] * other)
        return {"values": [out * times, x.long()], "more": (count, {"y": other})}


def test_keywords_nests_shared_modules_and_integer_outputs_are_understood():
    torch.manual_seed(1)
    model, x = Nested(), torch.randn(5, 4)

    report = check_model(model, {"x": x, "pair": [x, 3], "times": 2})

    assert report.verdict is Verdict.AGREES
    assert "Several" in [leaf.path for leaf in report.leaves]
    assert model.calls == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes_are_judged_by_their_own_precision(dtype):
    torch.manual_seed(1)
    x = torch.randn(5, 3, models.WIDTH, dtype=dtype)
    assert check_model(models.Gain().to(dtype), x).verdict is Verdict.AGREES
    report = check_model(models.Gain(2.0).to(dtype), x)
    assert report.verdict is Verdict.DIFFERS


def test_a_backward_that_raises_or_has_the_wrong_shape_is_a_fault_of_form():
    class Short(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            return g[:2]

    class Model(torch.nn.Module):
        def forward(self, x):
            return Short.apply(x)

    report = check_model(Model(), torch.randn(5, 4))

    assert report.verdict is Verdict.DIFFERS
    assert report.diagnoses[0].cause is Cause.FORM
    assert "shape" in report.diagnoses[0].evidence


@pytest.mark.parametrize("faulty", [True, False])
def test_a_backward_that_clips_the_incoming_gradient_is_wrong_and_its_twin_right(
    faulty,
):
    class Clip(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, g):
            return 3 * (g.clamp(-1.0, 1.0) if faulty else g)

    class Model(torch.nn.Module):
        def forward(self, x):
            return Clip.apply(x)

    torch.manual_seed(0)
    report = check_model(Model(), torch.randn(5, 4))

    assert report.verdict is (Verdict.DIFFERS if faulty else Verdict.AGREES)
    assert (Cause.COTANGENT_NONLINEAR in report.causes) is faulty


def test_a_function_that_draws_random_numbers_is_held_to_those_of_the_run():
    """float64 draws others, so it is measured in float32; layouts are not probed."""

    class Drop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            mask = (torch.rand_like(x) > 0.5).to(x.dtype)
            ctx.save_for_backward(mask)
            return x * mask

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    class Model(torch.nn.Module):
        def forward(self, x):
            return Drop.apply(x)

    torch.manual_seed(0)
    report = check_model(Model(), torch.randn(6, 4))

    assert report.verdict is Verdict.AGREES
    assert any("its own dtype" in note for note in report.notes)


def test_everything_checks_torch_own_modules_too():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())
    report = check_model(model, torch.randn(5, 4), everything=True)
    assert [leaf.path for leaf in report.leaves] == [
        "the whole Sequential",
        "0: Linear",
        "1: Tanh",
    ]


def test_what_cannot_be_asked_is_an_input_error_that_says_the_way_out():
    with pytest.raises(InputError, match="use check"):
        check_model(lambda x: x, torch.ones(2))
    with pytest.raises(InputError, match="requires grad"):
        check_model(torch.nn.ReLU(), torch.ones(2, dtype=torch.int64))
    with pytest.raises(FunctionError, match="at the inputs"):
        check_model(torch.nn.Linear(4, 4), torch.ones(2, 3))
    with pytest.raises(InputError, match="loss= goes with"):
        check(lambda x: x.sum(), torch.ones(2), loss=loss)


class Growing(torch.nn.Module):
    """Writes into its own parameter at the end of every call."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(4))

    def forward(self, x):
        out = x * self.weight.clone() ** 2
        with torch.no_grad():
            self.weight.mul_(1.5)
        return out


def test_a_model_that_writes_into_its_parameters_is_checked_on_copies_of_them():
    model = Growing()

    report = check(model, torch.randn(3, 4), loss=loss)

    assert report.verdict is Verdict.AGREES
    assert torch.equal(model.weight, torch.ones(4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_parameters_of_other_dtypes_stay_bit_for_bit_as_they_were(dtype):
    model = models.Net().to(dtype)
    before = [parameter.detach().clone() for parameter in model.parameters()]

    check(model, WORDS, loss=loss)

    after = zip(model.parameters(), before, strict=True)
    assert all(torch.equal(now, kept) for now, kept in after)
