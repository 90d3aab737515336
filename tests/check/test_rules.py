"""custom_vjp and custom_jvp, found wherever JAX hides them, each checked alone."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clinometer.check import Verdict, check_rules
from clinometer.errors import InputError


@jax.custom_vjp
def square(x, factor):
    return x * x


def square_forward(x, factor):
    return x * x, (x, factor)


def square_backward(kept, g):
    x, factor = kept
    return factor * g * x, None


square.defvjp(square_forward, square_backward)


@jax.custom_jvp
def cube(x):
    return jnp.tanh(x) ** 3


@cube.defjvp
def cube_rule(points, tangents):
    (x,), (v,) = points, tangents
    t = jnp.tanh(x)
    return cube(x), 3 * t**2 * (1 - t**2) * v


def wrapped(kind):
    """A function that meets `square` inside a construct of JAX's."""
    return {
        "jit": jax.jit(square),
        "checkpoint": jax.checkpoint(square),
        "vmap": jax.vmap(square, (0, None)),
        "cond": lambda x, factor: jax.lax.cond(
            x[0] > 0, lambda y: square(y, factor), cube, x
        ),
        "while": lambda x, factor: jax.lax.while_loop(
            lambda c: c[0] < 2, lambda c: (c[0] + 1, square(c[1], factor)), (0, x)
        )[1],
        "scan": lambda x, factor: jax.lax.scan(
            lambda c, k: (jax.jit(square)(c, factor) / k, c), x, jnp.arange(1.0, 4.0)
        ),
    }[kind]


X = jnp.array([0.7, -1.3, 2.1])


@pytest.mark.parametrize("kind", ["jit", "checkpoint", "vmap", "cond", "while", "scan"])
def test_a_wrong_rule_is_found_inside(kind):
    f = wrapped(kind)
    bad = check_rules(lambda x: f(x, jnp.float32(3.0)), X)
    assert bad.verdict is Verdict.DIFFERS
    lines, first = inspect.getsourcelines(square_backward)
    expected = f"test_rules.py:{first}, in square_backward"
    assert lines[0].startswith("def ")
    assert all(found.source.endswith(expected) for found in bad.diagnoses)
    if kind == "scan":
        rounds = [found.path.partition("/")[0] for found in bad.diagnoses]
        assert sorted(set(rounds)) == ["scan[0]", "scan[1]", "scan[2]"]


def test_right_rules_agree_and_constant_inputs_are_left_alone():
    """The rule gives None for `factor`; f does not differentiate by it."""

    def f(x):
        return cube(wrapped("scan")(x, jnp.float32(2.0))[0])

    report = check_rules(f, X)
    assert report.verdict is Verdict.AGREES
    names = [leaf.path.rpartition(": ")[2] for leaf in report.leaves]
    assert names.count("square") == 3
    assert names.count("cube") == 1


def test_rules_of_jax_itself_are_checked_on_request_only():
    def f(x):
        return jax.nn.relu(x)

    assert "nothing was checked" in check_rules(f, X).notes[-1]
    assert check_rules(f, X, everything=True).verdict is Verdict.AGREES


def test_other_arrays_are_refused():
    with pytest.raises(InputError, match="JAX arrays"):
        check_rules(lambda x: x, np.ones(2))
