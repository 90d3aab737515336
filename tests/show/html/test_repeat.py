"""The script that repeats a check: what it holds, it holds to the last bit."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.arrays import to_float64
from clinometer.check import check
from clinometer.problem import Problem
from clinometer.show.html.repeat import reproducer


def points():
    random = np.random.default_rng(3)
    return {
        "small": random.normal(size=(3, 2)),
        "packed": random.normal(size=(20, 11)),
        "float32": random.normal(size=5).astype(np.float32),
        "scalar": np.array(0.1),
        "torch": torch.tensor([0.1, -2.5], dtype=torch.float32),
        "bfloat16": torch.tensor([0.1, -2.5], dtype=torch.bfloat16),
        "jax": jnp.asarray([0.1, 1e-30], dtype=jnp.float32),
    }


def script_of(f, x, **options):
    report = check(f, x, gradient=lambda x: x, **options)
    return reproducer(report, Problem(f, x, lambda x: x))


@pytest.mark.parametrize("name", points())
def test_an_array_comes_back_with_every_bit(name):
    x = points()[name]

    def f(x):
        return (x**2).sum() / 2

    script = script_of(f, x)
    known = {}
    exec(script.partition("report =")[0], known)

    assert type(known["x"]) is type(x)
    assert known["x"].dtype == x.dtype
    assert np.array_equal(to_float64(known["x"]), to_float64(x))


def test_nested_points_come_back_in_their_structure():
    x = {"a": [np.ones(2), (np.zeros(1),)], "b": 2.5}

    def f(x):
        return x["a"][0].sum() + x["a"][1][0].sum() + x["b"]

    script = script_of(f, x)
    known = {}
    exec(script.partition("report =")[0], known)

    assert known["x"].keys() == x.keys()
    assert type(known["x"]["a"][1]) is tuple
    assert known["x"]["b"] == 2.5
    assert known["f"](x) == f(x)


def test_what_does_not_fit_is_named():
    x = np.random.default_rng(0).normal(size=10_000)
    script = script_of(lambda x: (x**2).sum() / 2, x, entries=0)

    assert "too large" in script
    assert "f = ...  # here it was: " in script
    compile(script, "script", "exec")


def test_a_function_of_a_module_is_imported():
    assert "from numpy import sum" in script_of(np.sum, np.ones(2))


def test_without_f_and_x_the_script_says_what_to_fill_in():
    report = check(lambda x: x.sum(), np.ones(2), gradient=np.ones(2), seed=9)
    script = reproducer(report, None)

    assert "x = ..." in script
    assert "seed=9" in script
    compile(script, "script", "exec")


def run(script):
    """What a script makes."""
    known = {}
    exec(script, known)
    return known


def sines(x):
    return np.sin(x)


def pulled(x, u):
    return u * np.cos(x)


def table(x):
    return np.diag(np.cos(x))


def bowl(x):
    return (x**2).sum()


def doubled(x):
    return 2 * x


def twos(x):
    return 2 * np.eye(2)


@pytest.mark.parametrize(
    ("f", "options"),
    [
        (sines, {"vjp": pulled}),
        (sines, {"jacobian": table}),
        (bowl, {"gradient": doubled, "hessian": twos}),
        (bowl, {"gradient": doubled, "scale": np.array([2.0, 4.0])}),
    ],
)
def test_a_script_repeats_the_claim_that_was_checked(f, options, capsys):
    x = np.array([0.5, 1.5])
    report = check(f, x, **options)
    script = reproducer(report, Problem(f, x, **options))

    for name in options:
        assert f"{name}=" in script
    again = run(script)["report"]
    assert again.verdict is report.verdict
    assert again.leaves == report.leaves


def total(y):
    return y.sum()


def test_a_script_for_a_model_calls_check_with_its_inputs_and_loss():
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    x = torch.ones(3, 2, dtype=torch.float64)
    report = check(model, x, loss=total)
    script = reproducer(report, Problem(model, x, loss=total))

    assert "f = ...  # a Linear" in script
    assert "loss=total" in script
    assert "entries=" not in script
    known = {}
    exec(script.partition("report =")[0], known)
    exec("report =" + script.partition("report =")[2], {**known, "f": model})
