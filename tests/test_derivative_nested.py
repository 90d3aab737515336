"""Nested inputs of every library and precision, each evaluated in its own."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optree
import pytest
import torch

from clinometer import Status, gradient, hessian_product, slope


class Pair(NamedTuple):
    """A container that every library knows."""

    w: object
    b: object


@optree.dataclasses.dataclass(namespace="")
class Line:
    """A dataclass registered with optree."""

    w: object
    b: object


@dataclass
class Layer:
    """A dataclass that JAX knows and optree does not."""

    w: object
    b: object


jax.tree_util.register_dataclass(Layer, data_fields=["w", "b"], meta_fields=[])

W = np.array([[0.5, -1.0], [2.0, 0.25]])
B = 1.5
CONTAINERS = {
    "dict": (lambda w, b: {"w": w, "b": b}, lambda x: (x["w"], x["b"])),
    "list": (lambda w, b: [w, b], lambda x: (x[0], x[1])),
    "tuple": (lambda w, b: (w, (b,)), lambda x: (x[0], x[1][0])),
    "namedtuple": (Pair, lambda x: (x.w, x.b)),
    "ordered dict": (lambda w, b: OrderedDict(b=b, w=w), lambda x: (x["w"], x["b"])),
    "optree's dataclass": (Line, lambda x: (x.w, x.b)),
    "nested": (lambda w, b: {"p": [None, Pair(w, [b])]}, lambda x: (
        x["p"][1].w, x["p"][1].b[0],
    )),
}  # fmt: skip
LIBRARIES = {
    "numpy": np.array,
    "float32": lambda a: np.array(a, np.float32),
    "torch": lambda a: torch.tensor(a, dtype=torch.float64),
    "torch float32": lambda a: torch.tensor(a, dtype=torch.float32),
    "jax": jnp.asarray,
}


def energy(w, b):
    """A function of a matrix and a number: b sum(w**2) + b**3, of any library."""
    return b * (w * w).sum() + b**3


SLOPE_W, SLOPE_B = 2 * B * W, (W * W).sum() + 3 * B**2


# --- containers ---------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_gradient_is_nested_like_x(name, library):
    """The values are those of the formula, float64 NumPy arrays in the same nest."""
    build, parts = CONTAINERS[name]
    make = LIBRARIES[library]
    x = build(make(W), make(B))
    estimate = gradient(lambda x: energy(*parts(x)), x)

    w, b = parts(estimate.value)
    error_w, error_b = parts(estimate.error)
    assert type(estimate.value) is type(x)
    assert w.shape == (2, 2)
    assert w.dtype == np.float64
    assert (np.abs(w - SLOPE_W) <= error_w).all()
    assert (error_w <= 1e-3 * np.abs(SLOPE_W).max()).all()
    assert abs(b - SLOPE_B) <= error_b <= 1e-3 * SLOPE_B
    assert isinstance(parts(estimate.status)[1], Status)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_slope_takes_a_direction_nested_like_x(name, library):
    build, parts = CONTAINERS[name]
    make = LIBRARIES[library]
    v = build(np.ones((2, 2)), -2.0)
    estimate = slope(lambda x: energy(*parts(x)), build(make(W), make(B)), v)

    truth = SLOPE_W.sum() - 2 * SLOPE_B
    assert abs(estimate.value - truth) <= estimate.error <= 1e-3 * abs(truth)


def test_a_dataclass_of_jax_is_known_in_x_v_scale_and_gradient():
    x = Layer(jnp.asarray(W), jnp.asarray(B))
    v, scale = Layer(np.ones((2, 2)), 0.0), Layer(1.0, np.array(2.0))

    def f(x):
        return energy(x.w, x.b)

    found = gradient(f, x, scale=scale)
    along = slope(f, x, v)
    product = hessian_product(f, x, v, gradient=jax.grad(f))

    assert isinstance(found.value, Layer)
    assert (np.abs(found.value.w - SLOPE_W) <= found.error.w).all()
    assert abs(along.value - SLOPE_W.sum()) <= along.error
    assert isinstance(product.value, Layer)
    assert (np.abs(product.value.w - 2 * B) <= product.error.w).all()
    assert abs(product.value.b - 2 * W.sum()) <= product.error.b


@pytest.mark.parametrize("options", [{"batched": True}, {"vmap": True}])
@pytest.mark.parametrize("library", ["torch", "torch float32", "jax"])
def test_batches_of_nested_inputs_have_a_leading_axis_on_every_leaf(library, options):
    make = LIBRARIES[library]

    def f(x):
        w, b = x["w"], x["b"]
        lead = "batched" in options
        return b * (w * w).sum((1, 2) if lead else None) + b**3

    estimate = gradient(f, {"w": make(W), "b": make(B)}, **options)
    assert (np.abs(estimate.value["w"] - SLOPE_W) <= estimate.error["w"]).all()
    assert abs(estimate.value["b"] - SLOPE_B) <= estimate.error["b"]


# --- precision ----------------------------------------------------------------


def test_leaves_of_different_precision_stand_side_by_side():
    """Each entry is stepped on its own grid.

    For b, the sum of exp(a) in float32 is a constant of f, not an error in it.
    """
    x = {"a": np.array([1.1, -0.3], np.float32), "b": np.array([2.2])}
    estimate = gradient(lambda x: np.exp(x["a"]).sum() * x["b"][0] ** 2, x)
    a, b = x["a"].astype(float), x["b"]

    truth_a, truth_b = np.exp(a) * b**2, 2 * b * float(np.exp(x["a"]).sum())
    assert (np.abs(estimate.value["a"] - truth_a) <= estimate.error["a"]).all()
    assert (np.abs(estimate.value["b"] - truth_b) <= estimate.error["b"]).all()
    assert (estimate.error["a"] <= 1e-3 * truth_a).all()


HALVES = {
    "torch float16": lambda a: torch.tensor(a, dtype=torch.float16),
    "torch bfloat16": lambda a: torch.tensor(a, dtype=torch.bfloat16),
    "jax float16": lambda a: jnp.asarray(a, jnp.float16),
    "jax bfloat16": lambda a: jnp.asarray(a, jnp.bfloat16),
    "numpy float16": lambda a: np.array(a, np.float16),
}
SMOOTH = {
    "square": (lambda x: (x * x).sum(), lambda x: 2 * x),
    "cubic": (lambda x: (x**3 - x).sum(), lambda x: 3 * x**2 - 1),
    "product": (lambda x: x[0] * x[1] * x[2], lambda x: np.prod(x) / x),
    "quotient": (
        lambda x: (1 / (1 + x * x)).sum(),
        lambda x: -2 * x / (1 + x * x) ** 2,
    ),
    "linear": (lambda x: 3 * x[0] - x[1], lambda x: np.array([3.0, -1.0, 0.0])),
}


@pytest.mark.parametrize("library", HALVES)
@pytest.mark.parametrize("name", SMOOTH)
def test_the_bars_of_half_precision_hold_the_truth(name, library):
    """Two or three digits are all there is; the bar must say so.

    The truth is that of the exact function at the rounded x. The bar also allows for
    the rounding of x inside f: half precision moves a slope by f'' x / 256 or so.
    """
    f, slopes = SMOOTH[name]
    random = np.random.default_rng(8)
    held = []
    for _ in range(4):
        x = HALVES[library](random.normal(size=3) * 10 ** random.uniform(-1, 1))
        estimate = gradient(f, x)
        exact = slopes(np.array([float(v) for v in x]))
        held.append(np.abs(estimate.value - exact) <= estimate.error)
    assert np.mean(held) == 1


@pytest.mark.parametrize("library", ["torch float16", "torch bfloat16"])
def test_a_half_precision_gradient_is_not_reported_as_zero(library):
    """A step too small to be seen would give zero without warning."""
    x = HALVES[library]([1.0, 100.0])
    estimate = gradient(lambda x: x[0] * 3 + x[1], x)
    assert (estimate.value > 0.5).all()


def test_a_float32_function_of_large_values_has_no_silent_zero():
    """1e7 + x in float32 moves in steps of one: the bar must reach the slope 1."""
    estimate = gradient(lambda x: np.float32(1e7) + x, np.float32(1.0))
    assert abs(estimate.value - 1) <= estimate.error
