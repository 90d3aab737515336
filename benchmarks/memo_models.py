"""Losses for memoized differences: regressions, perceptrons and a small conv net."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np

SAMPLES = 64


@final
@dataclass(frozen=True, eq=False)
class Model:
    """A loss of JAX at a point, and what a plain batched version of it needs.

    name : for the table; f : loss of x; x : parameters.
    data : samples (m, inputs) and labels (m).
    """

    name: str
    f: Callable[[Any], Any]
    x: Any
    data: tuple[Any, Any]

    @property
    def size(self) -> int:
        """How many parameters."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.x))


def logistic(samples: int, inputs: int) -> Model:
    """Logistic regression with labels of +1 and -1, no bias."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, inputs))
    y = rng.choice([-1.0, 1.0], samples)
    w = jnp.asarray(0.1 * rng.standard_normal(inputs))
    return Model(
        f"logistic regression, {inputs}",
        lambda w: jnp.logaddexp(0.0, -(x @ w) * y).mean(),
        w,
        (x, y),
    )


def perceptron(widths: Sequence[int], samples: int = SAMPLES) -> Model:
    """Layers with tanh between them, and softmax cross-entropy; no layer: softmax."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, widths[0]))
    y = rng.integers(0, widths[-1], samples)
    p = [
        (
            jnp.asarray(rng.standard_normal((a, b)) / np.sqrt(a)),
            jnp.asarray(0.1 * rng.standard_normal(b)),
        )
        for a, b in pairwise(widths)
    ]

    def loss(p: Any) -> Any:
        h = x
        for k, (weights, bias) in enumerate(p):
            h = h @ weights + bias
            h = jnp.tanh(h) if k < len(p) - 1 else h
        return -jax.nn.log_softmax(h)[jnp.arange(samples), y].mean()

    hidden = len(widths) - 2
    name = f"softmax regression, {widths[0]} to {widths[-1]}"
    if hidden == 1:
        name = "perceptron " + "-".join(map(str, widths))
    elif hidden:
        name = f"perceptron, {hidden} hidden layers of {widths[1]}"
    return Model(name, loss, p, (x, y))


def shallow(samples: int = 16) -> Model:
    """A convolution of 3 x 3 with strides of 2, and a dense layer, on 16 x 16."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, 1, 16, 16))
    y = rng.integers(0, 10, samples)
    p = [
        jnp.asarray(rng.standard_normal((16, 1, 3, 3)) / 3),
        jnp.asarray(rng.standard_normal((1024, 10)) / 32),
    ]

    def loss(p: Any) -> Any:
        h = jnp.tanh(jax.lax.conv(x, p[0], (2, 2), "SAME")).reshape(samples, -1)
        return -jax.nn.log_softmax(h @ p[1])[jnp.arange(samples), y].mean()

    return Model("convolutional net, 1 layer", loss, p, (x, y))


def convolutional(samples: int = 16) -> Model:
    """Two convolutions of 3 x 3 with strides of 2, and a dense layer, on 16 x 16."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, 1, 16, 16))
    y = rng.integers(0, 10, samples)
    p = [
        jnp.asarray(rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:])))
        for shape in ((16, 1, 3, 3), (32, 16, 3, 3))
    ] + [jnp.asarray(rng.standard_normal((512, 10)) / np.sqrt(512))]

    def loss(p: Any) -> Any:
        h = jnp.tanh(jax.lax.conv(x, p[0], (2, 2), "SAME"))
        h = jnp.tanh(jax.lax.conv(h, p[1], (2, 2), "SAME"))
        return -jax.nn.log_softmax(h.reshape(samples, -1) @ p[2])[
            jnp.arange(samples), y
        ].mean()

    return Model("convolutional net, 2 layers", loss, p, (x, y))
