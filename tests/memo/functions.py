"""Losses and single operations, in JAX and torch, at points without kinks."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch.nn import functional

RNG = np.random.default_rng(3)
W = RNG.standard_normal((4, 4))
IMAGES = RNG.standard_normal((2, 2, 6, 6))
KERNEL = RNG.standard_normal((3, 2, 3, 3))
VECTOR = RNG.standard_normal(6)
CUBES = RNG.standard_normal((2, 3, 3))
ROWS = np.array([0, 2, 2, 1])
STEPS = RNG.standard_normal((5, 4))
SAMPLES, CLASSES = RNG.standard_normal((5, 4)), np.array([0, 2, 1, 1, 0])
SIGNS = RNG.choice([-1.0, 1.0], 5)


def convolution(x, k, strides=(1, 1), padding="SAME", **more):
    return jax.lax.conv_general_dilated(x, k, strides, padding, **more)


def recurrent(w):
    h, sums = jax.lax.scan(
        lambda h, x: (jnp.tanh(h @ w + x), h.sum()), jnp.zeros(4), jnp.asarray(STEPS)
    )
    return h.sum() + (sums**2).sum()


def pooled(k):
    x = convolution(IMAGES, k)
    window, strides = (1, 1, 2, 2), (1, 1, 2, 2)
    y = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "VALID")
    return (y**2).sum()


def mlp(p):
    h = jnp.tanh(SAMPLES @ p["a"] + p["b"])
    return -jax.nn.log_softmax(h @ p["c"])[jnp.arange(5), CLASSES].mean()


def logistic(w):
    return jnp.logaddexp(0.0, -SIGNS * (SAMPLES @ w)).mean()


def attention(w):
    keys = SAMPLES @ w
    return (jax.nn.softmax(keys @ keys.T / 2) @ SAMPLES).prod(0).sum()


MLP = {"a": W, "b": W[0], "c": W[:, :3]}

JAX = {
    "logistic regression": (logistic, W[0]),
    "multilayer perceptron": (mlp, MLP),
    "product of x with itself": (lambda w: ((w @ w) ** 2).sum(), W),
    "batched product": (
        lambda w: jnp.sin(jnp.einsum("bij,bjk->kbi", w, w)).sum(),
        CUBES,
    ),
    "convolution, kernel": (lambda k: jnp.tanh(convolution(IMAGES, k)).sum(), KERNEL),
    "convolution, transposed": (
        lambda k: jnp.tanh(
            convolution(IMAGES, k, (1, 1), ((1, 0), (0, 2)), lhs_dilation=(2, 2))
        ).sum(),
        KERNEL,
    ),
    "convolution, operand": (
        lambda x: jnp.tanh(convolution(x, KERNEL)).sum(),
        IMAGES,
    ),
    "convolution, groups": (
        lambda k: jnp.tanh(convolution(IMAGES, k, feature_group_count=2)).sum(),
        KERNEL[:2, :1],
    ),
    "convolution of a convolution": (
        lambda k: jnp.tanh(convolution(convolution(IMAGES, k), KERNEL[:2])).sum(),
        RNG.standard_normal((2, 2, 3, 3)),
    ),
    "convolution, both": (
        lambda k: jnp.tanh(convolution(IMAGES * k[0, 0, 0, 0], k)).sum(),
        KERNEL,
    ),
    "pooling": (pooled, KERNEL),
    "reductions": (lambda w: w.max(1).sum() + w.prod(0).sum() + w.min(), W),
    "running": (
        lambda w: (jnp.cumsum(w, 0) ** 2).sum() + jnp.cumprod(w, 1).sum(),
        W,
    ),
    "taking": (
        lambda w: (w[ROWS] ** 2).sum() + (w[:, ROWS] ** 3).sum() + w[1, 2] ** 2,
        W,
    ),
    "scattering": (
        lambda w: (w.at[0].set(1.0) ** 2).sum() + (w.at[ROWS].add(w) ** 2).sum(),
        W,
    ),
    "slices and padding": (
        lambda w: (
            (jnp.pad(w[::-1, 1:], ((1, 2), (0, 3))) ** 3).sum()
            + (w[::2, ::3] ** 2).sum()
            + (jax.lax.pad(w, w[0, 0], ((-1, 2, 1), (2, -1, 0))) ** 2).sum()
        ),
        W,
    ),
    "joining": (
        lambda w: (
            (jnp.concatenate([w, w.T * 2]) ** 3).sum()
            + (jnp.stack([w[0], w[1]]) @ w).sum()
        ),
        W,
    ),
    "reshaping": (
        lambda w: (
            (w.reshape(2, 8) @ jnp.ones((8, 2))).prod()
            + w.reshape(16)[3] ** 2
            + (w.reshape(2, 2, 4).sum(1) ** 2).sum()
        ),
        W,
    ),
    "choices": (
        lambda w: (
            jnp.where(w > 0, w**2, jnp.sin(w)).sum()
            + jnp.where(jnp.arange(4) > 1, w, 2 * w).prod()
            + jnp.clip(w, -0.5, 0.5).sum()
        ),
        W,
    ),
    "quotients": (
        lambda v: (v / (1 + v**2) / v.sum()).prod() + jnp.arctan2(v, v**2 + 1).sum(),
        VECTOR,
    ),
    "powers": (
        lambda v: (
            (jnp.abs(v) ** 2.5).sum()
            + (v**-2).sum()
            + (2.0**v).sum()
            + jnp.cbrt(v).sum()
        ),
        VECTOR,
    ),
    "error function": (lambda w: jax.scipy.special.erf(w).sum(), W),
    "a scan": (recurrent, W),
    "attention": (attention, W),
    "Cholesky": (lambda w: jnp.linalg.cholesky(w @ w.T + jnp.eye(4)).sum(), W),
    "complex": (lambda v: ((v + 1j * v**2) ** 3).real.sum(), VECTOR),
    "one number": (lambda v: jnp.exp(v) * (jnp.ones((3, 3)) * v).sum(), np.array(0.7)),
    "linear": (lambda w: (w * 2 - w.T).sum() / 3, W),
    "unused": (lambda p: (p["a"] ** 2).sum(), {"a": VECTOR, "b": W}),
}


def _together(*names):
    """The sum of some of them at one point, so that they are compiled at once."""
    taken = [JAX.pop(name) for name in names]
    return lambda x: sum(f(x) for f, _ in taken), taken[0][1]


JAX["reductions, products and choices"] = _together(
    "reductions", "running", "choices", "product of x with itself", "linear"
)
JAX["entries taken and put elsewhere"] = _together(
    "taking", "slices and padding", "joining", "reshaping"
)
JAX["numbers"] = _together("quotients", "powers", "complex")
JAX["library's own"] = _together("Cholesky", "error function", "scattering")
JAX["kernels"] = _together(
    "convolution, kernel",
    "convolution, transposed",
    "convolution, both",
    "pooling",
)
JAX["recurrence and attention"] = _together("a scan", "attention")


def unrolled(w):
    h = torch.zeros(4, dtype=w.dtype)
    for row in torch.as_tensor(STEPS):
        h = torch.tanh(h @ w + row)
    return h.sum()


def network(p):
    h = functional.conv2d(torch.as_tensor(IMAGES), p[0], p[1], padding=1)
    h = functional.max_pool2d(functional.relu(h), 2).flatten(1)
    return functional.cross_entropy(h @ p[2], torch.tensor([0, 1]))


def dense(p):
    h = functional.linear(torch.as_tensor(SAMPLES), p[0], p[1])
    h = functional.linear(functional.gelu(h), p[2])
    return functional.cross_entropy(h, torch.as_tensor(CLASSES))


TORCH = {
    "convolutional network": (
        network,
        [KERNEL, VECTOR[:3], RNG.standard_normal((27, 3))],
    ),
    "linear layers": (dense, [W, W[0], W[:3]]),
    "normalisation": (lambda w: functional.layer_norm(w, (4,)).pow(3).sum(), W),
    "gathering": (
        lambda w: (
            w[ROWS].pow(2).sum() + w.gather(1, torch.as_tensor(ROWS)[:, None]).prod()
        ),
        W,
    ),
    "writing in place": (lambda w: w.clone().mul_(2)[0].add_(1).pow(2).sum(), W),
    "unrolled by Python": (unrolled, W),
    "sorting": (
        lambda w: (w.sort(1).values * torch.arange(4.0)).sum() + w.logsumexp(0).sum(),
        W,
    ),
}
