"""Planted faults in torch at special points, in a branch, or lost to rounding."""

from dataclasses import replace

import torch

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Kind, Problem
from tests.corpus.torch_rules import numbers, one, weighted

__all__ = ["CASES"]

POINTS = {Cause.SPECIAL_POINTS}


def _with(x, value, *places):
    x = x.clone()
    x[list(places)] = value
    return x


def _special():
    yield one(
        "product: quotient at a zero",
        Kind.POINTS,
        POINTS | {Cause.ZERO, Cause.ENTRIES, Cause.NOT_FINITE},
        x=_with(numbers(20, 6), 0.0, 3),
        forward=torch.prod,
        right=lambda g, x: (
            g * torch.stack([torch.cat([x[:k], x[k + 1 :]]).prod() for k in range(6)])
        ),
        wrong=lambda g, x: g * torch.where(x == 0, torch.zeros_like(x), x.prod() / x),
        loss=lambda y: y,
    )
    yield one(
        "sinc: 0/0 at zero",
        Kind.POINTS,
        POINTS | {Cause.NOT_FINITE},
        x=_with(numbers(21, 6), 0.0, 1),
        forward=lambda x: torch.where(
            x == 0, 1.0, x.sin() / torch.where(x == 0, 1.0, x)
        ),
        right=lambda g, x: (
            g
            * torch.where(
                x == 0,
                0.0,
                (x.cos() - x.sin() / torch.where(x == 0, 1.0, x))
                / torch.where(x == 0, 1.0, x),
            )
        ),
        wrong=lambda g, x: g * (x.cos() - x.sin() / x) / x,
        loss=weighted,
    )
    yield one(
        "square plus line: masked at zero",
        Kind.POINTS,
        POINTS | {Cause.ENTRIES},
        x=_with(numbers(22, 10), 0.0, 2, 5, 8),
        forward=lambda x: x**2 + 3 * x,
        right=lambda g, x: g * (2 * x + 3),
        wrong=lambda g, x: torch.where(x == 0, 0.0, g * (2 * x + 3)),
        loss=weighted,
    )
    yield one(
        "log of ones: wrong where x is one",
        Kind.POINTS,
        POINTS | {Cause.ENTRIES},
        x=_with(numbers(23, 9).exp(), 1.0, 0, 4),
        forward=lambda x: x.log() * x,
        right=lambda g, x: g * (x.log() + 1),
        wrong=lambda g, x: torch.where(x == 1, 0.0, g * (x.log() + 1)),
        loss=weighted,
    )
    yield one(
        "spread: zero where rows are equal",
        Kind.POINTS,
        POINTS | {Cause.ENTRIES, Cause.NOT_FINITE},
        x=torch.cat([torch.full((1, 4), 0.7), numbers(24, 2, 4)]).double(),
        forward=lambda x: (x.var(1) + 0.1).sqrt() + x.sum(1),
        right=lambda g, x: (
            g[:, None]
            * (
                (x - x.mean(1, keepdim=True))
                / 3
                / (x.var(1, keepdim=True) + 0.1).sqrt()
                + 1
            )
        ),
        wrong=lambda g, x: (
            g[:, None]
            * (
                (x - x.mean(1, keepdim=True))
                / 3
                / (x.var(1, keepdim=True) + 0.1).sqrt()
                + 1
            )
            * (x.var(1, keepdim=True) / x.var(1, keepdim=True))
        ),
        loss=weighted,
    )


def _branches():
    yield one(
        "leaky: slope of the negative side",
        Kind.BRANCH,
        {Cause.BRANCH, Cause.FACTOR, Cause.ENTRIES},
        x=numbers(25, 12),
        forward=lambda x: torch.where(x > 0, x, 0.1 * x),
        right=lambda g, x: torch.where(x > 0, g, 0.1 * g),
        wrong=lambda g, x: torch.where(x > 0, g, 0.01 * g),
        loss=weighted,
    )
    yield one(
        "elu: forgotten exponential",
        Kind.BRANCH,
        {Cause.BRANCH, Cause.ENTRIES},
        x=numbers(26, 12),
        forward=lambda x: torch.where(x > 0, x, x.exp() - 1),
        right=lambda g, x: torch.where(x > 0, g, g * x.exp()),
        wrong=lambda g, x: g,
        loss=weighted,
    )
    yield one(
        "clamp: gradient past the bound",
        Kind.BRANCH,
        {Cause.BRANCH, Cause.NO_DEPENDENCE, Cause.ENTRIES},
        x=2 * numbers(27, 12),
        forward=lambda x: x.clamp(-1, 1),
        right=lambda g, x: g * (x.abs() < 1),
        wrong=lambda g, x: g * (x > -1),
        loss=weighted,
    )
    yield one(
        "relu: negative side",
        Kind.BRANCH,
        {Cause.BRANCH, Cause.NO_DEPENDENCE, Cause.ENTRIES},
        x=numbers(28, 12),
        forward=torch.relu,
        right=lambda g, x: g * (x > 0),
        wrong=lambda g, x: g,
        loss=weighted,
    )


def _kinks():
    for name, at_zero, forward, right in [
        ("relu with 2", 2.0, torch.relu, lambda g, x: g * (x > 0)),
        ("abs with -3", -3.0, torch.abs, lambda g, x: g * x.sign()),
        ("relu with -1", -1.0, torch.relu, lambda g, x: g * (x > 0)),
    ]:
        made = one(
            f"kink: {name}",
            Kind.POINTS,
            {Cause.KINK_OUTSIDE},
            x=_with(numbers(29, 6), 0.0, 2),
            forward=forward,
            right=right,
            wrong=lambda g, x, r=right, v=at_zero: torch.where(x == 0, v * g, r(g, x)),
            loss=weighted,
        )
        # the twin lies a little off the kink: at it no value can be told to be right
        off = Problem(made.twin().f, _with(numbers(29, 6), 0.01, 2))
        yield replace(made, twin=lambda off=off: off)


def _rounded():
    yield one(
        "cancelling in float32",
        Kind.PRECISION,
        {Cause.PRECISION},
        x=numbers(30, 8, dtype=torch.float32) * 0.2 + 1,
        forward=lambda x: ((x.double() + 1e4) ** 2 - 1e8 - 2e4 * x.double()).to(
            x.dtype
        ),
        right=lambda g, x: g * 2 * x,
        wrong=lambda g, x: g * (2 * (x + 1e4) - 2e4),
        loss=weighted,
    )
    yield one(
        "backward in bfloat16",
        Kind.PRECISION,
        {Cause.PRECISION},
        x=numbers(31, 9, dtype=torch.float32),
        forward=lambda x: x.double().exp().to(x.dtype),
        right=lambda g, x: g * x.exp(),
        wrong=lambda g, x: g * x.bfloat16().exp().to(x.dtype),
        loss=weighted,
    )
    yield one(
        "spread as a difference of squares in float32",
        Kind.PRECISION,
        {Cause.PRECISION},
        x=numbers(32, 8, dtype=torch.float32) + 300,
        forward=lambda x: x.double().var(correction=0).sqrt().to(x.dtype),
        right=lambda g, x: (
            g * (x.double() - x.double().mean()) / 8 / x.double().std(correction=0)
        ).to(x.dtype),
        wrong=lambda g, x: (
            g
            * (x - x.mean())
            / 8
            / ((x * x).mean() - x.mean() ** 2).clamp(min=1e-3).sqrt()
        ),
        loss=lambda y: y,
    )


CASES = [*_special(), *_branches(), *_kinks(), *_rounded()]
