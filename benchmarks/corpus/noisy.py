"""Functions with noise in their values, and solvers stopped early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from benchmarks.case import Array, Case, Category, Maths, Plain, define
from benchmarks.corpus.smooth import (
    log_sum_exp,
    rosenbrock,
    rosenbrock_slopes,
    softmax,
)
from benchmarks.noise import (
    HashNoise,
    RandomNoise,
    Shape,
    pseudo_uniform,
    seeded,
)


@final
@dataclass(frozen=True)
class Bisection:
    """sqrt(x) for x in (1, 4) by 20 halvings of [1, 2]: right to 1e-6, a staircase."""

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, 1)."""
        x = points[:, 0]
        low, high = np.ones(len(x)), np.full(len(x), 2.0)
        for _ in range(20):
            middle = (low + high) / 2
            inside = middle**2 < x
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return (low + high) / 2


@final
@dataclass(frozen=True)
class Kepler:
    """Kepler's equation E = x + e sin E by fixed-point steps until one is < 1e-6.

    Every point starts from another guess, as after a warm start, so that the error
    left over differs from point to point.
    """

    eccentricity: float = 0.3

    def __call__(self, points: Array) -> Array:
        """Eccentric anomalies (P,) at mean anomalies (P, 1)."""
        if np.iscomplexobj(points):
            raise TypeError("this function takes real points only")
        mean = points[:, 0]
        now = mean + 2 * self.eccentricity * (pseudo_uniform(points, 7) - 0.5)
        moving = np.ones(len(mean), dtype=bool)
        while moving.any():
            after = mean + self.eccentricity * np.sin(now)
            moving = np.abs(after - now) >= 1e-6
            now = np.where(moving, after, now)
        return mean + self.eccentricity * np.sin(now)


def _kepler(m: Maths, x: Any) -> Any:
    """The same, converged: the contraction 0.3 to the power 120 is below 1e-60."""
    anomaly = x[0]
    for _ in range(120):
        anomaly = x[0] + 0.3 * m.sin(anomaly)
    return anomaly


def _wave(m: Maths, x: Any) -> Any:
    return m.sin(x[0]) + 2


def _wave_slopes(m: Maths, x: Any) -> Any:
    return [m.cos(x[0])]


def exponential(m: Maths, x: Any) -> Any:
    return m.exp(x[0])


def exponential_slopes(m: Maths, x: Any) -> Any:
    return [m.exp(x[0])]


def bowl(_: Maths, x: Any) -> Any:
    return x[0] ** 2 + 3 * x[0] * x[1] + 5 * x[1] ** 2


def bowl_slopes(_: Maths, x: Any) -> Any:
    return [2 * x[0] + 3 * x[1], 3 * x[0] + 10 * x[1]]


def logarithm(m: Maths, x: Any) -> Any:
    return m.log(x[0])


def logarithm_slopes(_: Maths, x: Any) -> Any:
    return [1 / x[0]]


def hill(_: Maths, x: Any) -> Any:
    return 1 / (1 + x[0] ** 2)


def hill_slopes(_: Maths, x: Any) -> Any:
    return [-2 * x[0] / (1 + x[0] ** 2) ** 2]


def _quintic(_: Maths, x: Any) -> Any:
    return x[0] ** 5 - 3 * x[0] ** 2 + x[0]


def _quintic_slopes(_: Maths, x: Any) -> Any:
    return [5 * x[0] ** 4 - 6 * x[0] + 1]


def _fast_wave(m: Maths, x: Any) -> Any:
    return m.sin(20 * x[0])


def _fast_wave_slopes(m: Maths, x: Any) -> Any:
    return [20 * m.cos(20 * x[0])]


NOISY: tuple[Case, ...] = (
    define(
        "wave, noise 1e-12",
        Category.NOISY,
        _wave,
        slopes=_wave_slopes,
        at=[1.3],
        noisy=HashNoise(Plain(_wave), 1e-12, salt=1),
    ),
    define(
        "exponential, gaussian noise 1e-10",
        Category.NOISY,
        exponential,
        slopes=exponential_slopes,
        at=[1.0],
        noisy=HashNoise(Plain(exponential), 1e-10, Shape.GAUSSIAN, salt=2),
    ),
    define(
        "bowl, noise 1e-8",
        Category.NOISY,
        bowl,
        slopes=bowl_slopes,
        at=[1.7, -0.4],
        noisy=HashNoise(Plain(bowl), 1e-8, salt=3),
    ),
    define(
        "fast wave, gaussian noise 1e-8",
        Category.NOISY,
        _fast_wave,
        slopes=_fast_wave_slopes,
        at=[0.71],
        noisy=HashNoise(Plain(_fast_wave), 1e-8, Shape.GAUSSIAN, salt=4),
    ),
    define(
        "logarithm, random noise 1e-7",
        Category.NOISY,
        logarithm,
        slopes=logarithm_slopes,
        at=[12.0],
        noisy=RandomNoise(Plain(logarithm), 1e-7, seeded(5)),
    ),
    define(
        "Rosenbrock, noise 1e-6",
        Category.NOISY,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=[-1.2, 1.0],
        noisy=HashNoise(Plain(rosenbrock), 1e-6, salt=6),
    ),
    define(
        "log-sum-exp, random noise 1e-6",
        Category.NOISY,
        log_sum_exp,
        slopes=softmax,
        at=[0.3, -1.0, 0.8],
        noisy=RandomNoise(Plain(log_sum_exp), 1e-6, seeded(6)),
    ),
    define(
        "hill, noise 1e-5",
        Category.NOISY,
        hill,
        slopes=hill_slopes,
        at=[0.6],
        noisy=HashNoise(Plain(hill), 1e-5, salt=7),
    ),
    define(
        "exponential, random noise 1e-4",
        Category.NOISY,
        exponential,
        slopes=exponential_slopes,
        at=[-0.8],
        noisy=RandomNoise(Plain(exponential), 1e-4, seeded(8)),
    ),
    define(
        "quintic, gaussian noise 1e-3",
        Category.NOISY,
        _quintic,
        slopes=_quintic_slopes,
        at=[2.0],
        noisy=HashNoise(Plain(_quintic), 1e-3, Shape.GAUSSIAN, salt=9),
    ),
    define(
        "wave, random noise 1e-3",
        Category.NOISY,
        _wave,
        slopes=_wave_slopes,
        at=[0.5],
        noisy=RandomNoise(Plain(_wave), 1e-3, seeded(10)),
    ),
    define(
        "square root by bisection to 1e-6",
        Category.NOISY,
        lambda m, x: m.sqrt(x[0]),
        slopes=lambda m, x: [0.5 / m.sqrt(x[0])],
        at=[2.3],
        noisy=Bisection(),
    ),
    define(
        "Kepler's equation to 1e-6",
        Category.NOISY,
        _kepler,
        slopes=lambda m, x: [1 / (1 - 0.3 * m.cos(_kepler(m, x)))],
        at=[1.1],
        noisy=Kepler(),
    ),
)
