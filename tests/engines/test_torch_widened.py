"""Code for coarse dtypes run in float64, against the same code written for it."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from clinometer.engines.torch_carried import Carried
from clinometer.engines.torch_widened import Widened

X = torch.linspace(-2, 2, 24).reshape(4, 6)
W = torch.linspace(-1, 1, 30, dtype=torch.float64).reshape(6, 5)


def cat(w):
    return torch.cat([w[:, 0], X[0].double()]).tanh().sum()


@pytest.mark.parametrize(
    ("code", "wide"),
    [
        (lambda w: (X @ w).sum(), lambda w: (X.double() @ w).sum()),
        (lambda w: w.float().exp().sum(), lambda w: w.exp().sum()),
        (
            lambda w: functional.softmax(w, dim=0, dtype=torch.float32)[0, 0],
            lambda w: functional.softmax(w, dim=0)[0, 0],
        ),
        (lambda w: w.to(torch.bfloat16).sum(), lambda w: w.sum()),
        (lambda w: w.type_as(X).sum(), lambda w: w.sum()),
        (lambda w: torch.cat([w[:, 0], X[0]]).tanh().sum(), cat),
    ],
)
def test_every_operation_on_float64_stays_in_it(code, wide):
    with Widened():
        found = code(W)

    assert found.dtype == torch.float64
    # the order of a sum may differ: some roundings of float64
    assert abs(float(found - wide(W))) <= 1e-14


def test_autocast_does_not_narrow_what_is_widened():
    with Widened(), torch.autocast("cpu", torch.bfloat16):
        found = X @ W

    assert torch.equal(found, X.double() @ W)


def test_a_module_gets_back_tensors_and_lists_that_it_wrote_into():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.total, self.seen, self.calls = torch.zeros(3), [], 0

        def forward(self, x):
            self.total += x
            self.seen.append(x)
            self.calls += 1

    module = Counter()
    total = module.total
    before = Carried(module)
    module(torch.ones(3))
    before.restore()

    assert module.total is total
    assert torch.equal(total, torch.zeros(3))
    assert (module.seen, module.calls) == ([], 0)
