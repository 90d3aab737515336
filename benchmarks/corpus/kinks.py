"""Functions with a kink, a jump or a narrow structure nearby."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.case import Case, Category, Maths, define


def _bump(centre: float, width: float) -> Any:
    def formula(m: Maths, x: Any) -> Any:
        return x[0] ** 2 + m.exp(-(((x[0] - centre) / width) ** 2))

    return formula


def _bump_slopes(centre: float, width: float) -> Any:
    def slopes(m: Maths, x: Any) -> Any:
        u = (x[0] - centre) / width
        return [2 * x[0] - 2 * u / width * m.exp(-(u**2))]

    return slopes


def _line(_: Maths, x: Any) -> Any:
    narrow = (x[0] - 1) / 1e-5
    return 1e-2 / (1 + narrow**2) + x[0]


def _line_slopes(_: Maths, x: Any) -> Any:
    narrow = (x[0] - 1) / 1e-5
    return [1 - 2e-2 * narrow / 1e-5 / (1 + narrow**2) ** 2]


def _smooth_join(_: Maths, x: Any) -> Any:
    return np.where(x[0] < 1, x[0] ** 2, 2 * x[0] - 1)


def _smoother_join(m: Maths, x: Any) -> Any:
    return np.where(x[0] < 1, m.exp(x[0]), m.exp(1 + 0 * x[0]) * (1 + x[0] ** 2) / 2)


def _huber(_: Maths, x: Any) -> Any:
    large = np.abs(x) > 1
    return np.sum(np.where(large, np.abs(x) - 0.5, x**2 / 2), axis=0)


def _network(_: Maths, x: Any) -> Any:
    """Two hidden units max(0, .) of three weights; kinks at distance 0.05 and 1e-4."""
    first = np.maximum(0 * x[0], x[0] + 0.5 * x[1] - 1.9)
    second = np.maximum(0 * x[0], x[2] * x[1] - 1.9998)
    return (first + 2 * second - 1) ** 2


def _network_slopes(_: Maths, x: Any) -> Any:
    first = np.maximum(0 * x[0], x[0] + 0.5 * x[1] - 1.9)
    second = np.maximum(0 * x[0], x[2] * x[1] - 1.9998)
    outer = 2 * (first + 2 * second - 1)
    on_first, on_second = float(first > 0), float(second > 0)
    return [
        outer * on_first,
        outer * (0.5 * on_first + 2 * x[2] * on_second),
        outer * 2 * x[1] * on_second,
    ]


KINK: tuple[Case, ...] = (
    define(
        "kink at 0.1",
        Category.KINK,
        lambda _, x: np.abs(x[0] - 1),
        slopes=lambda *_: [1.0],
        at=[1.1],
    ),
    define(
        "kink at 1e-3",
        Category.KINK,
        lambda _, x: np.abs(x[0] - 1) + x[0] ** 2,
        slopes=lambda _, x: [1 + 2 * x[0]],
        at=[1.001],
    ),
    define(
        "kink at 1e-6",
        Category.KINK,
        lambda m, x: np.abs(x[0] - 1) * m.exp(x[0]),
        slopes=lambda m, x: [-m.exp(x[0]) + (1 - x[0]) * m.exp(x[0])],
        at=[1 - 1e-6],
    ),
    define(
        "rectifier at 1e-5",
        Category.KINK,
        lambda m, x: np.maximum(0 * x[0], x[0] - 1) + m.sin(x[0]),
        slopes=lambda m, x: [m.cos(x[0])],
        at=[0.99999],
    ),
    define(
        "jump at 0.01",
        Category.KINK,
        lambda m, x: m.sin(x[0]) + np.where(x[0] > 1.01, 1.0, 0.0),
        slopes=lambda m, x: [m.cos(x[0])],
        at=[1.0],
    ),
    define(
        "cusp at 1e-3",
        Category.KINK,
        lambda m, x: m.sqrt(np.abs(x[0] - 1)),
        slopes=lambda m, x: [0.5 / m.sqrt(x[0] - 1)],
        at=[1.001],
    ),
    define(
        "second derivative jumps at 0.03",
        Category.KINK,
        _smooth_join,
        slopes=lambda _, x: [2 * x[0]],
        at=[0.97],
    ),
    define(
        "second derivative jumps at 1e-4",
        Category.KINK,
        _smooth_join,
        slopes=lambda *_: [2.0],
        at=[1.0001],
    ),
    define(
        "third derivative jumps at 0.01",
        Category.KINK,
        _smoother_join,
        slopes=lambda m, x: [m.exp(x[0])],
        at=[0.99],
    ),
    define(
        "bump of width 0.01",
        Category.KINK,
        _bump(1.0, 1e-2),
        slopes=_bump_slopes(1.0, 1e-2),
        at=[1.004],
    ),
    define(
        "bump of width 1e-4",
        Category.KINK,
        _bump(1.0, 1e-4),
        slopes=_bump_slopes(1.0, 1e-4),
        at=[1.00005],
    ),
    define(
        "spectral line of width 1e-5",
        Category.KINK,
        _line,
        slopes=_line_slopes,
        at=[1.000005],
    ),
    define(
        "Huber loss",
        Category.KINK,
        _huber,
        slopes=lambda _, x: [x[0], 1.0, -1.0],
        at=[0.999, 1.02, -3.0],
    ),
    define(
        "sum of absolute values",
        Category.KINK,
        lambda _, x: np.sum(np.abs(x), axis=0),
        slopes=lambda *_: [1.0, -1.0, 1.0, -1.0],
        at=[1.0, -2.0, 1e-3, -30.0],
    ),
    define(
        "two rectified units",
        Category.KINK,
        _network,
        slopes=_network_slopes,
        at=[0.95, 2.0, 1.0],
    ),
)
