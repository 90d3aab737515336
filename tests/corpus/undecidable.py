"""Questions that nobody can answer: never a silent pass, and no false certainty."""

import itertools
from functools import partial

import numpy as np

from tests.corpus.case import Problem, Right
from tests.corpus.losses import random
from tests.corpus.right import hashed

__all__ = ["CASES"]

CASES = []


def unknown(name, f, x, gradient):
    CASES.append(Right(name, "numpy", partial(Problem, f, x, {"gradient": gradient})))


AT_ZERO = np.array([1.0, 0.0, -2.0])
unknown("abs at 0", lambda x: np.abs(x).sum(), AT_ZERO, np.sign)
unknown(
    "relu at 0, half",
    lambda x: np.maximum(x, 0).sum(),
    AT_ZERO,
    lambda x: (np.sign(x) + 1) / 2,
)
unknown("relu at 0", lambda x: np.maximum(x, 0).sum(), AT_ZERO, lambda x: 1.0 * (x > 0))
unknown(
    "a tie of two",
    lambda x: x.max(),
    np.array([3.0, 3.0, 1.0]),
    lambda x: np.array([1.0, 0, 0]),
)
unknown("a jump at 0", lambda x: np.sign(x).sum(), np.array([0.0]), np.zeros_like)
unknown("a floor at 2", lambda x: np.floor(x).sum(), np.array([2.0]), np.zeros_like)
unknown(
    "a jump and a slope",
    lambda x: (x + (x >= 1)).sum(),
    np.array([1.0]),
    np.ones_like,
)
unknown(
    "root of |x| at 0",
    lambda x: np.sqrt(np.abs(x)).sum(),
    np.array([0.0]),
    np.zeros_like,
)

NOISE = np.random.default_rng(5)
unknown(
    "unseeded noise",
    lambda x: (x**2).sum() * (1 + 1e-3 * NOISE.normal()),
    random(1, 4),
    lambda x: 2 * x,
)
unknown(
    "slight unseeded noise",
    lambda x: (x**2).sum() * (1 + 1e-9 * NOISE.normal()),
    random(1, 4),
    lambda x: 2 * x,
)
unknown(
    "a dropout without seed",
    lambda x: (x**2 * (NOISE.random(40) > 0.5)).sum(),
    random(2, 40),
    lambda x: x,
)
CALLS, TURN = itertools.count(), itertools.cycle([0.0, 1e-4])
unknown(
    "a drift of state",
    lambda x: (x**2).sum() + 1e-4 * next(CALLS),
    random(3, 4),
    lambda x: 2 * x,
)
unknown(
    "two values in turn",
    lambda x: (x**2).sum() + next(TURN),
    random(4, 4),
    lambda x: 2 * x,
)
unknown(
    "noise as large as f",
    lambda x: (x**2).sum() * hashed(x, 0.5),
    random(5, 4),
    lambda x: 2 * x,
)
unknown("f is NaN", lambda x: x.sum() * np.nan, random(6, 3), np.ones_like)
unknown("f is infinite", lambda x: np.inf + x.sum(), random(6, 3), np.ones_like)
unknown("x holds NaN", lambda x: x.sum(), np.array([1.0, np.nan]), np.ones_like)

HERE = random(7, 3)


def _only_here(x):
    if not np.array_equal(x, HERE):
        raise ValueError("outside the domain")
    return x.sum()


unknown("exceptions on both sides", _only_here, HERE, np.ones_like)
unknown(
    "NaN on both sides",
    lambda x: x.sum() if np.array_equal(x, HERE) else np.nan,
    HERE,
    np.ones_like,
)
unknown(
    "rounded to two places",
    lambda x: np.round((x**2).sum(), 2),
    np.array([1.234, 0.567]),
    lambda x: 2 * x,
)
unknown(
    "whole numbers",
    lambda x: float(int(100 * x.sum())),
    np.array([1.234]),
    lambda x: 100 + 0 * x,
)
unknown("1e20 + x", lambda x: 1e20 + x.sum(), random(8, 3), np.ones_like)
unknown(
    "a thousand in float16",
    lambda x: np.float16(2048) + (x * np.float16(0.01)).sum(dtype=np.float16),
    random(9, 3).astype(np.float16),
    lambda x: np.full(3, 0.01, np.float16),
)
