"""A slow f of JAX's is compiled for the values that are measured, where it can be."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from clinometer.check import Verdict, check

X = jnp.asarray(np.random.default_rng(2).normal(size=6))


def slow(f):
    """f, with 30 ms of Python around it; the list counts its calls."""
    calls = []

    def busy(x):
        calls.append(1)
        end = time.process_time() + 0.03
        while time.process_time() < end:
            pass
        return f(x)

    return busy, calls


def rounds(x):
    return jax.lax.scan(lambda c, k: (jnp.sin(c) + k * x, None), x, jnp.arange(3.0))[0]


def test_a_slow_function_is_called_a_few_times_only():
    f, calls = slow(lambda x: rounds(x).sum())

    report = check(f, X, probes=False)

    assert report.verdict is Verdict.AGREES
    assert "jax.jit(f), compiled once" in report.notes[-1]
    assert len(calls) < 10 < report.evaluations


def test_so_is_one_that_returns_arrays():
    f, _ = slow(lambda x: {"a": rounds(x["x"]), "b": x["y"] ** 2})

    report = check(f, {"x": X, "y": X[:2]}, probes=False)

    assert report.verdict is Verdict.AGREES
    assert "compiled once" in report.notes[-1]


def test_one_that_branches_on_values_stays_as_it_is():
    f, calls = slow(lambda x: x.sum() if x[0] > 1e3 else jnp.sin(x).sum())

    report = check(f, X[:2], probes=False)

    assert report.verdict is Verdict.AGREES
    assert "cannot be called: TracerBoolConversionError" in report.notes[-1]
    assert len(calls) >= report.evaluations


def test_one_that_does_not_repeat_is_not_frozen():
    random = np.random.default_rng(0)
    f, _ = slow(lambda x: (x * random.normal()).sum())

    report = check(f, X[:2], probes=False)

    assert report.verdict is Verdict.CANNOT_TELL
    assert "not repeatable" in report.notes[0]


def test_a_wrong_rule_is_wrong_all_the_same():
    @jax.custom_vjp
    def rule(x):
        return x**2

    rule.defvjp(lambda x: (x**2, x), lambda x, g: (x * g,))
    f, _ = slow(lambda x: rule(x).sum())

    assert check(f, X, probes=False).verdict is Verdict.DIFFERS
