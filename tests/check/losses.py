"""A small classifier's loss and its gradient, by hand: the check's standing example."""

import numpy as np

RANDOM = np.random.default_rng(7)
IMAGES = RANDOM.normal(size=(40, 5))
LABELS = RANDOM.integers(0, 3, size=40)
WEIGHTS = RANDOM.normal(size=(5, 3))
DECAY = 0.05


def loss(weights):
    """Mean cross-entropy of softmax regression plus decay * |weights|**2."""
    scores = IMAGES @ weights
    scores = scores - scores.max(axis=1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -logs[np.arange(40), LABELS].mean() + DECAY * (weights**2).sum()


def slopes(weights):
    """Gradient of the loss: images' (p - y) / N + 2 decay weights."""
    scores = IMAGES @ weights
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(40), LABELS] -= 1
    return IMAGES.T @ shares / 40 + 2 * DECAY * weights
