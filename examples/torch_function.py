"""A torch.autograd.Function whose backward forgets the cotangent it is given."""

import torch

from clinometer import check


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x**2  # should be: grad * 3 * x**2


def loss(x):
    return (Cube.apply(x) * torch.arange(1, 4)).sum()


x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
print(check(loss, x))
