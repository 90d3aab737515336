"""PyTorch's reverse mode and map, as clinometer asks for them."""

import pytest
import torch

from clinometer.engines.torch import TorchEngine
from clinometer.errors import InputError


def test_the_gradient_of_a_product_is_the_other_factor():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -4.0])
    by_a, by_b = TorchEngine().gradient(lambda leaves: leaves[0] @ leaves[1], [a, b])
    assert torch.equal(by_a, b)
    assert torch.equal(by_b, a)


def test_the_users_tensors_stay_as_they_were():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    TorchEngine().gradient(lambda leaves: leaves[0].sum(), [x])
    assert x.grad is None
    assert x.grad_fn is None


def test_an_unused_leaf_gives_none():
    x, unused = torch.ones(2), torch.ones(3)
    slopes = TorchEngine().gradient(lambda leaves: leaves[0].sum(), [x, unused])
    assert slopes[1] is None


def test_an_f_that_cuts_the_graph_gives_none_everywhere():
    slopes = TorchEngine().gradient(
        lambda leaves: leaves[0].detach().sum(), [x_ := torch.ones(2)]
    )
    assert slopes == [None]
    assert not x_.requires_grad


def test_the_gradient_is_taken_inside_no_grad_too():
    with torch.no_grad():
        (slope,) = TorchEngine().gradient(
            lambda leaves: (leaves[0] ** 2).sum(), [torch.tensor([3.0])]
        )
    assert slope.tolist() == [6.0]


def test_a_sparse_gradient_comes_back_dense():
    rows = torch.tensor([0, 2, 2])

    def f(leaves):
        return torch.nn.functional.embedding(rows, leaves[0], sparse=True).sum()

    (slope,) = TorchEngine().gradient(f, [torch.zeros(3, 2)])
    assert slope.tolist() == [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda leaves: leaves[0].sum().item(), "got float"),
        (lambda leaves: leaves[0], r"got shape \(2,\)"),
        (lambda leaves: leaves[0].sum().to(torch.complex64), "complex64"),
    ],
)
def test_a_value_without_gradient_is_refused_with_what_was_got(f, said):
    with pytest.raises(InputError, match=said):
        TorchEngine().gradient(f, [torch.ones(2)])


def test_vmap_maps_over_the_leading_axis_of_every_leaf():
    f = TorchEngine().vmap(lambda leaves: (leaves[0] * leaves[1]).sum())
    values = f([torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([10.0, 1.0])])
    assert values.tolist() == [30.0, 7.0]


def test_vmap_refuses_a_random_f():
    f = TorchEngine().vmap(lambda leaves: torch.randn(()) + leaves[0])
    with pytest.raises(RuntimeError, match="randomness"):
        f([torch.ones(2)])
