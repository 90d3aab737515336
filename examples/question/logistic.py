"""Logistic regression with labels -1 and +1: what its gradient costs.

L(w) = mean log(1 + exp(-y (X w))), so that dL/dw = -Xᵀ (y σ(-y X w)) / m: two products
with X for the whole gradient, against one for each of n + 1 values of L. Memoized
differences change one column of X w at a time and come down to a few products, too.
"""

import jax
import jax.numpy as jnp
import numpy as np

from clinometer import check, cost

jax.config.update("jax_enable_x64", True)


def problem(n, m=100, seed=0):
    """Loss, its gradient by the formula and a point: n weights, m samples."""
    rng = np.random.default_rng(seed)
    X = jnp.asarray(rng.normal(size=(m, n)))
    y = jnp.asarray(np.sign(rng.normal(size=m)))

    def loss(w):
        return jnp.log1p(jnp.exp(-y * (X @ w))).mean()

    def gradient(w):
        return -X.T @ (y * jax.nn.sigmoid(-y * (X @ w))) / m

    return loss, gradient, jnp.asarray(rng.normal(size=n) / np.sqrt(n))


def main():
    loss, gradient, w = problem(500)
    print(check(loss, w, gradient=gradient).verdict.value)
    print(cost(loss, w))


if __name__ == "__main__":
    main()
