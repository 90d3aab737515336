"""Planted faults in torch that a scalar loss shows."""

import torch

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Kind
from tests.corpus.torch_rules import case, numbers, one, rule, weighted

__all__ = ["CASES"]

UNEXPLAINED = {Cause.UNEXPLAINED, Cause.MISSING_TERM}


def _sine(wrong, name, kind, causes, *, n=12, **more):
    return one(
        f"sine: {name}",
        kind,
        causes,
        x=numbers(1, n),
        forward=torch.sin,
        right=lambda g, x: g * x.cos(),
        wrong=wrong,
        loss=weighted,
        **more,
    )


def _constants():
    yield _sine(lambda g, x: -g * x.cos(), "sign", Kind.CONSTANT, {Cause.SIGN})
    yield _sine(lambda g, x: 2 * g * x.cos(), "twice", Kind.CONSTANT, {Cause.FACTOR})
    yield _sine(
        lambda g, x: g * x.cos() / 12,
        "by its length",
        Kind.CONSTANT,
        {Cause.FACTOR, Cause.REDUCTION},
    )
    yield _sine(lambda g, x: g * x.cos() * 0, "zeros", Kind.MISSING, {Cause.ZERO})
    yield _sine(lambda g, x: None, "None", Kind.MISSING, {Cause.NONE})
    yield _sine(lambda g, x: g, "chain factor left out", Kind.MISSING, UNEXPLAINED)
    yield _sine(lambda g, x: g * x.sin(), "sine for cosine", Kind.BRANCH, UNEXPLAINED)
    yield _sine(
        lambda g, x: g * x.cos() * float("nan"), "NaN", Kind.POINTS, {Cause.NOT_FINITE}
    )
    yield _sine(
        lambda g, x: (g * x.cos()).flip(0), "reversed", Kind.INDICES, {Cause.PERMUTED}
    )
    yield _sine(
        lambda g, x: torch.cat([(g * x.cos())[:32], torch.zeros(8)]),
        "last tile",
        Kind.TAIL,
        {Cause.TAIL},
        n=40,
    )
    yield _sine(
        lambda g, x: torch.cat([g[:-5] * x[:-5].cos(), g[-5:]]),
        "last block without its factor",
        Kind.TAIL,
        {Cause.TAIL},
        n=133,
    )
    yield _sine(
        lambda g, x: torch.where(x > 0, g * x.cos(), g),
        "factor on one side",
        Kind.BRANCH,
        {Cause.BRANCH, Cause.ENTRIES},
    )


def _detached():
    a = numbers(2, 6)
    yield case(
        "detached factor",
        Kind.MISSING,
        {Cause.FACTOR},
        x=a,
        fault=lambda x: (x * x.detach()).sum(),
        twin=lambda x: (x * x).sum(),
    )
    yield case(
        "detached mean",
        Kind.MISSING,
        UNEXPLAINED,
        x=a,
        fault=lambda x: ((x - x.mean().detach()) ** 3).sum(),
        twin=lambda x: ((x - x.mean()) ** 3).sum(),
    )
    x = {"w": numbers(3, 4), "b": numbers(4, 4)}
    yield case(
        "detached argument",
        Kind.MISSING,
        {Cause.NONE},
        x=x,
        fault=lambda x: (x["w"].exp() * x["b"].detach()).sum(),
        twin=lambda x: (x["w"].exp() * x["b"]).sum(),
    )
    yield case(
        "penalty without gradient",
        Kind.MISSING,
        {Cause.MISSING_REGULARISER},
        x=x,
        fault=lambda x: (x["w"].exp() * x["b"]).sum() + (x["w"].detach() ** 2).sum(),
        twin=lambda x: (x["w"].exp() * x["b"]).sum() + (x["w"] ** 2).sum(),
    )
    yield case(
        "path through numpy",
        Kind.MISSING,
        UNEXPLAINED | {Cause.FACTOR},
        x=a,
        fault=lambda x: (x * torch.as_tensor(x.detach().numpy()).exp()).sum(),
        twin=lambda x: (x * x.exp()).sum(),
    )


def _products():
    x = {"A": numbers(5, 4, 4), "B": numbers(6, 4, 4)}
    right = rule(torch.matmul, lambda g, a, b: (g @ b.T, a.T @ g))
    slips = [
        ("not transposed", lambda g, a, b: (g @ b, a.T @ g), Kind.AXES, UNEXPLAINED),
        ("swapped", lambda g, a, b: (a.T @ g, g @ b.T), Kind.FORM, {Cause.SWAPPED}),
        (
            "result transposed",
            lambda g, a, b: ((g @ b.T).T, a.T @ g),
            Kind.AXES,
            {Cause.TRANSPOSED},
        ),
        ("second None", lambda g, a, b: (g @ b.T, None), Kind.MISSING, {Cause.NONE}),
        ("second zero", lambda g, a, b: (g @ b.T, 0 * b), Kind.MISSING, {Cause.ZERO}),
        (
            "first negative",
            lambda g, a, b: (-g @ b.T, a.T @ g),
            Kind.CONSTANT,
            {Cause.SIGN},
        ),
    ]
    for name, backward, kind, causes in slips:
        wrong = rule(torch.matmul, backward)
        yield case(
            f"matmul: {name}",
            kind,
            causes,
            x=x,
            fault=lambda x, f=wrong: weighted(f(x["A"], x["B"])),
            twin=lambda x: weighted(right(x["A"], x["B"])),
        )


def _axes():
    x = {"A": numbers(7, 5, 5), "v": numbers(8, 5)}

    def forward(a, v):
        return a * v

    def loss(f):
        return lambda x: weighted(f(x["A"], x["v"]).exp())

    twin = loss(rule(forward, lambda g, a, v: (g * v, (g * a).sum(0))))
    slips = [
        (
            "wrong axis",
            lambda g, a, v: (g * v, (g * a).sum(1)),
            UNEXPLAINED | {Cause.REDUCTION},
        ),
        (
            "mean for sum",
            lambda g, a, v: (g * v, (g * a).mean(0)),
            {Cause.FACTOR, Cause.REDUCTION},
        ),
        (
            "sum of all",
            lambda g, a, v: (g * v, (g * a).sum().expand(5)),
            {Cause.BROADCAST, Cause.REDUCTION},
        ),
        (
            "first row only",
            lambda g, a, v: (g * v, (g * a)[0]),
            UNEXPLAINED | {Cause.REDUCTION, Cause.BROADCAST},
        ),
        (
            "wrong broadcast",
            lambda g, a, v: (g * v[:, None], (g * a).sum(0)),
            UNEXPLAINED | {Cause.BROADCAST},
        ),
    ]
    for name, backward, causes in slips:
        fault = loss(rule(forward, backward))
        yield case(f"row scale: {name}", Kind.AXES, causes, x=x, fault=fault, twin=twin)

    def softmax(dim):
        def backward(g, x):
            p = x.softmax(1)
            return p * (g - (g * p).sum(dim, keepdim=True))

        return backward

    yield one(
        "softmax: sum over the wrong axis",
        Kind.AXES,
        UNEXPLAINED | {Cause.REDUCTION},
        x=numbers(9, 4, 4),
        forward=lambda x: x.softmax(1),
        right=softmax(1),
        wrong=softmax(0),
        loss=weighted,
    )


def _indices():
    index = torch.tensor([0, 2, 2, 4, 2, 1])

    def added(g, x):
        return torch.zeros_like(x).index_add(0, index, g)

    def overwritten(g, x):
        found = torch.zeros_like(x)
        found[index] = g
        return found

    yield one(
        "gather: overwritten",
        Kind.INDICES,
        {Cause.DUPLICATES},
        x=numbers(10, 5, 3),
        forward=lambda x: x[index],
        right=added,
        wrong=overwritten,
        loss=lambda y: weighted(y.sin()),
    )
    yield one(
        "gather: off by one",
        Kind.INDICES,
        {Cause.PERMUTED},
        x=numbers(11, 5, 3),
        forward=lambda x: x[index],
        right=added,
        wrong=lambda g, x: added(g, x).roll(1, 0),
        loss=lambda y: weighted(y.sin()),
    )
    yield one(
        "top-k: scattered to the first",
        Kind.INDICES,
        UNEXPLAINED | {Cause.PERMUTED, Cause.ENTRIES},
        x=numbers(12, 7),
        forward=lambda x: x.topk(3).values,
        right=lambda g, x: torch.zeros_like(x).scatter(0, x.topk(3).indices, g),
        wrong=lambda g, x: torch.cat([g, torch.zeros(4)]),
        loss=lambda y: weighted(y.exp()),
    )
    yield one(
        "cumsum: not reversed",
        Kind.AXES,
        UNEXPLAINED,
        x=numbers(13, 8),
        forward=lambda x: x.cumsum(0),
        right=lambda g, x: g.flip(0).cumsum(0).flip(0),
        wrong=lambda g, x: g.cumsum(0),
        loss=lambda y: weighted(y.sin()),
    )


CASES = [*_constants(), *_detached(), *_products(), *_axes(), *_indices()]
