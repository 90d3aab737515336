"""Planted faults in JAX: custom_vjp and custom_jvp rules, stop_gradient, where."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from clinometer.check.diagnosis import Cause
from tests.corpus.case import Case, Kind, Problem, wrong_entries

__all__ = ["CASES"]

BEFORE = jax.config.jax_enable_x64
jax.config.update("jax_enable_x64", True)  # for the arrays made here; undone at the end

UNEXPLAINED = {Cause.UNEXPLAINED, Cause.MISSING_TERM}
NONLINEAR = {Cause.COTANGENT_NONLINEAR}


def numbers(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


def softmax(x):
    return jax.nn.softmax(x)


def weighted(y):
    """A sum with generic weights."""
    return (y * (1.2 + jnp.sin(jnp.arange(y.size).reshape(y.shape)))).sum()


def rule(forward, backward, value=None):
    """A custom_vjp: backward (g, *inputs) -> tuple of gradients.

    value : what the rule's own forward returns, if that is another.
    """
    made = jax.custom_vjp(forward)

    def bwd(inputs, g):
        found = backward(g, *inputs)
        return found if isinstance(found, tuple) else (found,)

    made.defvjp(lambda *inputs: ((value or forward)(*inputs), inputs), bwd)
    return made


def case(name, kind, causes, *, x, fault, twin, scalar=True, options=()):
    """A case of two functions of x; the wrong entries come from their gradients."""
    asked = dict(options)
    wrong, right = (partial(Problem, f, x, asked) for f in (fault, twin))

    def where():
        return wrong_entries(wrong(), right())

    named = where if scalar else None
    return Case(f"jax {name}", "jax", kind, frozenset(causes), wrong, right, named)


def one(name, kind, causes, *, forward, right, wrong, x, loss=weighted, **more):
    """A case of a rule of one input; loss: None leaves the output an array."""
    fault, twin = rule(forward, wrong), rule(forward, right)
    if loss is None:
        made = (fault, twin)
    else:
        made = (lambda x: loss(fault(x)), lambda x: loss(twin(x)))
    more = {"scalar": loss is not None} | more
    return case(name, kind, causes, x=x, fault=made[0], twin=made[1], **more)


def _tanh(name, kind, causes, wrong, **more):
    return one(
        f"tanh: {name}",
        kind,
        causes,
        forward=jnp.tanh,
        right=lambda g, x: g * (1 - jnp.tanh(x) ** 2),
        wrong=wrong,
        **({"x": numbers(100, 11)} | more),
    )


def _scalars():
    def slope(x):
        return 1 - jnp.tanh(x) ** 2

    yield _tanh("sign", Kind.CONSTANT, {Cause.SIGN}, lambda g, x: -g * slope(x))
    yield _tanh("half", Kind.CONSTANT, {Cause.FACTOR}, lambda g, x: g * slope(x) / 2)
    yield _tanh("zero", Kind.MISSING, {Cause.ZERO}, lambda g, x: 0 * x)
    yield _tanh("slope left out", Kind.MISSING, UNEXPLAINED, lambda g, x: g)
    yield _tanh(
        "square left out", Kind.BRANCH, UNEXPLAINED, lambda g, x: g * (1 - jnp.tanh(x))
    )
    yield _tanh(
        "rolled", Kind.INDICES, {Cause.PERMUTED}, lambda g, x: jnp.roll(g * slope(x), 1)
    )
    yield _tanh(
        "NaN in one",
        Kind.POINTS,
        {Cause.NOT_FINITE},
        lambda g, x: (g * slope(x)).at[4].set(jnp.nan),
    )
    yield _tanh(
        "tail",
        Kind.TAIL,
        {Cause.TAIL},
        lambda g, x: jnp.where(jnp.arange(129) < 128, g * slope(x), 0),
        x=numbers(101, 129),
    )
    yield _tanh(
        "tail of 33",
        Kind.TAIL,
        {Cause.TAIL, Cause.ENTRIES},
        lambda g, x: jnp.where(jnp.arange(35) < 32, g * slope(x), 5 * g),
        x=numbers(102, 35),
    )


def _paths():
    x = {"w": numbers(103, 5), "v": numbers(104, 5)}
    stop = jax.lax.stop_gradient
    yield case(
        "stopped argument",
        Kind.MISSING,
        {Cause.ZERO, Cause.NONE},
        x=x,
        fault=lambda x: (jnp.exp(x["w"]) * stop(x["v"])).sum(),
        twin=lambda x: (jnp.exp(x["w"]) * x["v"]).sum(),
    )
    yield case(
        "stopped path",
        Kind.MISSING,
        UNEXPLAINED | {Cause.FACTOR},
        x=x,
        fault=lambda x: (x["w"] * jnp.sin(stop(x["w"])) * x["v"]).sum(),
        twin=lambda x: (x["w"] * jnp.sin(x["w"]) * x["v"]).sum(),
    )
    yield case(
        "stopped penalty",
        Kind.MISSING,
        {Cause.MISSING_REGULARISER},
        x=x,
        fault=lambda x: (
            (jnp.exp(x["w"]) * x["v"]).sum() + 0.1 * (stop(x["v"]) ** 2).sum()
        ),
        twin=lambda x: (jnp.exp(x["w"]) * x["v"]).sum() + 0.1 * (x["v"] ** 2).sum(),
    )

    def scanned(keep):
        def f(x):
            def step(h, u):
                h = jnp.tanh(x["w"] * keep(h) + x["v"] * u)
                return h, h

            return jax.lax.scan(step, jnp.ones(5), jnp.arange(1.0, 5.0))[1].sum()

        return jax.jit(f)

    yield case(
        "scan: carry stopped",
        Kind.MISSING,
        UNEXPLAINED,
        x=x,
        fault=scanned(stop),
        twin=scanned(lambda h: h),
    )
    root = numbers(105, 6).at[2].set(0.0)
    yield case(
        "where: 0/0 in the branch not taken",
        Kind.POINTS,
        {Cause.NOT_FINITE, Cause.SPECIAL_POINTS},
        x=root,
        fault=lambda x: jnp.where(x == 0, 1.0, jnp.sin(x) / x).sum(),
        twin=lambda x: jnp.sinc(x / jnp.pi).sum(),
    )


def _arrays():
    index = jnp.array([1, 3, 3, 0, 3])
    yield one(
        "gather: overwritten",
        Kind.INDICES,
        {Cause.DUPLICATES},
        x=numbers(106, 4, 3),
        forward=lambda x: x[index],
        right=lambda g, x: jnp.zeros_like(x).at[index].add(g),
        wrong=lambda g, x: jnp.zeros_like(x).at[index].set(g),
        loss=lambda y: weighted(jnp.sin(y)),
    )
    yield one(
        "segments: one row too far",
        Kind.INDICES,
        UNEXPLAINED | {Cause.PERMUTED},
        x=numbers(107, 5, 2),
        forward=lambda x: jax.ops.segment_sum(x, jnp.array([0, 0, 1, 2, 2]), 3),
        right=lambda g, x: g[jnp.array([0, 0, 1, 2, 2])],
        wrong=lambda g, x: g[jnp.array([0, 1, 1, 2, 2])],
        loss=lambda y: weighted(jnp.sin(y)),
    )
    yield one(
        "softmax: no inner sum",
        Kind.MISSING,
        UNEXPLAINED,
        x=numbers(108, 3, 4),
        forward=softmax,
        right=lambda g, x: (
            jax.nn.softmax(x) * (g - (g * jax.nn.softmax(x)).sum(-1, keepdims=True))
        ),
        wrong=lambda g, x: jax.nn.softmax(x) * g,
    )
    x = {"A": numbers(109, 4, 4), "B": numbers(110, 4, 4)}
    right = rule(jnp.matmul, lambda g, a, b: (g @ b.T, a.T @ g))
    slips = [
        (
            "transposed",
            lambda g, a, b: (b @ g.T, a.T @ g),
            Kind.AXES,
            {Cause.TRANSPOSED},
        ),
        ("swapped", lambda g, a, b: (a.T @ g, g @ b.T), Kind.FORM, {Cause.SWAPPED}),
        (
            "second sign",
            lambda g, a, b: (g @ b.T, -a.T @ g),
            Kind.CONSTANT,
            {Cause.SIGN},
        ),
        (
            "both wrong, each in its way",
            lambda g, a, b: (-g @ b.T, 2 * a.T @ g),
            Kind.CONSTANT,
            {Cause.SIGN, Cause.FACTOR},
        ),
    ]
    for name, backward, kind, causes in slips:
        wrong = rule(jnp.matmul, backward)
        yield case(
            f"matmul: {name}",
            kind,
            causes,
            x=x,
            fault=lambda x, f=wrong: weighted(jnp.sin(f(x["A"], x["B"]))),
            twin=lambda x: weighted(jnp.sin(right(x["A"], x["B"]))),
        )
    y = {"A": numbers(111, 3, 4), "b": numbers(112, 4)}
    added = [
        rule(jnp.add, lambda g, a, b: (g, g.sum(0))),
        rule(jnp.add, lambda g, a, b: (g, g.mean(0))),
        rule(jnp.add, lambda g, a, b: (g, g[0])),
    ]
    for k, (name, causes) in enumerate(
        [
            ("mean for sum", {Cause.FACTOR, Cause.REDUCTION}),
            ("first row for the sum", UNEXPLAINED | {Cause.REDUCTION, Cause.BROADCAST}),
        ]
    ):
        yield case(
            f"bias: {name}",
            Kind.AXES,
            causes,
            x=y,
            fault=lambda x, f=added[k + 1]: weighted(jnp.tanh(f(x["A"], x["b"]))),
            twin=lambda x: weighted(jnp.tanh(added[0](x["A"], x["b"]))),
        )


def _probes():
    def slope(x):
        return 1 - jnp.tanh(x) ** 2

    slips = [
        ("cotangent ignored", {Cause.COTANGENT_IGNORED}, lambda g, x: slope(x)),
        ("made positive", NONLINEAR, lambda g, x: jnp.abs(g) * slope(x)),
        ("squared", NONLINEAR, lambda g, x: g * g * slope(x)),
        ("clipped", NONLINEAR, lambda g, x: jnp.clip(g, -1, 1) * slope(x)),
    ]
    for name, causes, wrong in slips:
        yield _tanh(name, Kind.COTANGENT, causes, wrong, loss=None)
    for name, loss in (("array", lambda y: y), ("scalar", weighted)):
        shifted = rule(jnp.exp, lambda g, x: g * jnp.exp(x), lambda x: jnp.exp(x) + 1)
        plain = rule(jnp.exp, lambda g, x: g * jnp.exp(x))
        yield case(
            f"exp: rule's value is shifted, {name}",
            Kind.BRANCH,
            {Cause.FORWARD},
            x=numbers(113, 5),
            fault=lambda x, loss=loss, f=shifted: loss(f(x)),
            twin=lambda x, loss=loss, f=plain: loss(f(x)),
            scalar=False,
        )
    one_way = rule(lambda x: x**3, lambda g, x: 3 * g * jax.lax.stop_gradient(x) ** 2)
    both = rule(lambda x: x**3, lambda g, x: 3 * g * x**2)
    yield case(
        "second order: stopped input",
        Kind.SECOND,
        {Cause.SECOND_ORDER},
        x=numbers(114, 5),
        fault=lambda x: weighted(one_way(x)),
        twin=lambda x: weighted(both(x)),
        scalar=False,
        options={"order": 2},
    )


def _forward_rules():
    def cube(factor, keep=lambda x: x):
        made = jax.custom_jvp(lambda x: x**3)
        made.defjvp(lambda x, t: (x[0] ** 3, factor * keep(x[0]) ** 2 * t[0]))
        return made

    yield case(
        "custom_jvp: factor",
        Kind.CONSTANT,
        {Cause.FACTOR},
        x=numbers(115, 6),
        fault=lambda x: weighted(cube(2.0)(x)),
        twin=lambda x: weighted(cube(3.0)(x)),
    )
    yield case(
        "custom_jvp: sign",
        Kind.CONSTANT,
        {Cause.SIGN},
        x=numbers(116, 6),
        fault=lambda x: weighted(cube(-3.0)(x)),
        twin=lambda x: weighted(cube(3.0)(x)),
    )
    yield case(
        "custom_jvp: second order",
        Kind.SECOND,
        {Cause.SECOND_ORDER},
        x=numbers(117, 6),
        fault=lambda x: weighted(cube(3.0, jax.lax.stop_gradient)(x)),
        twin=lambda x: weighted(cube(3.0)(x)),
        scalar=False,
        options={"order": 2},
    )
    z = numbers(118, 4) + 1j * numbers(119, 4)
    slips = [
        (
            "square",
            lambda x: x**2,
            lambda g, x: g * 2 * x,
            lambda g, x: g * jnp.conj(2 * x),
        ),
        (
            "sine",
            jnp.sin,
            lambda g, x: g * jnp.cos(x),
            lambda g, x: jnp.conj(g * jnp.cos(x)),
        ),
    ]
    for name, forward, right, wrong in slips:
        fault, twin = (rule(forward, back) for back in (wrong, right))
        yield case(
            f"complex: {name}",
            Kind.COMPLEX,
            {Cause.CONJUGATED, Cause.UNEXPLAINED}
            if name == "square"
            else {Cause.CONJUGATED},
            x=z,
            fault=lambda x, f=fault: (f(x).real ** 2 + f(x).imag).sum(),
            twin=lambda x, f=twin: (f(x).real ** 2 + f(x).imag).sum(),
        )


CASES = [*_scalars(), *_paths(), *_arrays(), *_probes(), *_forward_rules()]

jax.config.update("jax_enable_x64", BEFORE)
