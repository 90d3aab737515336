"""Functions at x = 0, and functions or points of tiny and huge magnitude."""

from __future__ import annotations

from typing import Any

from benchmarks.case import Case, Category, Maths, define
from benchmarks.corpus.smooth import rosenbrock, rosenbrock_slopes


def _cross_entropy(m: Maths, x: Any) -> Any:
    """Softmax loss of the first class, three logits."""
    return m.log(m.exp(x[0]) + m.exp(x[1]) + m.exp(x[2])) - x[0]


def _cross_entropy_slopes(m: Maths, x: Any) -> Any:
    total = m.exp(x[0]) + m.exp(x[1]) + m.exp(x[2])
    return [
        -(m.exp(x[1]) + m.exp(x[2])) / total,
        m.exp(x[1]) / total,
        m.exp(x[2]) / total,
    ]


ZERO: tuple[Case, ...] = (
    define(
        "sine at 0",
        Category.ZERO,
        lambda m, x: m.sin(x[0]),
        slopes=lambda m, x: [m.cos(x[0])],
        at=[0.0],
    ),
    define(
        "1 - cos x at 0",
        Category.ZERO,
        lambda m, x: 1 - m.cos(x[0]),
        slopes=lambda m, x: [m.sin(x[0])],
        at=[0.0],
    ),
    define(
        "exponential at 0",
        Category.ZERO,
        lambda m, x: m.exp(x[0]),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[0.0],
    ),
    define(
        "stiff exponential at 0",
        Category.ZERO,
        lambda m, x: m.exp(-100 * x[0]) + x[0],
        slopes=lambda m, x: [1 - 100 * m.exp(-100 * x[0])],
        at=[0.0],
    ),
    define(
        "steep switch at 0",
        Category.ZERO,
        lambda m, x: m.tanh(1000 * x[0]),
        slopes=lambda m, x: [1000 / m.cosh(1000 * x[0]) ** 2],
        at=[0.0],
    ),
    define(
        "very slow sine at 0",
        Category.ZERO,
        lambda m, x: m.sin(1e-5 * x[0]) + 2,
        slopes=lambda m, x: [1e-5 * m.cos(1e-5 * x[0])],
        at=[0.0],
    ),
    define(
        "Runge's function at 0",
        Category.ZERO,
        lambda _, x: 1 / (1 + 25 * x[0] ** 2) + x[0],
        slopes=lambda _, x: [1 - 50 * x[0] / (1 + 25 * x[0] ** 2) ** 2],
        at=[0.0],
    ),
    define(
        "small slope beside a cubic at 0",
        Category.ZERO,
        lambda _, x: x[0] ** 3 + 1e-3 * x[0],
        slopes=lambda _, x: [3 * x[0] ** 2 + 1e-3],
        at=[0.0],
    ),
    define(
        "1e12 + x at 0",
        Category.ZERO,
        lambda _, x: 1e12 + x[0],
        slopes=lambda *_: [1.0],
        at=[0.0],
    ),
    define(
        "softmax loss at 0",
        Category.ZERO,
        _cross_entropy,
        slopes=_cross_entropy_slopes,
        at=[0.0, 0.0, 0.0],
    ),
    define(
        "Rosenbrock at 0",
        Category.ZERO,
        rosenbrock,
        slopes=rosenbrock_slopes,
        at=[0.0, 0.0],
    ),
    define(
        "one coordinate is 0",
        Category.ZERO,
        lambda m, x: x[0] * x[1] ** 2 + m.sin(x[1]),
        slopes=lambda m, x: [x[1] ** 2, 2 * x[0] * x[1] + m.cos(x[1])],
        at=[0.0, 3.0],
    ),
)

MAGNITUDE: tuple[Case, ...] = (
    define(
        "square at 1e-150",
        Category.MAGNITUDE,
        lambda _, x: x[0] ** 2,
        slopes=lambda _, x: [2 * x[0]],
        at=[1e-150],
    ),
    define(
        "square at 1e100",
        Category.MAGNITUDE,
        lambda _, x: x[0] ** 2,
        slopes=lambda _, x: [2 * x[0]],
        at=[1e100],
    ),
    define(
        "tenth power at 1e25",
        Category.MAGNITUDE,
        lambda _, x: x[0] ** 10,
        slopes=lambda _, x: [10 * x[0] ** 9],
        at=[-1e25],
    ),
    define(
        "exponential at 600",
        Category.MAGNITUDE,
        lambda m, x: m.exp(x[0]),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[600.0],
    ),
    define(
        "exponential at -600",
        Category.MAGNITUDE,
        lambda m, x: m.exp(x[0]),
        slopes=lambda m, x: [m.exp(x[0])],
        at=[-600.0],
    ),
    define(
        "1e200 times a sine",
        Category.MAGNITUDE,
        lambda m, x: 1e200 * m.sin(x[0]),
        slopes=lambda m, x: [1e200 * m.cos(x[0])],
        at=[1.0],
    ),
    define(
        "1e-200 times a sine",
        Category.MAGNITUDE,
        lambda m, x: 1e-200 * m.sin(x[0]),
        slopes=lambda m, x: [1e-200 * m.cos(x[0])],
        at=[1.0],
    ),
    define(
        "1e12 + x at 1",
        Category.MAGNITUDE,
        lambda _, x: 1e12 + x[0],
        slopes=lambda *_: [1.0],
        at=[1.0],
    ),
    define(
        "1 - cos x at 1e-3",
        Category.MAGNITUDE,
        lambda m, x: 1 - m.cos(x[0]),
        slopes=lambda m, x: [m.sin(x[0])],
        at=[1e-3],
    ),
    define(
        "1 - cos x at 1e-5",
        Category.MAGNITUDE,
        lambda m, x: 1 - m.cos(x[0]),
        slopes=lambda m, x: [m.sin(x[0])],
        at=[1e-5],
    ),
    define(
        "x - sin x at 0.01",
        Category.MAGNITUDE,
        lambda m, x: x[0] - m.sin(x[0]),
        slopes=lambda m, x: [2 * m.sin(x[0] / 2) ** 2],
        at=[1e-2],
    ),
    define(
        "logarithm at 1e-30",
        Category.MAGNITUDE,
        lambda m, x: m.log(x[0]),
        slopes=lambda _, x: [1 / x[0]],
        at=[1e-30],
    ),
    define(
        "saturated softmax",
        Category.MAGNITUDE,
        lambda m, x: m.exp(x[0]) / (m.exp(x[0]) + m.exp(x[1])),
        slopes=lambda m, x: [
            m.exp(x[0] - x[1]) / (1 + m.exp(x[0] - x[1])) ** 2,
            -m.exp(x[0] - x[1]) / (1 + m.exp(x[0] - x[1])) ** 2,
        ],
        at=[1.0, 31.0],
    ),
    define(
        "gravity of Earth and Moon",
        Category.MAGNITUDE,
        lambda _, x: 6.6743e-11 * x[0] * x[1] / x[2] ** 2,
        slopes=lambda _, x: [
            6.6743e-11 * x[1] / x[2] ** 2,
            6.6743e-11 * x[0] / x[2] ** 2,
            -2 * 6.6743e-11 * x[0] * x[1] / x[2] ** 3,
        ],
        at=[5.972e24, 7.348e22, 3.844e8],
    ),
)
