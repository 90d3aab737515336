"""Perceptrons in float32: kinks at every scale that rounding lets see."""

import numpy as np
import pytest

from clinometer import Verdict, check

f4 = np.float32


def perceptron(seed, *, samples, inputs, hidden, outputs, size):
    """Cross-entropy of a ReLU perceptron in float32, its gradient, and weights."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(samples, inputs)).astype(f4)
    labels = rng.integers(0, outputs, samples)
    first = (rng.normal(size=(inputs, hidden)) * size).astype(f4)
    second = (rng.normal(size=(hidden, outputs)) * size).astype(f4)
    rows = np.arange(samples)

    def forward(w):
        before = data @ w
        scores = np.maximum(before, 0) @ second
        scores -= scores.max(axis=1, keepdims=True)
        weights = np.exp(scores)
        return before, scores, weights / weights.sum(axis=1, keepdims=True)

    def loss(w):
        _, scores, _ = forward(w)
        return np.mean(
            np.log(np.exp(scores).sum(axis=1)) - scores[rows, labels], dtype=f4
        )

    def gradient(w):
        before, _, share = forward(w)
        share[rows, labels] -= 1
        back = (share / f4(samples)) @ second.T
        return data.T @ (back * (before > 0))

    return loss, gradient, first


BUSY = {"samples": 16, "inputs": 10, "hidden": 30, "outputs": 4, "size": 0.3}
CALM = {"samples": 4, "inputs": 5, "hidden": 8, "outputs": 3, "size": 0.5}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", [BUSY, CALM], ids=["busy", "calm"])
def test_a_right_gradient_among_many_kinks_is_not_called_wrong(form, seed):
    f, g, x = perceptron(seed, **form)
    report = check(f, x, gradient=g, entries=0, upcast=False, probes=False, seed=seed)
    assert report.verdict is not Verdict.DIFFERS


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", [BUSY, CALM], ids=["busy", "calm"])
def test_a_gradient_twice_as_large_is_seen_among_them(form, seed):
    f, g, x = perceptron(seed, **form)
    report = check(
        f, x, gradient=lambda w: 2 * g(w), entries=0, upcast=False, probes=False
    )
    assert report.verdict is Verdict.DIFFERS
