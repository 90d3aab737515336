"""Functions of 1,000 coordinates, all vectorised over points."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, Plain, define
from benchmarks.corpus.smooth import (
    log_sum_exp,
    rosenbrock,
    rosenbrock_slopes,
    softmax,
)
from benchmarks.noise import Float32, HashNoise

SIZE = 1000
PLACE = np.arange(1.0, SIZE + 1)
ORDINARY = np.random.default_rng(20).normal(size=SIZE)
POSITIVE = np.random.default_rng(21).uniform(0.5, 2.0, size=SIZE)
SPREAD = 10.0 ** np.linspace(-6, 6, SIZE)


def _column(values: Any, x: Any) -> Any:
    """Constants (n,) shaped to multiply coordinates x : (n, ...)."""
    return np.reshape(values, (SIZE,) + (1,) * (np.ndim(x) - 1))


def _weighted(_: Maths, x: Any) -> Any:
    return np.sum(_column(PLACE, x) * x**2, axis=0)


def _chain(_: Maths, x: Any) -> Any:
    return np.sum((x[1:] - x[:-1]) ** 2, axis=0) + np.sum(x**4, axis=0)


def _chain_slopes(_: Maths, x: Any) -> Any:
    slopes = 4 * x**3
    slopes[1:] += 2 * (x[1:] - x[:-1])
    slopes[:-1] -= 2 * (x[1:] - x[:-1])
    return slopes


def _spread(m: Maths, x: Any) -> Any:
    return np.sum(m.sin(x / _column(SPREAD, x)), axis=0)


def _spread_slopes(m: Maths, x: Any) -> Any:
    return m.cos(x / SPREAD) / SPREAD


def _bell(m: Maths, x: Any) -> Any:
    return m.exp(-np.sum(x**2, axis=0) / SIZE)


def _bell_slopes(m: Maths, x: Any) -> Any:
    return -2 * x / SIZE * _bell(m, x)


def _logs(m: Maths, x: Any) -> Any:
    return np.sum(x * m.log(x), axis=0)


def _mean_square(_: Maths, x: Any) -> Any:
    return np.mean(x**2, axis=0)


def _lasso(_: Maths, x: Any) -> Any:
    return np.sum(x**2 + 0.1 * np.abs(x), axis=0)


def _at_zero(m: Maths, x: Any) -> Any:
    return np.sum(m.exp(-_column(PLACE, x) / SIZE * x), axis=0)


LARGE: tuple[Case, ...] = (
    define(
        "weighted squares",
        Category.LARGE,
        _weighted,
        slopes=lambda _, x: 2 * PLACE * x,
        at=ORDINARY,
    ),
    define(
        "Rosenbrock in 1,000",
        Category.LARGE,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=POSITIVE,
    ),
    define(
        "log-sum-exp of 1,000",
        Category.LARGE,
        log_sum_exp,
        slopes=softmax,
        at=ORDINARY,
    ),
    define(
        "chain of springs",
        Category.LARGE,
        _chain,
        slopes=_chain_slopes,
        at=ORDINARY,
    ),
    define(
        "scales from 1e-6 to 1e6",
        Category.LARGE,
        _spread,
        slopes=_spread_slopes,
        at=SPREAD * ORDINARY,
    ),
    define(
        "bell in 1,000",
        Category.LARGE,
        _bell,
        slopes=_bell_slopes,
        at=ORDINARY,
    ),
    define(
        "entropy of 1,000",
        Category.LARGE,
        _logs,
        slopes=lambda m, x: m.log(x) + 1,
        at=POSITIVE,
    ),
    define(
        "exponentials at 0 in 1,000",
        Category.LARGE,
        _at_zero,
        slopes=lambda m, x: -PLACE / SIZE * m.exp(-PLACE / SIZE * x),
        at=np.zeros(SIZE),
    ),
    define(
        "lasso",
        Category.LARGE,
        _lasso,
        slopes=lambda _, x: 2 * x + 0.1 * np.sign(x),
        at=ORDINARY,
    ),
    define(
        "mean square, noise 1e-8",
        Category.LARGE,
        _mean_square,
        slopes=lambda _, x: 2 * x / SIZE,
        at=POSITIVE,
        noisy=HashNoise(Plain(_mean_square), 1e-8, salt=30),
    ),
    define(
        "mean square in float32",
        Category.LARGE,
        _mean_square,
        slopes=lambda _, x: 2 * x / SIZE,
        at=POSITIVE,
        noisy=Float32(_mean_square),
    ),
)
