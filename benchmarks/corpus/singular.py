"""Functions near a pole, a branch point or a multiple root, and oscillating ones."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, define

# (x - 1)^7 multiplied out, highest power first: cancellation near the root is noise
SEVENTH = [float((-1) ** k * comb(7, k)) for k in range(8)]


def _horner(coefficients: list[float], x: Any) -> Any:
    value = coefficients[0] + 0 * x
    for c in coefficients[1:]:
        value = value * x + c
    return value


def _roots_1_to_12(_: Maths, x: Any) -> Any:
    value = 1 + 0 * x[0]
    for k in range(1, 13):
        value = value * (x[0] - k)
    return value


def _coulomb(_: Maths, x: Any) -> Any:
    return 1 / (x[1] - x[0]) + 1 / (x[2] - x[1]) + 1 / (x[2] - x[0])


def _coulomb_slopes(_: Maths, x: Any) -> Any:
    near, far, outer = (x[1] - x[0]) ** -2, (x[2] - x[1]) ** -2, (x[2] - x[0]) ** -2
    return [near + outer, far - near, -far - outer]


SINGULAR: tuple[Case, ...] = (
    define(
        "pole at distance 0.1",
        Category.SINGULAR,
        lambda _, x: 1 / (x[0] - 1),
        slopes=lambda _, x: [-1 / (x[0] - 1) ** 2],
        at=[1.1],
    ),
    define(
        "pole at distance 0.001",
        Category.SINGULAR,
        lambda _, x: 1 / (x[0] - 1),
        slopes=lambda _, x: [-1 / (x[0] - 1) ** 2],
        at=[1.001],
    ),
    define(
        "double pole at distance 1e-4",
        Category.SINGULAR,
        lambda _, x: 1 / (x[0] - 1) ** 2,
        slopes=lambda _, x: [-2 / (x[0] - 1) ** 3],
        at=[0.9999],
    ),
    define(
        "complex poles at distance 0.01",
        Category.SINGULAR,
        lambda _, x: (2 + x[0]) / ((x[0] - 1) ** 2 + 1e-4),
        slopes=lambda _, x: [
            1 / ((x[0] - 1) ** 2 + 1e-4)
            - (2 + x[0]) * 2 * (x[0] - 1) / ((x[0] - 1) ** 2 + 1e-4) ** 2
        ],
        at=[1.003],
    ),
    define(
        "tangent near its pole",
        Category.SINGULAR,
        lambda m, x: m.tan(x[0]),
        slopes=lambda m, x: [1 / m.cos(x[0]) ** 2],
        at=[1.569],
    ),
    define(
        "logarithm of a square",
        Category.SINGULAR,
        lambda m, x: m.log((x[0] - 1) ** 2),
        slopes=lambda _, x: [2 / (x[0] - 1)],
        at=[1.01],
    ),
    define(
        "reciprocal at 0.001",
        Category.SINGULAR,
        lambda _, x: 1 / x[0],
        slopes=lambda _, x: [-1 / x[0] ** 2],
        at=[1e-3],
    ),
    define(
        "seventh-fold root multiplied out",
        Category.SINGULAR,
        lambda _, x: _horner(SEVENTH, x[0]),
        slopes=lambda _, x: [7 * (x[0] - 1) ** 6],
        at=[1.05],
    ),
    define(
        "twelve roots",
        Category.SINGULAR,
        _roots_1_to_12,
        slopes=lambda m, x: [
            _roots_1_to_12(m, x) * sum(1 / (x[0] - k) for k in range(1, 13))
        ],
        at=[5.1],
    ),
    define(
        "rounded corner",
        Category.SINGULAR,
        lambda m, x: m.sqrt((x[0] - 1) ** 2 + 1e-6),
        slopes=lambda m, x: [(x[0] - 1) / m.sqrt((x[0] - 1) ** 2 + 1e-6)],
        at=[1.0005],
    ),
    define(
        "three charges",
        Category.SINGULAR,
        _coulomb,
        slopes=_coulomb_slopes,
        at=[0.1, 0.13, 5.0],
    ),
    define(
        "gamma near the pole at -1",
        Category.SINGULAR,
        lambda m, x: m.gamma(x[0]),
        slopes=lambda m, x: [m.gamma(x[0]) * m.digamma(x[0])],
        at=[-1.02],
    ),
    define(
        "Lennard-Jones inside the wall",
        Category.SINGULAR,
        lambda _, x: 4 * (x[0] ** -12 - x[0] ** -6),
        slopes=lambda _, x: [4 * (-12 * x[0] ** -13 + 6 * x[0] ** -7)],
        at=[0.6],
    ),
)


def _rastrigin(m: Maths, x: Any) -> Any:
    return sum(10 + x[i] ** 2 - 10 * m.cos(2 * np.pi * x[i]) for i in range(3))


def _ackley(m: Maths, x: Any) -> Any:
    radius = m.sqrt((x[0] ** 2 + x[1] ** 2) / 2)
    waves = (m.cos(2 * np.pi * x[0]) + m.cos(2 * np.pi * x[1])) / 2
    return 20 - 20 * m.exp(-0.2 * radius) - m.exp(waves)


def _ackley_slopes(m: Maths, x: Any) -> Any:
    radius = m.sqrt((x[0] ** 2 + x[1] ** 2) / 2)
    waves = (m.cos(2 * np.pi * x[0]) + m.cos(2 * np.pi * x[1])) / 2
    return [
        2 * m.exp(-0.2 * radius) * one / radius
        + np.pi * m.sin(2 * np.pi * one) * m.exp(waves)
        for one in x
    ]


def _griewank(m: Maths, x: Any) -> Any:
    squares = (x[0] ** 2 + x[1] ** 2 + x[2] ** 2) / 4000
    return 1 + squares - m.cos(x[0]) * m.cos(x[1] / 2) * m.cos(x[2] / 3)


def _griewank_slopes(m: Maths, x: Any) -> Any:
    a, b, c = m.cos(x[0]), m.cos(x[1] / 2), m.cos(x[2] / 3)
    return [
        x[0] / 2000 + m.sin(x[0]) * b * c,
        x[1] / 2000 + a * m.sin(x[1] / 2) / 2 * c,
        x[2] / 2000 + a * b * m.sin(x[2] / 3) / 3,
    ]


def _schwefel(m: Maths, x: Any) -> Any:
    return -(x[0] * m.sin(m.sqrt(x[0])) + x[1] * m.sin(m.sqrt(x[1])))


def _schwefel_slopes(m: Maths, x: Any) -> Any:
    return [-m.sin(m.sqrt(one)) - m.sqrt(one) / 2 * m.cos(m.sqrt(one)) for one in x]


OSCILLATING: tuple[Case, ...] = (
    define(
        "sin 50x",
        Category.OSCILLATING,
        lambda m, x: m.sin(50 * x[0]),
        slopes=lambda m, x: [50 * m.cos(50 * x[0])],
        at=[1.3],
    ),
    define(
        "sin 1000x",
        Category.OSCILLATING,
        lambda m, x: m.sin(1000 * x[0]),
        slopes=lambda m, x: [1000 * m.cos(1000 * x[0])],
        at=[1.0],
    ),
    define(
        "sin 131072x",
        Category.OSCILLATING,
        lambda m, x: m.sin(131072 * x[0]),
        slopes=lambda m, x: [131072 * m.cos(131072 * x[0])],
        at=[0.8],
    ),
    define(
        "sin 1/x",
        Category.OSCILLATING,
        lambda m, x: m.sin(1 / x[0]),
        slopes=lambda m, x: [-m.cos(1 / x[0]) / x[0] ** 2],
        at=[0.01],
    ),
    define(
        "sin x squared",
        Category.OSCILLATING,
        lambda m, x: m.sin(x[0] ** 2),
        slopes=lambda m, x: [2 * x[0] * m.cos(x[0] ** 2)],
        at=[30.0],
    ),
    define(
        "line with a ripple",
        Category.OSCILLATING,
        lambda m, x: x[0] + 1e-3 * m.sin(1e3 * x[0]),
        slopes=lambda m, x: [1 + 1e-3 * 1e3 * m.cos(1e3 * x[0])],
        at=[1.2],
    ),
    define(
        "damped cosine",
        Category.OSCILLATING,
        lambda m, x: m.cos(100 * x[0]) * m.exp(-x[0]),
        slopes=lambda m, x: [
            -m.exp(-x[0]) * (100 * m.sin(100 * x[0]) + m.cos(100 * x[0]))
        ],
        at=[2.0],
    ),
    define(
        "chirp",
        Category.OSCILLATING,
        lambda m, x: m.sin(m.exp(x[0])),
        slopes=lambda m, x: [m.exp(x[0]) * m.cos(m.exp(x[0]))],
        at=[6.0],
    ),
    define(
        "Rastrigin",
        Category.OSCILLATING,
        _rastrigin,
        slopes=lambda m, x: [
            2 * one + 20 * np.pi * m.sin(2 * np.pi * one) for one in x
        ],
        at=[1.2, -2.3, 0.4],
    ),
    define(
        "Ackley",
        Category.OSCILLATING,
        _ackley,
        slopes=_ackley_slopes,
        at=[1.6, -0.7],
    ),
    define(
        "Griewank",
        Category.OSCILLATING,
        _griewank,
        slopes=_griewank_slopes,
        at=[100.0, -250.0, 399.0],
    ),
    define(
        "Schwefel near its optimum",
        Category.OSCILLATING,
        _schwefel,
        slopes=_schwefel_slopes,
        at=[420.0, 203.0],
    ),
    define(
        "Bessel J0 of 256x",
        Category.OSCILLATING,
        lambda m, x: m.j0(256 * x[0]),
        slopes=lambda m, x: [-256 * m.j1(256 * x[0])],
        at=[0.11],
    ),
)
