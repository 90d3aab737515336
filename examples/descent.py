"""Gradient descent under exact and numerical gradients: same way, different price.

Softmax regression on 300 handwritten digits, shrunk to 4 x 4 pixels. Prints what each
descent spent, and draws loss against iterations, evaluations and seconds.
"""

import numpy as np
from sklearn.datasets import load_digits

from clinometer import minimise
from clinometer.descend import (
    Analytic,
    Barred,
    CentralDifferences,
    ForwardDifferences,
    GradientDescent,
    RandomDirections,
    Stop,
    compare,
)
from clinometer.show import draw_descent

images, labels = load_digits(return_X_y=True)
X = images[:300].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16) / 16
Y = np.eye(10)[labels[:300]]


def loss(W):  # of many W (P, 16, 10) at once
    scores = X @ W
    top = scores.max(axis=-1)
    log_sum = top + np.log(np.exp(scores - top[..., None]).sum(axis=-1))
    return (log_sum - (scores * Y).sum(axis=-1)).mean(axis=-1)


def gradient(W):
    odds = np.exp(X @ W)
    return X.T @ (odds / odds.sum(axis=1, keepdims=True) - Y) / len(X)


def main():
    slopes = [
        Analytic(gradient),
        ForwardDifferences(),
        CentralDifferences(),
        Barred(rtol=1e-6),
        RandomDirections(16),
    ]
    traces = [
        minimise(
            loss,
            np.zeros((16, 10)),
            GradientDescent(1.0),
            slope,
            stop=Stop(iterations=8),
            batched=True,
            memory=2**17,  # bytes of W at once: their scores then fit the caches
        )
        for slope in slopes
    ]
    print(compare(*traces))
    print(draw_descent(traces, "out/descent.png"))


if __name__ == "__main__":
    main()
