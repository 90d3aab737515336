"""Hooks that change gradients, on a model's parameters and on its modules."""

import pytest
import torch

from clinometer.check import Verdict, check


def _model():
    torch.manual_seed(0)
    layers = [torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)]
    return torch.nn.Sequential(*layers)


def _verdict(model):
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(1))
    return check(model, x, loss=lambda out: (out**2).mean()).verdict


@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_a_hook_that_clamps_a_parameters_gradient_shows_where_it_does(limit):
    model = _model()
    model[2].weight.register_hook(lambda grad: grad.clamp(-limit, limit))
    assert _verdict(model) is (Verdict.DIFFERS if limit < 1 else Verdict.AGREES)
    assert len(model[2].weight._backward_hooks) == 1


@pytest.mark.parametrize("factor", [1, 2])
def test_a_modules_backward_hook_is_part_of_its_gradient(factor):
    model = _model()
    model[1].register_full_backward_hook(lambda _m, grad, _o: (grad[0] * factor,))
    assert _verdict(model) is (Verdict.AGREES if factor == 1 else Verdict.DIFFERS)


def test_what_runs_after_accumulation_is_left_alone():
    """Such hooks step optimisers, of which a check must not take a step."""
    model, steps = _model(), []
    model[0].weight.register_post_accumulate_grad_hook(steps.append)
    assert _verdict(model) is Verdict.AGREES
    assert not steps
