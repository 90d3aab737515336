"""Problems 1 to 20 of Moré, Garbow & Hillstrom: few variables, each its own size."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.noisy import data


def rosenbrock(x: Any) -> Any:
    a, b = x
    return np.array([10 * (b - a**2), 1 - a])


def freudenstein_roth(x: Any) -> Any:
    a, b = x
    return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x: Any) -> Any:
    a, b = x
    return np.array([1e4 * a * b - 1, np.exp(-a) + np.exp(-b) - 1.0001])


def brown_badly_scaled(x: Any) -> Any:
    a, b = x
    return np.array([a - 1e6, b - 2e-6, a * b - 2])


def beale(x: Any) -> Any:
    a, b = x
    return np.array([1.5, 2.25, 2.625]) - a * (1 - np.array([b, b**2, b**3]))


def jennrich_sampson(x: Any) -> Any:
    i = np.arange(1, 11)
    return 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1])


def helical_valley(x: Any) -> Any:
    a, b, c = x
    turn = np.arctan(b / a) / (2 * np.pi) + (0.5 if np.real(a) < 0 else 0.0)
    return np.array([10 * (c - 10 * turn), 10 * (np.sqrt(a**2 + b**2) - 1), c])


def bard(x: Any) -> Any:
    u = np.arange(1, 16)
    v = 16 - u
    return data.BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian(x: Any) -> Any:
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - data.GAUSSIAN


def meyer(x: Any) -> Any:
    t = 45 + 5 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - data.MEYER


def gulf(x: Any) -> Any:
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    away = y - x[1]
    distance = away * np.sign(np.real(away))
    return np.exp(-(distance ** x[2]) / x[0]) - t


def box(x: Any) -> Any:
    t = 0.1 * np.arange(1, 11)
    data_part = np.exp(-t) - np.exp(-10 * t)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * data_part


def powell_singular(x: Any) -> Any:
    a, b, c, d = x
    five, ten = np.sqrt(5), np.sqrt(10)
    return np.array([a + 10 * b, five * (c - d), (b - 2 * c) ** 2, ten * (a - d) ** 2])


def wood(x: Any) -> Any:
    a, b, c, d = x
    return np.array(
        [
            10 * (b - a**2),
            1 - a,
            np.sqrt(90) * (d - c**2),
            1 - c,
            np.sqrt(10) * (b + d - 2),
            (b - d) / np.sqrt(10),
        ]
    )


def kowalik_osborne(x: Any) -> Any:
    u = data.KOWALIK_AT
    return data.KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x: Any) -> Any:
    t = np.arange(1, 21) / 5
    growing = x[0] + t * x[1] - np.exp(t)
    return growing**2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def osborne_1(x: Any) -> Any:
    t = 10 * np.arange(33)
    decays = x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4])
    return data.OSBORNE_1 - (x[0] + decays)


def biggs(x: Any) -> Any:
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    first = x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1])
    return first + x[5] * np.exp(-t * x[4]) - y


def osborne_2(x: Any) -> Any:
    t = np.arange(65) / 10
    peaks = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return data.OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + peaks)


def watson(x: Any) -> Any:
    t = np.arange(1, 30) / 29
    j = np.arange(len(x))
    powers = t[:, None] ** j
    slope = (j[1:] * x[1:] * powers[:, :-1]).sum(axis=1)
    rest = slope - (powers * x).sum(axis=1) ** 2 - 1
    return np.concatenate([rest, [x[0], x[1] - x[0] ** 2 - 1]])
