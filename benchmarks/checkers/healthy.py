"""Ordinary right gradients of 1 to 100 entries, each formula in NumPy, torch and JAX.

They are what a user checks most days: nothing is hard about them, so that what a check
costs is all that is seen of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

__all__ = ["HEALTHY", "Healthy"]

Floats: TypeAlias = np.ndarray
Function: TypeAlias = Callable[[Any], Any]


@final
@dataclass(frozen=True, eq=False)
class Healthy:
    """A function of a vector with its gradient by hand.

    x : (n) the point.
    within : given numpy, torch or jax.numpy, the function in it.
    gradient : (n) -> (n) the gradient, in NumPy.
    """

    name: str
    x: Floats
    within: Callable[[Any], Function]
    gradient: Callable[[Floats], Floats]


def _wave() -> Healthy:
    def within(xp: Any) -> Function:
        return lambda x: (xp.exp(x) * xp.sin(2 * x)).sum()

    def gradient(x: Floats) -> Floats:
        return np.exp(x) * (np.sin(2 * x) + 2 * np.cos(2 * x))

    return Healthy("exp x sin 2x", np.array([0.7]), within, gradient)


def _rosenbrock(n: int) -> Healthy:
    def within(xp: Any) -> Function:
        del xp

        def f(x: Any) -> Any:
            ahead, here = x[1:], x[:-1]
            return (100 * (ahead - here**2) ** 2 + (1 - here) ** 2).sum()

        return f

    def gradient(x: Floats) -> Floats:
        bend = x[1:] - x[:-1] ** 2
        slope = np.zeros_like(x)
        slope[:-1] = -400 * x[:-1] * bend - 2 * (1 - x[:-1])
        slope[1:] += 200 * bend
        return slope

    x = np.random.default_rng([1, n]).standard_normal(n)
    return Healthy("Rosenbrock", x, within, gradient)


def _least_squares(n: int) -> Healthy:
    random = np.random.default_rng([2, n])
    A, b = random.standard_normal((3 * n, n)), random.standard_normal(3 * n)

    def within(xp: Any) -> Function:
        rows, targets = xp.asarray(A), xp.asarray(b)
        return lambda x: ((rows @ x - targets) ** 2).sum() + 0.1 * (x**2).sum()

    def gradient(x: Floats) -> Floats:
        return 2 * A.T @ (A @ x - b) + 0.2 * x

    return Healthy("ridge regression", random.standard_normal(n), within, gradient)


def _log_sum(n: int) -> Healthy:
    def within(xp: Any) -> Function:
        return lambda x: xp.log(xp.exp(x).sum())

    def gradient(x: Floats) -> Floats:
        return np.exp(x) / np.exp(x).sum()

    x = np.random.default_rng([3, n]).standard_normal(n)
    return Healthy("log-sum-exp", x, within, gradient)


def _logistic(n: int) -> Healthy:
    random = np.random.default_rng([4, n])
    A = random.standard_normal((200, n))
    signs = np.sign(random.standard_normal(200))

    def within(xp: Any) -> Function:
        rows, ways = xp.asarray(A), xp.asarray(signs)
        return lambda x: xp.log1p(xp.exp(-ways * (rows @ x))).mean()

    def gradient(x: Floats) -> Floats:
        margin = signs * (A @ x)
        return A.T @ (-signs / (1 + np.exp(margin))) / 200

    x = 0.3 * random.standard_normal(n)
    return Healthy("logistic regression", x, within, gradient)


def _network(inside: int, hidden: int) -> Healthy:
    random = np.random.default_rng([5, inside, hidden])
    X, y = random.standard_normal((32, inside)), random.standard_normal(32)
    cut = inside * hidden

    def within(xp: Any) -> Function:
        rows, targets = xp.asarray(X), xp.asarray(y)

        def f(x: Any) -> Any:
            weights, out = x[:cut].reshape(inside, hidden), x[cut:]
            return ((xp.tanh(rows @ weights) @ out - targets) ** 2).mean()

        return f

    def gradient(x: Floats) -> Floats:
        weights, out = x[:cut].reshape(inside, hidden), x[cut:]
        units = np.tanh(X @ weights)
        error = 2 * (units @ out - y) / y.size
        back = error[:, None] * out * (1 - units**2)
        return np.concatenate([(X.T @ back).reshape(-1), units.T @ error])

    x = 0.5 * random.standard_normal(cut + hidden)
    return Healthy("tanh network", x, within, gradient)


def _quadratic(n: int) -> Healthy:
    random = np.random.default_rng([6, n])
    A = random.standard_normal((n, n))
    A = A @ A.T / n + np.eye(n)

    def within(xp: Any) -> Function:
        matrix = xp.asarray(A)
        return lambda x: x @ (matrix @ x)

    def gradient(x: Floats) -> Floats:
        return 2 * A @ x

    return Healthy("quadratic form", random.standard_normal(n), within, gradient)


def _likelihood(n: int) -> Healthy:
    """Of normal data, by its mean (first half of x) and log of its spread."""
    random = np.random.default_rng([7, n])
    half = n // 2
    data = random.standard_normal(half)

    def within(xp: Any) -> Function:
        seen = xp.asarray(data)

        def f(x: Any) -> Any:
            mean, spread = x[:half], x[half:]
            return (spread + 0.5 * (seen - mean) ** 2 * xp.exp(-2 * spread)).sum()

        return f

    def gradient(x: Floats) -> Floats:
        mean, spread = x[:half], x[half:]
        precise = np.exp(-2 * spread)
        off = mean - data
        return np.concatenate([off * precise, 1 - off**2 * precise])

    x = 0.5 * random.standard_normal(n)
    return Healthy("normal likelihood", x, within, gradient)


HEALTHY: Sequence[Healthy] = (
    _wave(),
    _rosenbrock(2),
    _least_squares(5),
    _log_sum(10),
    _logistic(20),
    _network(6, 4),
    _quadratic(50),
    _network(10, 6),
    _likelihood(80),
    _rosenbrock(100),
    _least_squares(100),
)
