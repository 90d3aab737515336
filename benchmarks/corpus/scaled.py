"""Functions whose coordinates have very different scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, define

PRICES = np.array([9.3, 11.2, 10.1, 8.7, 10.9, 12.4])
HILBERT = 1 / (np.arange(5)[:, None] + np.arange(5) + 1.0)


def _normal(m: Maths, x: Any) -> Any:
    """Minus log-likelihood of prices, normally distributed; x = (mean, deviation)."""
    squares = sum((price - x[0]) ** 2 for price in PRICES)
    return len(PRICES) * m.log(x[1]) + squares / (2 * x[1] ** 2)


def _normal_slopes(_: Maths, x: Any) -> Any:
    squares = sum((price - x[0]) ** 2 for price in PRICES)
    return [
        -sum(price - x[0] for price in PRICES) / x[1] ** 2,
        len(PRICES) / x[1] - squares / x[1] ** 3,
    ]


def _planck(m: Maths, x: Any) -> Any:
    """Planck's law; x = (frequency in Hz, temperature in K)."""
    return 1.4744992e-50 * x[0] ** 3 / m.expm1(4.799243e-11 * x[0] / x[1])


def _planck_slopes(m: Maths, x: Any) -> Any:
    ratio = 4.799243e-11 * x[0] / x[1]
    share = ratio * m.exp(ratio) / m.expm1(ratio)
    value = _planck(m, x)
    return [value / x[0] * (3 - share), value / x[1] * share]


def _hilbert(_: Maths, x: Any) -> Any:
    return sum(HILBERT[i, j] * x[i] * x[j] for i in range(5) for j in range(5))


def _powell(m: Maths, x: Any) -> Any:
    first = 1e4 * x[0] * x[1] - 1
    return first**2 + (m.exp(-x[0]) + m.exp(-x[1]) - 1.0001) ** 2


def _powell_slopes(m: Maths, x: Any) -> Any:
    first = 2 * (1e4 * x[0] * x[1] - 1)
    second = 2 * (m.exp(-x[0]) + m.exp(-x[1]) - 1.0001)
    return [
        first * 1e4 * x[1] - second * m.exp(-x[0]),
        first * 1e4 * x[0] - second * m.exp(-x[1]),
    ]


SCALED: tuple[Case, ...] = (
    define(
        "diagonal form of condition 1e12",
        Category.SCALED,
        lambda _, x: sum(10.0 ** (3 * i) * x[i] ** 2 for i in range(5)),
        slopes=lambda _, x: [2 * 10.0 ** (3 * i) * x[i] for i in range(5)],
        at=[1.0, -0.7, 1.3, 0.2, -2.1],
    ),
    define(
        "same form, balanced by x",
        Category.SCALED,
        lambda _, x: sum(10.0 ** (3 * i) * x[i] ** 2 for i in range(5)),
        slopes=lambda _, x: [2 * 10.0 ** (3 * i) * x[i] for i in range(5)],
        at=[1e3, -4e1, 1.3, 3e-2, -2.1e-3],
    ),
    define(
        "Hilbert form in 5",
        Category.SCALED,
        _hilbert,
        slopes=lambda _, x: [
            2 * sum(HILBERT[i, j] * x[j] for j in range(5)) for i in range(5)
        ],
        at=[1.0, 2.0, -1.0, 0.5, 1e-3],
    ),
    define(
        "waves of lengths 1e-8 and 1e8",
        Category.SCALED,
        lambda m, x: m.sin(1e8 * x[0]) + m.cos(1e-8 * x[1]),
        slopes=lambda m, x: [1e8 * m.cos(1e8 * x[0]), -1e-8 * m.sin(1e-8 * x[1])],
        at=[1.3e-8, 0.7e8],
    ),
    define(
        "product of 1e10 and 1e-10",
        Category.SCALED,
        lambda _, x: x[0] * x[1],
        slopes=lambda _, x: [x[1], x[0]],
        at=[1e10, 1e-10],
    ),
    define(
        "Arrhenius rate",
        Category.SCALED,
        lambda m, x: x[0] * m.exp(-x[1] / (8.314 * x[2])),
        slopes=lambda m, x: [
            m.exp(-x[1] / (8.314 * x[2])),
            -x[0] / (8.314 * x[2]) * m.exp(-x[1] / (8.314 * x[2])),
            x[0] * x[1] / (8.314 * x[2] ** 2) * m.exp(-x[1] / (8.314 * x[2])),
        ],
        at=[1e13, 8e4, 300.0],
    ),
    define(
        "Planck's law",
        Category.SCALED,
        _planck,
        slopes=_planck_slopes,
        at=[5e14, 5800.0],
    ),
    define(
        "van der Waals pressure",
        Category.SCALED,
        lambda _, x: 8.314 * x[1] / (x[0] - 4.27e-5) - 0.364 / x[0] ** 2,
        slopes=lambda _, x: [
            -8.314 * x[1] / (x[0] - 4.27e-5) ** 2 + 2 * 0.364 / x[0] ** 3,
            8.314 / (x[0] - 4.27e-5),
        ],
        at=[1.2e-4, 310.0],
    ),
    define(
        "normal likelihood",
        Category.SCALED,
        _normal,
        slopes=_normal_slopes,
        at=[1e-3, 1e2],
    ),
    define(
        "Powell's badly scaled function",
        Category.SCALED,
        _powell,
        slopes=_powell_slopes,
        at=[1.2e-5, 9.0],
    ),
    define(
        "one coordinate hardly matters",
        Category.SCALED,
        lambda m, x: x[0] ** 2 + 1e-2 * m.sin(x[1]),
        slopes=lambda m, x: [2 * x[0], 1e-2 * m.cos(x[1])],
        at=[3e2, 2e-2],
    ),
)
