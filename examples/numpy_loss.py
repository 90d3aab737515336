"""A NumPy loss with its gradient by hand: right, then with a factor forgotten."""

import numpy as np

from clinometer import check

rng = np.random.default_rng(0)
A, b = rng.standard_normal((20, 5)), rng.standard_normal(20)


def loss(x):
    """Squared distance of A x from b."""
    return ((A @ x - b) ** 2).sum()


def right(x):
    return 2 * A.T @ (A @ x - b)


def wrong(x):
    return A.T @ (A @ x - b)


x = rng.standard_normal(5)
print(check(loss, x, gradient=right))
print()
print(check(loss, x, gradient=wrong))
