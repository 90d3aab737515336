"""Gradients by memoized differences against autodiff and against plain differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import clinometer
from clinometer import memoized
from clinometer.memo import memoized_work
from tests.memo import functions

METHODS = ("deltas", "nodes", "per-node")
EPS = 2.0**-52


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def _leaves(tree):
    return [np.asarray(leaf, dtype=float) for leaf in jax.tree.leaves(tree)]


def _near(found, wanted, rtol):
    size = max(np.abs(leaf).max() for leaf in wanted)
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        assert np.abs(a - b).max() <= rtol * size


@pytest.mark.parametrize("name", functions.JAX)
def test_every_method_gives_the_gradient_of_autodiff_in_jax(name):
    """Tolerance: truncation h**2 f''' at h = 9e-6 and rounding eps / h, times 1000."""
    f, x = functions.JAX[name]
    x = jax.tree.map(jnp.asarray, x)
    wanted = _leaves(jax.jit(jax.grad(f))(x))
    for method in METHODS:
        _near(_leaves(memoized(f, x, method=method).value), wanted, 1e-7)


@pytest.mark.parametrize("name", functions.TORCH)
def test_every_method_gives_the_gradient_of_autodiff_in_torch(name):
    """Tolerance as for JAX."""
    f, x = functions.TORCH[name]
    many = isinstance(x, list)
    leaves = [torch.tensor(each, requires_grad=True) for each in (x if many else [x])]
    value = f(leaves if many else leaves[0])
    wanted = [each.numpy() for each in torch.autograd.grad(value, leaves)]
    plain = [leaf.detach() for leaf in leaves]
    for method in METHODS:
        found = memoized(f, plain if many else plain[0], method=method).value
        _near(found if many else [found], wanted, 1e-7)


@pytest.mark.parametrize("difference", ["central", "forward"])
@pytest.mark.parametrize("method", ["deltas", "per-node"])
def test_the_quotients_are_those_of_plain_differences_but_for_rounding(
    method, difference
):
    """Plain values carry a rounding error of some eps |f| each, over the step."""
    x = functions.W[0]
    found = memoized(
        functions.logistic, jnp.asarray(x), method=method, difference=difference
    )
    f = _logistic_in_numpy
    for k, h in enumerate(found.step):
        up, down = x.copy(), x.copy()
        up[k] += h
        if difference == "central":
            down[k] -= h
        plain = (f(up) - f(down)) / (up[k] - down[k])
        assert abs(plain - found.value[k]) <= 8 * EPS * abs(f(x)) / h


def _logistic_in_numpy(w):
    return np.logaddexp(0.0, -functions.SIGNS * (functions.SAMPLES @ w)).mean()


def test_deltas_round_less_than_plain_differences():
    """At steps of 1e-7 rounding is all the error; unchanged parts cancel exactly."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 40)), rng.choice([-1.0, 1.0], 200)
    w = rng.standard_normal(40)
    truth = -(y / (1 + np.exp(y * (x @ w)))) @ x / 200

    def f(w):
        return jnp.logaddexp(0.0, -y * (x @ w)).mean()

    def error(method):
        found = memoized(f, jnp.asarray(w), method=method, step=1e-7).value
        return np.sqrt(np.mean((found - truth) ** 2))

    # per node, f's last sums and means are rounded anew, as in plain differences
    assert error("deltas") < error("per-node") / 5


def test_a_single_layer_costs_three_passes_whatever_its_width():
    """X @ w, its changed columns, and their products with y: n * m each.

    Both signs share these; a mean more for each.
    """
    for n in (10, 40):
        x, y = np.ones((30, n)), np.ones(30)
        f = _single_layer(x, y)
        found = memoized(f, jnp.full(n, 0.1))
        work, forward = found.work, found.forward
        assert forward.multiplications == 30 * n + 30 + 1
        assert work.multiplications == forward.multiplications + 2 * 30 * n + 2 * n


def _single_layer(x, y):
    return lambda w: jnp.exp((x @ w) * y).mean()


def test_node_perturbation_of_one_hidden_layer_costs_what_reverse_mode_costs():
    """X @ A twice (forward, transposed), H @ C twice, and the changed rows of H @ C."""
    samples, inputs, hidden, outputs = 16, 12, 20, 3
    rng = np.random.default_rng(1)
    x = rng.standard_normal((samples, inputs))
    p = [
        jnp.asarray(rng.standard_normal((inputs, hidden))),
        jnp.asarray(rng.standard_normal((hidden, outputs))),
    ]
    found = memoized(
        lambda p: jnp.exp(jnp.tanh(x @ p[0]) @ p[1]).sum(),
        p,
        method="nodes",
        difference="forward",
    )
    first, second = samples * inputs * hidden, samples * hidden * outputs
    assert found.forward.multiplications == first + second
    assert found.work.multiplications == 2 * first + 3 * second
    assert found.differenced == {
        "x[0]": (samples, hidden),
        "x[1]": (samples, outputs),
    }


@pytest.mark.parametrize("method", METHODS)
def test_the_work_is_foreseen_from_a_few_entries(method):
    """All entries of an array take the same operations here."""
    x = jax.tree.map(jnp.asarray, functions.MLP)
    foreseen = memoized_work(functions.mlp, x, method=method)
    assert foreseen == memoized(functions.mlp, x, method=method).work


def test_small_memory_changes_the_chunks_and_not_the_gradient():
    """Sums over other axes may be rounded otherwise in chunks of other lengths."""
    x = jax.tree.map(jnp.asarray, functions.MLP)
    whole = _leaves(memoized(functions.mlp, x).value)
    small = _leaves(memoized(functions.mlp, x, memory=1).value)
    _near(small, whole, 1e-10)


def test_operations_without_a_rule_are_named():
    """A Cholesky factor is known to the library alone."""
    found = memoized(lambda w: jnp.linalg.cholesky(w).sum(), jnp.eye(3))
    assert found.full == ("cholesky",)
    assert "cholesky" in found.foreign
    assert "cholesky" in str(found)


def test_float32_is_differenced_in_float64():
    """tanh' of numbers that float32 holds exactly, to central differences' 1e-10."""
    x = np.array([0.25, -1.5], dtype=np.float32)
    found = memoized(lambda x: jnp.tanh(x).sum(), jnp.asarray(x)).value
    assert found.dtype == np.float64
    assert np.allclose(found, 1 - np.tanh(x.astype(float)) ** 2, rtol=1e-9, atol=0)


def test_entries_at_zero_have_the_step_of_the_others():
    """A step of zero would divide by zero."""
    found = memoized(lambda x: (x**2).sum() + x.sum(), jnp.array([0.0, 2.0]))
    assert (found.step > 0).all()
    assert np.allclose(found.value, [1.0, 5.0], rtol=1e-8)


def test_no_step_takes_an_entry_across_zero():
    """A logarithm is not differenced outside of its domain."""
    x = np.array([1e-9, 3.0])
    found = memoized(lambda x: jnp.log(x).sum(), jnp.asarray(x), step=1e-3)
    assert (found.step < x).all()
    assert np.isfinite(found.value).all()


@pytest.mark.parametrize("method", METHODS)
def test_arrays_without_entries_do_no_harm(method):
    """A product over no entries is zero, whatever goes in."""
    x = {"a": jnp.ones((2, 0)), "b": jnp.ones((0, 3)), "c": jnp.ones(2)}
    found = memoized(lambda p: (p["a"] @ p["b"]).sum() + p["c"][0], x, method=method)
    assert found.value["a"].shape == (2, 0)
    assert found.value["c"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "fast"}, "method must be one of"),
        ({"difference": "left"}, "difference must be one of"),
        ({"step": 0.0}, "step must be positive"),
        ({"memory": 0}, "memory must be a positive"),
        ({"scale": -1.0}, "scale must be positive"),
    ],
)
def test_a_bad_option_is_an_input_error(options, said):
    """The message says the rule."""
    with pytest.raises(clinometer.InputError, match=said):
        memoized(lambda x: (x**2).sum(), jnp.ones(2), **options)


def test_what_cannot_be_traced_or_is_no_number_is_an_input_error():
    """NumPy leaves no trace; an array is no number."""
    with pytest.raises(clinometer.InputError):
        memoized(lambda x: (x**2).sum(), np.ones(2))
    with pytest.raises(clinometer.InputError):
        memoized(lambda x: x**2, jnp.ones(2))


def test_a_value_that_is_not_finite_is_a_function_error():
    """log(-1) is NaN."""
    with pytest.raises(clinometer.FunctionError, match="finite"):
        memoized(lambda x: jnp.log(x).sum(), jnp.array([-1.0]))
