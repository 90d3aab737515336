"""Planted faults in torch that one scalar loss may hide: f returns an array."""

import torch

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Kind
from tests.corpus.torch_rules import case, numbers, one, rule, weighted

__all__ = ["CASES"]

NONLINEAR = {Cause.COTANGENT_NONLINEAR}
STRIDES = {Cause.STRIDES}


def _tanh(wrong, name, kind, causes, **more):
    return one(
        f"tanh: {name}",
        kind,
        causes,
        x=numbers(40, 3, 4),
        forward=torch.tanh,
        right=lambda g, x: g * (1 - x.tanh() ** 2),
        wrong=wrong,
        **more,
    )


def _cotangents():
    slips = [
        (
            "cotangent ignored",
            lambda g, x: 1 - x.tanh() ** 2,
            {Cause.COTANGENT_IGNORED},
        ),
        ("made positive", lambda g, x: g.abs() * (1 - x.tanh() ** 2), NONLINEAR),
        ("squared", lambda g, x: g * g * (1 - x.tanh() ** 2), NONLINEAR),
        ("clipped", lambda g, x: g.clamp(-1, 1) * (1 - x.tanh() ** 2), NONLINEAR),
        ("clipped low", lambda g, x: g.clamp(min=0) * (1 - x.tanh() ** 2), NONLINEAR),
        ("its sign only", lambda g, x: g.sign() * (1 - x.tanh() ** 2), NONLINEAR),
        (
            "normed",
            lambda g, x: g / (1 + g.norm()) * (1 - x.tanh() ** 2),
            NONLINEAR,
        ),
        (
            "one added",
            lambda g, x: (g + 1) * (1 - x.tanh() ** 2),
            NONLINEAR | {Cause.COTANGENT_IGNORED},
        ),
    ]
    for name, wrong, causes in slips:
        yield _tanh(wrong, name, Kind.COTANGENT, causes)
    x = {"A": numbers(41, 3, 4), "B": numbers(42, 4, 2)}
    right = rule(torch.matmul, lambda g, a, b: (g @ b.T, a.T @ g))
    wrong = rule(torch.matmul, lambda g, a, b: (g @ b.T, a.T @ torch.ones_like(g)))
    yield case(
        "matmul: cotangent ignored for one argument",
        Kind.COTANGENT,
        {Cause.COTANGENT_IGNORED},
        x=x,
        fault=lambda x: wrong(x["A"], x["B"]),
        twin=lambda x: right(x["A"], x["B"]),
        where=None,
    )


def _by_memory(g):
    """The numbers of g in the order in which they lie in memory."""
    flat = torch.as_strided(g, (g.untyped_storage().nbytes() // g.itemsize,), (1,), 0)
    return flat.repeat(-(-g.numel() // flat.numel()))[: g.numel()].reshape(g.shape)


def _strides():
    yield _tanh(
        lambda g, x: _by_memory(g) * (1 - x.tanh() ** 2),
        "strides of the cotangent",
        Kind.STRIDES,
        STRIDES,
    )
    yield one(
        "square: strides of the input",
        Kind.STRIDES,
        STRIDES | {Cause.TRANSPOSED, Cause.PERMUTED, Cause.UNEXPLAINED},
        x=numbers(43, 4, 3).T,
        forward=lambda x: x**2,
        right=lambda g, x: 2 * g * x,
        wrong=lambda g, x: 2 * g * _by_memory(x),
    )
    right = rule(torch.exp, lambda g, x: g * x.exp())
    wrong = rule(torch.exp, lambda g, x: _by_memory(g) * x.exp())
    yield case(
        "exp: strides of the cotangent, array",
        Kind.STRIDES,
        STRIDES,
        x=numbers(48, 2, 3, 2),
        fault=wrong,
        twin=right,
        where=None,
    )
    for name, loss in [
        ("transposed", lambda y: (y.T * numbers(45, 3, 4)).sum()),
        ("permuted", lambda y: (y.T.exp() * numbers(46, 3, 4)).sum()),
        ("expanded", lambda y: (y.sum(1) * numbers(49, 4)).sum()),
    ]:
        yield case(
            f"exp: strides of the cotangent, {name}",
            Kind.STRIDES,
            STRIDES | {Cause.PERMUTED, Cause.UNEXPLAINED, Cause.TRANSPOSED},
            x=numbers(47, 4, 3),
            fault=lambda x, loss=loss: loss(wrong(x)),
            twin=lambda x, loss=loss: loss(right(x)),
        )


class _Kept(torch.autograd.Function):
    """A square that keeps its input on the class: the last call wins."""

    kept = None

    @staticmethod
    def forward(ctx, x):
        _Kept.kept = x.detach()
        return x**2

    @staticmethod
    def backward(ctx, g):
        return 2 * g * _Kept.kept


class _Buffered(torch.autograd.Function):
    """An exponential whose result lies in a buffer that the next call overwrites."""

    buffer = torch.zeros(6, dtype=torch.float64)

    @staticmethod
    def forward(ctx, x):
        _Buffered.buffer.copy_(x.detach().exp())
        ctx.kept = _Buffered.buffer
        return _Buffered.buffer.clone()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.kept


class _Referred(torch.autograd.Function):
    """A cube that refers to its input, without saving it for the backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.x = x.detach()
        return x**3

    @staticmethod
    def backward(ctx, g):
        return 3 * g * ctx.x**2


def _state():
    two = {"a": numbers(50, 5), "b": numbers(51, 5)}
    square = rule(lambda x: x**2, lambda g, x: 2 * g * x)
    yield case(
        "square: kept on the class, two calls",
        Kind.STATE,
        {Cause.STATE, Cause.UNEXPLAINED, Cause.SWAPPED, Cause.MISSING_TERM},
        x=two,
        fault=lambda x: (
            weighted(_Kept.apply(x["a"])) + weighted(_Kept.apply(x["b"]) ** 2)
        ),
        twin=lambda x: weighted(square(x["a"])) + weighted(square(x["b"]) ** 2),
    )
    cases = [
        ("square: kept on the class", _Kept.apply, square),
        (
            "exp: in a buffer",
            _Buffered.apply,
            rule(torch.exp, lambda g, x: g * x.exp()),
        ),
        (
            "cube: by reference",
            _Referred.apply,
            rule(lambda x: x**3, lambda g, x: 3 * g * x**2),
        ),
    ]
    for name, fault, twin in cases:
        yield case(
            name,
            Kind.STATE,
            {Cause.STATE},
            x=numbers(52, 6),
            fault=fault,
            twin=twin,
            where=None,
        )


def _unrepeatable():
    def noisy(g, x):
        return g * x.cos() * (1 + 0.01 * torch.rand_like(x))

    def counted(g, x, calls=[0]):  # noqa: B006 - the state is the fault
        calls[0] += 1
        return g * x.cos() * (1 + 0.5 * (calls[0] % 2))

    right = rule(torch.sin, lambda g, x: g * x.cos())
    for name, backward in [("noise", noisy), ("every other call", counted)]:
        wrong = rule(torch.sin, backward)
        for shape, loss in [("array", lambda y: y), ("scalar", weighted)]:
            yield case(
                f"sine: {name} in backward, {shape}",
                Kind.STATE,
                {Cause.NOT_REPEATABLE},
                x=numbers(53, 7),
                fault=lambda x, loss=loss, f=wrong: loss(f(x)),
                twin=lambda x, loss=loss: loss(right(x)),
                where=None,
            )


def _forward():
    exp = rule(torch.exp, lambda g, x: g * x.exp())
    shifted = rule(lambda x: x.exp() + 1, lambda g, x: g * x.exp())

    def by_need(rule):
        return lambda x: rule(x) if x.requires_grad else x.exp()

    for name, loss in [("array", None), ("scalar", weighted)]:

        def asked(f, loss=loss):
            return by_need(f) if loss is None else lambda x: loss(by_need(f)(x))

        yield case(
            f"exp: rule's value is shifted, {name}",
            Kind.BRANCH,
            {Cause.FORWARD},
            x=numbers(54, 5),
            fault=asked(shifted),
            twin=asked(exp),
            where=None,
        )


def _modes():
    def cube(factor):
        return rule(
            lambda x: x**3,
            lambda g, x: 3 * g * x**2,
            lambda saved, t: factor * saved[0] ** 2 * t[0],
        )

    yield case(
        "cube: forward mode by half",
        Kind.SECOND,
        {Cause.MODES},
        x=numbers(55, 6),
        fault=cube(1.5),
        twin=cube(3.0),
        where=None,
    )

    def product(sign):
        return rule(
            lambda a, b: a * b,
            lambda g, a, b: (g * b, g * a),
            lambda s, t: s[1] * t[0] + sign * s[0] * t[1],
        )

    x = {"a": numbers(56, 4), "b": numbers(57, 4)}
    yield case(
        "product: forward mode's second sign",
        Kind.SECOND,
        {Cause.MODES},
        x=x,
        fault=lambda x: product(-1.0)(x["a"], x["b"]),
        twin=lambda x: product(1.0)(x["a"], x["b"]),
        where=None,
    )


def _second():
    slips = [
        (
            "detached input",
            lambda x: x**3,
            lambda g, x: 3 * g * x**2,
            lambda g, x: 3 * g * x.detach() ** 2,
        ),
        (
            "detached exponential",
            torch.exp,
            lambda g, x: g * x.exp(),
            lambda g, x: g * x.exp().detach(),
        ),
        (
            "half detached",
            lambda x: x**3,
            lambda g, x: 3 * g * x**2,
            lambda g, x: 3 * g * x * x.detach(),
        ),
    ]
    for name, forward, right, wrong in slips:
        yield one(
            f"second order: {name}",
            Kind.SECOND,
            {Cause.SECOND_ORDER},
            x=numbers(58, 5),
            forward=forward,
            right=right,
            wrong=wrong,
            options={"order": 2},
            loss=weighted,
            where=None,
        )


def _complex():
    z = torch.complex(numbers(59, 5), numbers(60, 5))

    def loss(y):
        return (y.real**2 + 3 * y.imag + y.real * y.imag).sum()

    slips = [
        (
            "square",
            lambda x: x**2,
            lambda g, x: g * (2 * x).conj(),
            lambda g, x: g * 2 * x,
        ),
        ("exp", torch.exp, lambda g, x: g * x.exp().conj(), lambda g, x: g * x.exp()),
        (
            "result conjugated",
            torch.sin,
            lambda g, x: g * x.cos().conj(),
            lambda g, x: (g * x.cos().conj()).conj(),
        ),
    ]
    for name, forward, right, wrong in slips:
        made = [rule(forward, backward) for backward in (wrong, right)]
        fault, twin = (lambda x, f=f: loss(f(x)) for f in made)
        yield case(
            f"complex: {name}",
            Kind.COMPLEX,
            {Cause.CONJUGATED, Cause.UNEXPLAINED}
            if name != "result conjugated"
            else {Cause.CONJUGATED},
            x=z,
            fault=fault,
            twin=twin,
        )
        if name == "exp":
            yield case(
                "complex: exp, array",
                Kind.COMPLEX,
                {Cause.CONJUGATED, Cause.UNEXPLAINED},
                x=z,
                fault=made[0],
                twin=made[1],
                where=None,
            )


CASES = [
    *_cotangents(),
    *_strides(),
    *_state(),
    *_unrepeatable(),
    *_forward(),
    *_modes(),
    *_second(),
    *_complex(),
]
