"""Functions with an edge of their domain nearby."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, Plain, define
from benchmarks.noise import Raises


def _root(m: Maths, x: Any) -> Any:
    return m.sqrt(x[0] - 1)


def _log(m: Maths, x: Any) -> Any:
    return m.log(1 - x[0])


def _entropy(m: Maths, x: Any) -> Any:
    return -x[0] * m.log(x[0]) - (1 - x[0]) * m.log(1 - x[0])


def _barrier(m: Maths, x: Any) -> Any:
    return x[0] + 2 * x[1] - m.log(x[0]) - m.log(x[1]) - m.log(3 - x[0] - x[1])


def _barrier_slopes(_: Maths, x: Any) -> Any:
    slack = 1 / (3 - x[0] - x[1])
    return [1 - 1 / x[0] + slack, 2 - 1 / x[1] + slack]


DOMAIN: tuple[Case, ...] = (
    define(
        "logarithm, edge at 0.1",
        Category.DOMAIN,
        lambda m, x: m.log(x[0] - 1),
        slopes=lambda _, x: [1 / (x[0] - 1)],
        at=[1.1],
    ),
    define(
        "square root, edge at 0.01",
        Category.DOMAIN,
        _root,
        slopes=lambda m, x: [0.5 / m.sqrt(x[0] - 1)],
        at=[1.01],
    ),
    define(
        "square root, edge at 1e-4",
        Category.DOMAIN,
        _root,
        slopes=lambda m, x: [0.5 / m.sqrt(x[0] - 1)],
        at=[1.0001],
    ),
    define(
        "arcsine, edge at 1e-3",
        Category.DOMAIN,
        lambda m, x: m.arcsin(x[0]),
        slopes=lambda m, x: [1 / m.sqrt((1 - x[0]) * (1 + x[0]))],
        at=[0.999],
    ),
    define(
        "arccosine, edge at 1e-6",
        Category.DOMAIN,
        lambda m, x: m.arccos(x[0]),
        slopes=lambda m, x: [-1 / m.sqrt((1 - x[0]) * (1 + x[0]))],
        at=[-1 + 1e-6],
    ),
    define(
        "logarithm, edge at 1e-5",
        Category.DOMAIN,
        _log,
        slopes=lambda _, x: [-1 / (1 - x[0])],
        at=[0.99999],
    ),
    define(
        "log-gamma, edge at 3e-3",
        Category.DOMAIN,
        lambda m, x: m.gammaln(m.sqrt(x[0] - 3)),
        slopes=lambda m, x: [m.digamma(m.sqrt(x[0] - 3)) / (2 * m.sqrt(x[0] - 3))],
        at=[3.01],
    ),
    define(
        "inverse hyperbolic cosine, edge at 1e-3",
        Category.DOMAIN,
        lambda m, x: m.arccosh(x[0]),
        slopes=lambda m, x: [1 / m.sqrt((x[0] - 1) * (x[0] + 1))],
        at=[1.001],
    ),
    define(
        "inverse hyperbolic tangent, edge at 0.01",
        Category.DOMAIN,
        lambda m, x: m.arctanh(x[0]),
        slopes=lambda _, x: [1 / ((1 - x[0]) * (1 + x[0]))],
        at=[0.99],
    ),
    define(
        "entropy, edge at 1e-4",
        Category.DOMAIN,
        _entropy,
        slopes=lambda m, x: [m.log((1 - x[0]) / x[0])],
        at=[0.9999],
    ),
    define(
        "log barrier in 2",
        Category.DOMAIN,
        _barrier,
        slopes=_barrier_slopes,
        at=[1.2, 1.79],
    ),
    define(
        "NaN beyond an edge at 1e-6",
        Category.DOMAIN,
        lambda m, x: np.where(x[0] <= 1, m.exp(x[0]), np.nan),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[1 - 1e-6],
    ),
    define(
        "NaN beyond the point itself",
        Category.DOMAIN,
        lambda m, x: m.exp(x[0]),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[1.0],
        f=Plain(lambda m, x: np.where(x[0] <= 1, m.exp(x[0]), np.nan)),
    ),
    define(
        "square root that raises, edge at 0.01",
        Category.DOMAIN,
        lambda m, x: x[0] * m.sqrt(2 - x[0]),
        slopes=lambda m, x: [(4 - 3 * x[0]) / (2 * m.sqrt(2 - x[0]))],
        at=[1.98],
        f=Raises(lambda m, x: x[0] * m.sqrt(2 - x[0])),
        batched=False,
    ),
    define(
        "logarithm that raises, edge at 1e-4",
        Category.DOMAIN,
        lambda m, x: m.log(x[0] - 5) * x[1],
        slopes=lambda m, x: [x[1] / (x[0] - 5), m.log(x[0] - 5)],
        at=[5.0005, 2.0],
        f=Raises(lambda m, x: m.log(x[0] - 5) * x[1]),
        batched=False,
    ),
)
