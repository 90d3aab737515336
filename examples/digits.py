"""The main job: the gradients of one real classifier, checked with error bars.

Softmax regression on scikit-learn's handwritten digits (1,797 images of 8 x 8 pixels):

    L(W) = 1/N sum_i L_i(W) + lambda ||W||^2,   L_i = log sum_c exp(x_i W)_c - (x_i W)_y

Run it with `make demo`, or `python -m examples.digits` where clinometer[demo] is
installed. It prints five reports and writes a picture of error against step to out/.
"""

import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.datasets import load_digits

from clinometer import Report, check
from clinometer.show import draw_step_curve, step_curve

LAMBDA = 1e-3  # strength of the regulariser
RATE, STEPS = 0.5, 200  # plain gradient descent
PICTURE = Path("out/digits-step-curve")

# --- the loss and its gradient, by hand, in NumPy -----------------------------

images, labels = load_digits(return_X_y=True)
X = images / 16  # (N, 64) grey values in [0, 1]
Y = np.eye(10)[labels]  # (N, 10) one-hot classes
N = len(X)


def loss(W):
    scores = X @ W
    top = scores.max(axis=1)
    log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return (log_sum - (scores * Y).sum(axis=1)).mean() + LAMBDA * (W * W).sum()


def forgetful_gradient(W):
    """The gradient as it is often written: the regulariser's part is missing."""
    scores = X @ W
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return X.T @ (odds / odds.sum(axis=1, keepdims=True) - Y) / N


def gradient(W):
    return forgetful_gradient(W) + 2 * LAMBDA * W


def train(slope: Callable):
    W = 0.01 * np.random.default_rng(0).standard_normal((64, 10))
    for _ in range(STEPS):
        W = W - RATE * slope(W)
    return W, (np.argmax(X @ W, axis=1) == labels).mean()


# --- the same loss in torch, with a backward of our own -----------------------


class SoftmaxLoss(torch.autograd.Function):
    """Mean cross-entropy of X @ W against one-hot Y."""

    @staticmethod
    def forward(ctx, W, X, Y):
        scores = X @ W
        ctx.save_for_backward(scores, X, Y)
        return (torch.logsumexp(scores, 1) - (scores * Y).sum(1)).mean()

    @staticmethod
    def backward(ctx, grad):
        scores, X, Y = ctx.saved_tensors
        return grad * X.T @ (torch.softmax(scores, 1) - Y) / len(X), None, None


def torch_loss(W):
    cross_entropy = SoftmaxLoss.apply(W, torch.from_numpy(X), torch.from_numpy(Y))
    return cross_entropy + LAMBDA * (W * W).sum()


# --- the same loss in JAX, with a rule of our own -----------------------------


@jax.custom_vjp
def softmax_loss(W, X, Y):
    scores = X @ W
    return (jax.nn.logsumexp(scores, axis=1) - (scores * Y).sum(1)).mean()


def softmax_loss_forward(W, X, Y):
    return softmax_loss(W, X, Y), (X @ W, X, Y)


def softmax_loss_backward(saved, grad):
    scores, X, Y = saved
    return grad * X.T @ (jax.nn.softmax(scores, axis=1) - Y) / len(X), None, None


softmax_loss.defvjp(softmax_loss_forward, softmax_loss_backward)


@jax.jit
def jax_loss(W):
    X_, Y_ = jnp.asarray(X, W.dtype), jnp.asarray(Y, W.dtype)
    return softmax_loss(W, X_, Y_) + LAMBDA * (W * W).sum()


# --- the job ------------------------------------------------------------------


def show(title: str, report: Report) -> None:
    print(f"\n{title}\n{'-' * len(title)}\n{report}")


def main() -> None:
    start = time.perf_counter()
    jax.config.update("jax_enable_x64", True)
    W, right = train(gradient)
    _, also_right = train(forgetful_gradient)
    print(f"""\
Softmax regression on {N:,} handwritten digits: W is 64 x 10, {LAMBDA = }.
Trained with the right gradient it reads {right:.1%} of the images, with the
regulariser's gradient forgotten {also_right:.1%}: only a check tells them apart.""")

    show("1. NumPy, by hand", check(loss, W, gradient=gradient))
    show(
        "2. NumPy, by hand, the regulariser's gradient forgotten",
        check(loss, W, gradient=forgetful_gradient),
    )
    show("3. torch.autograd.Function", check(torch_loss, torch.from_numpy(W)))
    show("4. jax.custom_vjp", check(jax_loss, jnp.asarray(W), vmap=True))
    show(
        "5. jax.custom_vjp in float32: fewer digits, so entries are moved together",
        check(jax_loss, jnp.asarray(W, jnp.float32), vmap=True),
    )

    v = gradient(W)
    curve = step_curve(loss, W, v, truth=float((v * v).sum()))
    title = f"Slope of the loss on {N:,} digits along its gradient: error against step"
    print("\nError against step, for forward, central and extrapolated differences:")
    for suffix in (".png", ".svg"):
        print("   ", draw_step_curve(curve, PICTURE.with_suffix(suffix), title=title))
    print(f"Done in {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
