"""Right and undecidable questions in torch and JAX, by their own autodiff."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch

from tests.corpus.case import Problem, Right
from tests.corpus.torch_rules import numbers, weighted

__all__ = ["RIGHT", "UNDECIDABLE"]

RIGHT, UNDECIDABLE = [], []


def right(name, library, f, x):
    RIGHT.append(Right(f"{library}: {name}", library, partial(Problem, f, x)))


def unknown(name, library, f, x):
    UNDECIDABLE.append(Right(f"{library}: {name}", library, partial(Problem, f, x)))


def _net(x):
    h = torch.tanh(x["W"] @ x["x"] + x["b"])
    return torch.nn.functional.layer_norm(h, (5,)).square().mul(x["g"]).sum()


def _net_at(dtype):
    shapes = {"W": (5, 4), "x": (4,), "b": (5,), "g": (5,)}
    return {
        name: numbers(200 + k, *shape, dtype=dtype)
        for k, (name, shape) in enumerate(shapes.items())
    }


for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
    right(f"a layer in {dtype}", "torch", _net, _net_at(dtype))
right("expanded", "torch", lambda x: weighted(x.exp()), numbers(210, 1).expand(5))
right("transposed", "torch", lambda x: weighted(x.T.sin()), numbers(211, 3, 4).T)
right("sliced", "torch", lambda x: weighted(x.sin()), numbers(212, 12)[1::3])
right("no axes", "torch", lambda x: x.exp(), torch.tensor(0.3, dtype=torch.float64))
right("one number", "torch", lambda x: x.exp().sum(), numbers(213, 1))
right(
    "an unused leaf",
    "torch",
    lambda x: x["a"].exp().sum(),
    {"a": numbers(214, 3), "b": numbers(215, 2)},
)
right(
    "cross-entropy, saturated",
    "torch",
    lambda x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 1])),
    20 * numbers(216, 2, 3),
)
right("sorted", "torch", lambda x: weighted(x.sort().values), numbers(217, 9))
right(
    "an inverse of cond 1e6",
    "torch",
    lambda x: torch.linalg.inv(
        x + torch.diag(torch.tensor([1e6, 1.0, 1.0], dtype=torch.float64))
    ).sum(),
    numbers(218, 3, 3),
)
right(
    "convolution in float32",
    "torch",
    lambda x: torch.nn.functional.conv1d(x["s"], x["k"]).tanh().sum(),
    {
        "s": numbers(219, 1, 2, 9, dtype=torch.float32),
        "k": numbers(220, 3, 2, 3, dtype=torch.float32),
    },
)
right(
    "embedding, repeated",
    "torch",
    lambda x: weighted(torch.nn.functional.embedding(torch.tensor([1, 1, 0]), x).sin()),
    numbers(221, 3, 2),
)
right("a large leaf", "torch", lambda x: x.cosh().log().sum(), numbers(222, 5000))
right(
    "max pooling without ties",
    "torch",
    lambda x: torch.nn.functional.max_pool1d(x, 2).exp().sum(),
    numbers(223, 1, 1, 8),
)
for far in (300.0, 30000.0):
    right(
        f"variance of float32 numbers near {far:g}",
        "torch",
        lambda x: x.var(),
        (numbers(225, 40) + far).float(),
    )
right(
    "a loss taken in float32 of numbers in bfloat16",
    "torch",
    lambda x: x.square().float().mean(),
    numbers(228, 16, dtype=torch.bfloat16),
)
right(
    "layer normalisation of float32 numbers near 300",
    "torch",
    lambda x: torch.nn.functional.layer_norm(x, (10,)).pow(3).sum(),
    (numbers(229, 4, 10) + 300).float(),
)


def _penalty(x):
    """Of the slope of an inner function; x itself where it requires grad."""
    point = x if x.requires_grad else x.detach().requires_grad_()
    with torch.enable_grad():
        value = torch.tanh(point @ numbers(226, 4, 5)).sum()
        (slope,) = torch.autograd.grad(value, point, create_graph=True)
    return (slope.norm() - 1) ** 2


right("a penalty of a slope", "torch", _penalty, numbers(227, 4))
right("values far from 0", "torch", lambda x: 1e8 + x.sin().sum(), numbers(224, 4))


def _scan(x):
    def step(h, u):
        return jnp.tanh(x["A"] @ h + u), None

    return jax.lax.scan(step, x["h"], jnp.ones((4, 3), x["h"].dtype))[0].sum()


def floats(seed, *shape, dtype=jnp.float64):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def _jax():
    for dtype in (jnp.float64, jnp.float32):
        x = {"A": floats(230, 3, 3, dtype=dtype), "h": floats(231, 3, dtype=dtype)}
        right(f"a scan in {jnp.dtype(dtype)}", "jax", jax.jit(_scan), x)
    right(
        "float16",
        "jax",
        lambda x: jnp.sum(jnp.sin(x)),
        floats(232, 4, dtype=jnp.float16),
    )
    right(
        "bfloat16",
        "jax",
        lambda x: jnp.sum(jnp.sin(x)),
        floats(233, 4, dtype=jnp.bfloat16),
    )
    right("no axes", "jax", jnp.exp, jnp.asarray(0.4))
    right("logsumexp far apart", "jax", jax.nn.logsumexp, jnp.array([40.0, 0.0, -3.0]))
    right(
        "a stopped unused leaf",
        "jax",
        lambda x: jnp.sum(x["a"] ** 2),
        {"a": floats(234, 3), "b": floats(235, 2)},
    )
    right("gelu", "jax", lambda x: jax.nn.gelu(x).sum(), 3 * floats(236, 6))
    unknown("relu at 0", "jax", lambda x: jax.nn.relu(x).sum(), jnp.array([1.0, 0.0]))
    unknown("f is NaN", "jax", lambda x: x.sum() * jnp.nan, floats(237, 3))
    unknown("1e20 + x", "jax", lambda x: 1e20 + x.sum(), floats(238, 3))


with jax.enable_x64(True):
    _jax()
unknown(
    "relu at 0",
    "torch",
    lambda x: torch.relu(x).sum(),
    torch.tensor([1.0, 0.0], dtype=torch.float64),
)
unknown(
    "dropout", "torch", lambda x: torch.dropout(x, 0.5, True).sum(), numbers(240, 20)
)
unknown(
    "a tie",
    "torch",
    lambda x: x.max(0).values,
    torch.tensor([2.0, 2.0, 1.0], dtype=torch.float64),
)
unknown("f is NaN", "torch", lambda x: x.sum() * float("nan"), numbers(242, 3))
unknown("1e20 + x", "torch", lambda x: 1e20 + x.sum(), numbers(243, 3))
