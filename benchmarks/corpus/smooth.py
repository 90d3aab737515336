"""Smooth functions at ordinary points."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from benchmarks.case import Array, Case, Category, Maths, define

LABELLED = np.array(
    [[1.0, 0.5, -1.2], [1.0, -0.3, 0.8], [1.0, 1.7, 0.1], [1.0, -1.1, -0.6]]
)
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
TERMS = np.arange(1.0, 100_001.0)


def rosenbrock(_: Maths, x: Any) -> Any:
    """The chained Rosenbrock function of any dimension."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2, axis=0)


def rosenbrock_slopes(_: Maths, x: Any) -> Any:
    """Gradient of the chained Rosenbrock function."""
    inner = x[1:] - x[:-1] ** 2
    slopes = 0 * x
    slopes[:-1] += -400 * x[:-1] * inner - 2 * (1 - x[:-1])
    slopes[1:] += 200 * inner
    return slopes


def log_sum_exp(m: Maths, x: Any) -> Any:
    """log sum exp(x), without the usual shift."""
    return m.log(np.sum(m.exp(x), axis=0))


def softmax(m: Maths, x: Any) -> Any:
    """Gradient of log sum exp."""
    powers = m.exp(x - np.max(x))
    return powers / np.sum(powers)


def _margins(x: Any) -> Any:
    return [sum(SIGNS[i] * LABELLED[i, j] * x[j] for j in range(3)) for i in range(4)]


def _logistic(m: Maths, x: Any) -> Any:
    return sum(m.log1p(m.exp(-z)) for z in _margins(x))


def _logistic_slopes(m: Maths, x: Any) -> Any:
    weights = [-s / (1 + m.exp(z)) for s, z in zip(SIGNS, _margins(x), strict=True)]
    return [sum(weights[i] * LABELLED[i, j] for i in range(4)) for j in range(3)]


def _growth(m: Maths, x: Any) -> Any:
    """Runge-Kutta 4 for y' = r y (1 - y), 50 steps to time 2, from y0: x = (y0, r)."""
    return _growth_with_slopes(m, x)[0]


def _growth_with_slopes(_: Maths, x: Any) -> Any:
    """The solution and its derivatives by y0 and r, step by step."""
    y, r, h = x[0], x[1], 0.04
    by_y0, by_r = 1 + 0 * y, 0 * y

    def rate(z: Any, z_y0: Any, z_r: Any) -> Any:
        slope = r * (1 - 2 * z)
        return r * z * (1 - z), slope * z_y0, slope * z_r + z * (1 - z)

    for _ in range(50):
        state = (y, by_y0, by_r)
        k1 = rate(*state)
        k2 = rate(*(s + h / 2 * k for s, k in zip(state, k1, strict=True)))
        k3 = rate(*(s + h / 2 * k for s, k in zip(state, k2, strict=True)))
        k4 = rate(*(s + h * k for s, k in zip(state, k3, strict=True)))
        y, by_y0, by_r = (
            s + h / 6 * (a + 2 * b + 2 * c + d)
            for s, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)
        )
    return y, by_y0, by_r


@final
class _ManyTerms:
    """Mean over k = 1..100,000 of exp(-x k / 100,000), added term by term."""

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, 1)."""
        return np.array([np.exp(-x * TERMS / 1e5).sum() / 1e5 for x in points[:, 0]])


def _geometric(m: Maths, x: Any) -> Any:
    """The same mean as a geometric series."""
    return -m.expm1(-x[0]) / m.expm1(x[0] / 1e5) / 1e5


def _geometric_slopes(m: Maths, x: Any) -> Any:
    below = m.expm1(x[0] / 1e5)
    above = m.exp(-x[0]) * below + m.expm1(-x[0]) * (1 + below) / 1e5
    return [above / below**2 / 1e5]


SMOOTH: tuple[Case, ...] = (
    define(
        "quadratic bowl",
        Category.SMOOTH,
        lambda _, x: x[0] ** 2 + x[1] ** 2,
        slopes=lambda _, x: [2 * x[0], 2 * x[1]],
        at=[3.0, 4.0],
    ),
    define(
        "sum of cubes",
        Category.SMOOTH,
        lambda _, x: x[0] ** 3 + x[1] ** 3,
        slopes=lambda _, x: [3 * x[0] ** 2, 3 * x[1] ** 2],
        at=[2.0, -1.0],
    ),
    define(
        "exponential",
        Category.SMOOTH,
        lambda m, x: m.exp(x[0]),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[1.0],
    ),
    define(
        "Rosenbrock in 2",
        Category.SMOOTH,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=[-1.2, 1.0],
    ),
    define(
        "Rosenbrock in 4",
        Category.SMOOTH,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=[-1.2, 1.0, 0.7, 1.3],
    ),
    define(
        "log-sum-exp",
        Category.SMOOTH,
        log_sum_exp,
        slopes=softmax,
        at=[1.0, 2.0, 3.5],
    ),
    define(
        "damped wave",
        Category.SMOOTH,
        lambda m, x: x[0] * m.sin(x[0]) * m.exp(-x[0] / 3),
        slopes=lambda m, x: [
            m.exp(-x[0] / 3)
            * (m.sin(x[0]) + x[0] * m.cos(x[0]) - x[0] * m.sin(x[0]) / 3)
        ],
        at=[1.3],
    ),
    define(
        "Cobb-Douglas",
        Category.SMOOTH,
        lambda _, x: x[0] ** 0.3 * x[1] ** 0.7,
        slopes=lambda _, x: [
            0.3 * x[0] ** (0.3 - 1) * x[1] ** 0.7,
            0.7 * x[0] ** 0.3 * x[1] ** (0.7 - 1),
        ],
        at=[4.0, 9.0],
    ),
    define(
        "error function",
        Category.SMOOTH,
        lambda m, x: m.erf(x[0]),
        slopes=lambda m, x: [2 / np.sqrt(np.pi) * m.exp(-(x[0] ** 2))],
        at=[0.7],
    ),
    define(
        "gamma function",
        Category.SMOOTH,
        lambda m, x: m.gamma(x[0]),
        slopes=lambda m, x: [m.gamma(x[0]) * m.digamma(x[0])],
        at=[4.3],
    ),
    define(
        "Bessel J0",
        Category.SMOOTH,
        lambda m, x: m.j0(x[0]),
        slopes=lambda m, x: [-m.j1(x[0])],
        at=[2.5],
    ),
    define(
        "logistic loss",
        Category.SMOOTH,
        _logistic,
        slopes=_logistic_slopes,
        at=[0.4, -1.1, 0.9],
    ),
    define(
        "growth by Runge-Kutta 4",
        Category.SMOOTH,
        _growth,
        slopes=lambda m, x: _growth_with_slopes(m, x)[1:],
        at=[0.1, 1.7],
    ),
    define(
        "sum of 100,000 terms",
        Category.SMOOTH,
        _geometric,
        slopes=_geometric_slopes,
        at=[3.0],
        f=_ManyTerms(),
    ),
)
