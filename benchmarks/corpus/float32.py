"""Functions evaluated, or only stored, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, define
from benchmarks.corpus.noisy import (
    bowl,
    bowl_slopes,
    exponential,
    exponential_slopes,
    hill,
    hill_slopes,
    logarithm,
    logarithm_slopes,
)
from benchmarks.corpus.smooth import (
    log_sum_exp,
    rosenbrock,
    rosenbrock_slopes,
    softmax,
)
from benchmarks.noise import Float32, Rounded


def _mean_square(_: Maths, x: Any) -> Any:
    return np.mean(x**2, axis=0)


def _polynomial(_: Maths, x: Any) -> Any:
    return ((x[0] - 3) * x[0] + 2) * x[0] - 1


def _softplus(m: Maths, x: Any) -> Any:
    return m.log(1 + m.exp(2 * x[0] - x[1]))


def _softplus_slopes(m: Maths, x: Any) -> Any:
    share = 1 / (1 + m.exp(x[1] - 2 * x[0]))
    return [2 * share, -share]


FLOAT32: tuple[Case, ...] = (
    define(
        "sine in float32",
        Category.FLOAT32,
        lambda m, x: m.sin(x[0]),
        slopes=lambda m, x: [m.cos(x[0])],
        at=[1.0],
        noisy=Float32(lambda m, x: m.sin(x[0])),
    ),
    define(
        "exponential in float32, widened",
        Category.FLOAT32,
        exponential,
        slopes=exponential_slopes,
        at=[2.2],
        noisy=Float32(exponential, widen=True),
    ),
    define(
        "bowl in float32",
        Category.FLOAT32,
        bowl,
        slopes=bowl_slopes,
        at=[1.1, 0.3],
        noisy=Float32(bowl),
    ),
    define(
        "Rosenbrock in float32, widened",
        Category.FLOAT32,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=[-1.2, 1.0, 0.7],
        noisy=Float32(rosenbrock, widen=True),
    ),
    define(
        "log-sum-exp in float32",
        Category.FLOAT32,
        log_sum_exp,
        slopes=softmax,
        at=[1.0, -0.5, 2.0, 0.1],
        noisy=Float32(log_sum_exp),
    ),
    define(
        "mean square of 4 in float32",
        Category.FLOAT32,
        _mean_square,
        slopes=lambda _, x: 2 * x / len(x),
        at=[0.5, -1.5, 30.0, 2.0],
        noisy=Float32(_mean_square),
    ),
    define(
        "cubic in float32",
        Category.FLOAT32,
        _polynomial,
        slopes=lambda _, x: [(3 * x[0] - 6) * x[0] + 2],
        at=[4.1],
        noisy=Float32(_polynomial),
    ),
    define(
        "reciprocal in float32, widened",
        Category.FLOAT32,
        lambda _, x: 1 / (1 + x[0]),
        slopes=lambda _, x: [-1 / (1 + x[0]) ** 2],
        at=[0.37],
        noisy=Float32(lambda _, x: 1 / (1 + x[0]), widen=True),
    ),
    define(
        "softplus in float32",
        Category.FLOAT32,
        _softplus,
        slopes=_softplus_slopes,
        at=[0.6, -0.9],
        noisy=Float32(_softplus),
    ),
    define(
        "logarithm stored as float32",
        Category.FLOAT32,
        logarithm,
        slopes=logarithm_slopes,
        at=[5.0],
        noisy=Rounded(logarithm),
    ),
    define(
        "hill stored as float32",
        Category.FLOAT32,
        hill,
        slopes=hill_slopes,
        at=[-0.8],
        noisy=Rounded(hill),
    ),
)
