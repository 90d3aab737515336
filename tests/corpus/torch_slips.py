"""Slips of torch users that a first check missed or misnamed, and models as a whole."""

from functools import partial

import torch
from torch import nn

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Case, Kind, Problem
from tests.corpus.torch_rules import case, numbers, one, rule, weighted

__all__ = ["CASES"]

VAGUE = {Cause.MISSING_TERM, Cause.UNEXPLAINED}
CLASSES = torch.tensor([0, 2, 1, 2, 0])


def _rules():
    for bound in (1e-3, 1e-6):
        yield one(
            f"gradients under {bound:g} taken for zero",
            Kind.COTANGENT,
            {Cause.COTANGENT_NONLINEAR},
            x=numbers(300, 6),
            forward=torch.square,
            right=lambda g, x: 2 * g * x,
            wrong=lambda g, x, b=bound: 2 * torch.where(g.abs() < b, 0.0, g) * x,
        )
    yield one(
        "running sum not run backwards",
        Kind.AXES,
        {Cause.TRANSPOSED},
        x=numbers(301, 7),
        forward=lambda x: x.cumsum(0),
        right=lambda g, x: g.flip(0).cumsum(0).flip(0),
        wrong=lambda g, x: g.cumsum(0),
    )
    turn = torch.linalg.qr(numbers(302, 3, 3))[0]
    yield one(
        "rotation not turned back",
        Kind.AXES,
        {Cause.TRANSPOSED},
        x=numbers(303, 5, 3),
        forward=lambda x: x @ turn,
        right=lambda g, x: g @ turn.T,
        wrong=lambda g, x: g @ turn,
    )
    yield one(
        "mean of squares less square of mean, in float32",
        Kind.PRECISION,
        {Cause.PRECISION},
        x=(numbers(304, 30) + 2000).float(),
        forward=lambda x: x.var(unbiased=False).log(),
        right=lambda g, x: (
            g * 2 * (x - x.mean()) / ((x - x.mean()) ** 2).sum()  # of residuals
        ),
        wrong=lambda g, x: (
            g
            * 2
            * (x - x.mean())
            / (len(x) * ((x * x).mean() - x.mean() ** 2).clamp(min=1e-9))
        ),
    )
    yield one(
        "factor 0.998 in float32",
        Kind.CONSTANT,
        {Cause.FACTOR},
        x=numbers(305, 20, dtype=torch.float32),
        forward=torch.square,
        right=lambda g, x: 2 * g * x,
        wrong=lambda g, x: 1.996 * g * x,
        loss=lambda y: y.sum(),
    )
    product = [
        rule(lambda a, b: a * b, backward)
        for backward in (
            lambda g, a, b: (g * b, g * a),
            lambda g, a, b: (g * b.conj(), g * a.conj()),
        )
    ]
    pair = tuple(torch.complex(numbers(k, 4), numbers(k + 2, 4)) for k in (306, 307))
    yield case(
        "complex product",
        Kind.COMPLEX,
        {Cause.CONJUGATED},
        x=pair,
        fault=lambda p: product[0](*p),
        twin=lambda p: product[1](*p),
        where=None,
    )


def _graphs():
    data = numbers(310, 5, 4)

    def cut(p, whole):
        query, key = data @ p["q"], data @ p["k"]
        score = query @ (key if whole else key.detach()).T / 2
        return weighted(score.softmax(-1) @ data)

    yield case(
        "keys detached",
        Kind.MISSING,
        {Cause.NONE, Cause.ZERO},
        x={"q": numbers(311, 4, 4), "k": numbers(312, 4, 4)},
        fault=lambda p: cut(p, whole=False),
        twin=lambda p: cut(p, whole=True),
    )

    def scaled(x, whole):
        size = x.square().mean(-1, keepdim=True).sqrt()
        return weighted((x / (size if whole else size.detach())).exp())

    yield case(
        "root mean square detached",
        Kind.MISSING,
        VAGUE | {Cause.MISSING_REGULARISER},
        x=numbers(313, 4, 6),
        fault=lambda x: scaled(x, whole=False),
        twin=lambda x: scaled(x, whole=True),
    )


class Gain(nn.Module):
    """A gain for each channel, behind a normalisation with parameters."""

    def __init__(self, whole):
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 6)
        self.whole = whole

    def forward(self, x):
        h = self.norm(x)
        return x + torch.tanh(self.linear(h if self.whole else h.detach()))


def _model(whole):
    torch.manual_seed(0)
    parts = (nn.Linear(4, 6), Gain(whole), nn.Linear(6, 3))
    options = {"loss": lambda y: nn.functional.cross_entropy(y, CLASSES)}
    return Problem(nn.Sequential(*parts).double(), numbers(320, 5, 4), options)


CASES = [
    *_rules(),
    *_graphs(),
    Case(
        "torch a block of a model detached",
        "torch",
        Kind.MISSING,
        frozenset({Cause.NONE}),
        partial(_model, whole=False),
        partial(_model, whole=True),
    ),
]
