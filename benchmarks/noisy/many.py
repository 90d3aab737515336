"""Problems 21 to 35 of Moré, Garbow & Hillstrom: as many variables as one likes."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS = 20
"""Residuals of the linear problems, 32 to 34, at 10 variables."""


def extended_rosenbrock(x: Any) -> Any:
    odd, even = x[0::2], x[1::2]
    return np.concatenate([10 * (even - odd**2), 1 - odd])


def extended_powell(x: Any) -> Any:
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    parts = [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2]
    return np.concatenate([*parts, np.sqrt(10) * (a - d) ** 2])


def penalty_1(x: Any) -> Any:
    return np.concatenate([np.sqrt(1e-5) * (x - 1), [(x**2).sum() - 0.25]])


def penalty_2(x: Any) -> Any:
    n = len(x)
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    grown = np.exp(x / 10)
    small = np.sqrt(1e-5)
    weights = np.arange(n, 0, -1)
    return np.concatenate(
        [
            [x[0] - 0.2],
            small * (grown[1:] + grown[:-1] - y),
            small * (grown[1:] - np.exp(-0.1)),
            [(weights * x**2).sum() - 1],
        ]
    )


def variably_dimensioned(x: Any) -> Any:
    total = (np.arange(1, len(x) + 1) * (x - 1)).sum()
    return np.concatenate([x - 1, [total, total**2]])


def trigonometric(x: Any) -> Any:
    n = len(x)
    i = np.arange(1, n + 1)
    return n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x: Any) -> Any:
    n = len(x)
    return np.concatenate([x[:-1] + x.sum() - (n + 1), [x.prod() - 1]])


def discrete_boundary(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    beside = np.concatenate([[0], x, [0]])
    bend = 2 * x - beside[:-2] - beside[2:]
    return bend + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    cubes = (x + t + 1) ** 3
    below, above = np.cumsum(t * cubes), (1 - t) * cubes
    rest = above.sum() - np.cumsum(above)
    return x + h * ((1 - t) * below + t * rest) / 2


def broyden_tridiagonal(x: Any) -> Any:
    beside = np.concatenate([[0], x, [0]])
    return (3 - 2 * x) * x - beside[:-2] - 2 * beside[2:] + 1


def broyden_banded(x: Any) -> Any:
    n = len(x)
    own = x * (1 + x)
    sums = [
        sum(own[j] for j in range(max(0, i - 5), min(n, i + 2)) if j != i)
        for i in range(n)
    ]
    return x * (2 + 5 * x**2) + 1 - np.array(sums)


def linear_full_rank(x: Any) -> Any:
    level = 2 * x.sum() / ROWS + 1
    return np.concatenate([x - level, np.full(ROWS - len(x), -level)])


def linear_rank_1(x: Any) -> Any:
    j = np.arange(1, len(x) + 1)
    return np.arange(1, ROWS + 1) * (j * x).sum() - 1


def linear_rank_1_inside(x: Any) -> Any:
    """Rank 1 with columns and rows of zeros."""
    j = np.arange(2, len(x))
    inner = (j * x[1:-1]).sum()
    return np.concatenate([[-1], np.arange(1, ROWS - 1) * inner - 1, [-1]])


def chebyquad(x: Any) -> Any:
    n = len(x)
    z = 2 * x - 1
    before, now = np.ones_like(z), z
    rows = []
    for i in range(1, n + 1):
        integral = -1 / (i**2 - 1) if i % 2 == 0 else 0.0
        rows.append(now.sum() / n - integral)
        before, now = now, 2 * z * now - before
    return np.array(rows)
