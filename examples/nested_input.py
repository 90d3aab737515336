"""A network's parameters in a nested input: findings name the leaf and the index."""

import numpy as np

from clinometer import check

rng = np.random.default_rng(0)
inputs, targets = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))

network = {
    "hidden": {"weight": rng.standard_normal((4, 3)), "bias": rng.standard_normal(3)},
    "output": {"weight": rng.standard_normal((3, 2)), "bias": rng.standard_normal(2)},
}


def forward(p):
    hidden = np.tanh(inputs @ p["hidden"]["weight"] + p["hidden"]["bias"])
    return hidden, hidden @ p["output"]["weight"] + p["output"]["bias"] - targets


def loss(p):
    return (forward(p)[1] ** 2).mean()


def gradient(p):
    hidden, residual = forward(p)
    g_output = 2 * residual / residual.size
    g_hidden = g_output @ p["output"]["weight"].T * (1 - hidden**2)
    return {
        "hidden": {"weight": inputs.T @ g_hidden, "bias": g_hidden.mean(axis=0)},
        "output": {"weight": hidden.T @ g_output, "bias": g_output.sum(axis=0)},
    }  # one of the four is wrong


print(check(loss, network, gradient=gradient))
