"""Planted faults in torch: backward rules of autograd.Functions, by kind of slip."""

from functools import partial

import torch

from tests.corpus.case import Case, Problem, wrong_entries

__all__ = ["case", "numbers", "rule"]

COMPARED = "compared"


def numbers(seed, *shape, dtype=torch.float64):
    """Normal numbers from a seed."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=random, dtype=torch.float64).to(dtype)


def rule(forward, backward, jvp=None):
    """An autograd.Function.

    forward : inputs -> output.
    backward : (g, *inputs) -> one gradient for each input.
    jvp : (inputs, tangents) -> tangent.
    """

    class Rule(torch.autograd.Function):
        generate_vmap_rule = jvp is None

        @staticmethod
        def forward(*inputs):
            return forward(*inputs)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return backward(g, *ctx.saved_tensors)

    if jvp is not None:
        Rule.jvp = staticmethod(lambda ctx, *t: jvp(ctx.saved_tensors, t))
    return Rule.apply


def case(name, kind, causes, *, x, fault, twin, where=COMPARED, options=()):
    """A case of two functions of x.

    where : COMPARED takes the wrong entries from torch's gradients of both, which must
        be scalar; None names no entries.
    """
    asked = dict(options)
    wrong, right = (partial(Problem, f, x, asked) for f in (fault, twin))

    def compared():
        return wrong_entries(wrong(), right())

    named = {COMPARED: compared, None: None}
    return Case(
        f"torch {name}", "torch", kind, frozenset(causes), wrong, right, named[where]
    )


def one(name, kind, causes, *, x, forward, right, wrong, loss=None, **more):
    """A case of a rule of one input; loss: None leaves the output an array."""
    made = [rule(forward, backward) for backward in (wrong, right)]
    if loss is None:
        return case(
            name, kind, causes, x=x, fault=made[0], twin=made[1], where=None, **more
        )
    fault, twin = (lambda x, f=f: loss(f(x)) for f in made)
    return case(name, kind, causes, x=x, fault=fault, twin=twin, **more)


def weighted(y):
    """A sum with generic weights."""
    place = torch.arange(y.numel(), dtype=torch.float64).reshape(y.shape)
    return (y * (1.2 + torch.sin(place)).to(y.dtype)).sum()
