"""Right gradients that are hard to pass: none of them may be called wrong."""

import math
from functools import partial

import numpy as np
import scipy.integrate

from tests.corpus.case import Problem, Right
from tests.corpus.functions import FUNCTIONS
from tests.corpus.losses import LOSSES, random

__all__ = ["CASES"]

CASES = []


def right(name, f, x, gradient):
    CASES.append(Right(name, "numpy", partial(Problem, f, x, {"gradient": gradient})))


def hashed(x, level):
    """Noise of relative size level that equal x repeat."""
    bits = np.frombuffer(np.ascontiguousarray(x, np.float64).tobytes(), np.uint32)
    return 1 + level * np.random.default_rng(bits).normal()


def _converted(base, dtype):
    """A base problem at a point in another dtype, computed in that dtype."""

    def cast(g):
        return {name: np.asarray(leaf).astype(dtype) for name, leaf in g.items()}

    x = cast(base.x)
    return (lambda x: dtype(base.f(x))), x, (lambda x: cast(base.gradient(x)))


def sines(size):
    """Sum of sin(x / size) and its gradient."""
    return (
        lambda x: np.sum(np.sin(x / size)),
        lambda x: np.cos(x / size) / size,
    )


for base in ("logistic", "mlp", "cross-entropy", "attention"):
    right(f"{base} in float32", *_converted(LOSSES[base], np.float32))
right("poisson in float16", *_converted(FUNCTIONS["poisson"], np.float16))

SPREAD = 10.0 ** np.arange(-8, 9)
f, g = sines(SPREAD)
right("sizes from 1e-8 to 1e8", f, 0.7 * SPREAD, g)
for size in (1e-8, 1e-4, 1e4, 1e8):
    f, g = sines(size)
    right(f"all inputs of size {size:.0e}", f, size * random(70, 6), g)
f, g = sines(1.0)
right("zeros", f, np.zeros(5), g)
right("some zeros", f, np.array([0.0, 1.0, 0.0, -2.0]), g)
right("one number", f, np.array([0.3]), g)
right("no axes", f, np.array(0.3), g)
right("every other entry of another", f, random(71, 12)[::2], g)
right("transposed input", f, random(72, 3, 4).T, g)
right(
    "100,000 entries",
    lambda x: np.sum(np.log(np.cosh(x))),
    random(73, 100_000),
    np.tanh,
)
right(
    "rounded to float32",
    lambda x: np.sum(np.exp(x)),
    random(74, 8),
    lambda x: np.exp(x).astype(np.float32),
)
right(
    "rounded to float32 and back",
    lambda x: np.sum(np.exp(x)),
    random(75, 8),
    lambda x: np.exp(x).astype(np.float32).astype(np.float64),
)
for distance in (1e-3, 1e-5):
    right(
        f"kinks at {distance:.0e}",
        lambda x, d=distance: np.sum(np.maximum(x - (1 - d), 0) + np.abs(x - (1 + d))),
        np.ones(4),
        lambda x, d=distance: (x > 1 - d) + np.sign(x - (1 + d)),
    )
right(
    "relative noise 1e-6",
    lambda x: np.sum(x**2) * hashed(x, 1e-6),
    random(76, 5),
    lambda x: 2 * x,
)
right(
    "relative noise 1e-9",
    lambda x: np.sum(np.exp(x)) * hashed(x, 1e-9),
    random(77, 5),
    np.exp,
)


def _fixed_point(x, tolerance=1e-6):
    """Where y = cos(x y), by iteration from 1, stopped at a tolerance."""
    y = np.ones_like(x)
    while True:
        new = np.cos(x * y)
        if np.abs(new - y).max() < tolerance:
            return new
        y = new


def _fixed_point_slope(x):
    y = _fixed_point(x, 1e-15)
    return -y * np.sin(x * y) / (1 + x * np.sin(x * y))


right(
    "an iteration stopped at 1e-6",
    lambda x: np.sum(_fixed_point(x)),
    np.array([0.5, 0.8, 0.3]),
    _fixed_point_slope,
)


def _logistic_slope(x):
    """Slope of the logistic curve at time 2 from 0.3, by rate and bound."""
    rate, bound = x
    grown = math.exp(-2 * rate)
    ratio = (bound - 0.3) / 0.3
    below = 1 + ratio * grown
    return np.array(
        [
            bound * ratio * 2 * grown / below**2,
            1 / below - bound * grown / 0.3 / below**2,
        ]
    )


right(
    "a solver's tolerance of 1e-6",
    lambda x: scipy.integrate.solve_ivp(
        lambda t, y: x[0] * y * (1 - y / x[1]), (0, 2), [0.3], rtol=1e-6
    ).y[0, -1],
    np.array([1.1, 2.0]),
    _logistic_slope,
)
right(
    "stiff exponentials",
    lambda x: np.sum(np.exp(np.array([50.0, -300.0, 5.0]) * x)),
    np.array([1.0, 0.01, -0.4]),
    lambda x: np.array([50.0, -300.0, 5.0]) * np.exp(np.array([50.0, -300.0, 5.0]) * x),
)
for name, function, slope in [
    ("log", np.log, lambda x: 1 / (x - 1)),
    ("sqrt", np.sqrt, lambda x: 0.5 / np.sqrt(x - 1)),
]:
    right(
        f"{name} at 1e-6 from the edge",
        lambda x, function=function: _quiet(function, x - 1),
        np.array([1 + 1e-6, 2.0]),
        slope,
    )


def _quiet(function, x):
    with np.errstate(all="ignore"):
        return np.sum(function(x))


def _softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


LABELS = np.array([0.0, 0.0, 1.0])
right(
    "saturated softmax",
    lambda x: -np.log(_softmax(x)[0]),
    np.array([34.5, 0.0, -1.0]),
    lambda x: _softmax(x) - np.array([1.0, 0.0, 0.0]),
)
right(
    "a saturated share of 1e-15",
    lambda x: _softmax(x)[1],
    np.array([34.5, 0.0, -1.0]),
    lambda x: _softmax(x)[1] * (np.array([0.0, 1.0, 0.0]) - _softmax(x)),
)
TURNED = np.linalg.qr(random(78, 6, 6))[0]
POOR = TURNED @ np.diag(10.0 ** np.linspace(0, -12, 6)) @ TURNED.T
POOR = (POOR + POOR.T) / 2
right("cond 1e12", lambda x: x @ POOR @ x, random(79, 6), lambda x: 2 * POOR @ x)
right("1e12 + x", lambda x: 1e12 + np.sum(x), random(80, 4), np.ones_like)
right("1e6 + x**2", lambda x: 1e6 + np.sum(x**2), random(81, 4), lambda x: 2 * x)

BUFFER = np.empty(())
right(
    "one buffer for all results",
    lambda x: np.sum(np.sin(x), out=BUFFER),
    random(82, 5),
    np.cos,
)
right("at the minimum", lambda x: np.sum((x - 1) ** 4), np.ones(4), np.zeros_like)
right("level in x", lambda x: 7.0, random(83, 4), np.zeros_like)
right("an inflection", lambda x: np.sum(x**3), np.zeros(3), np.zeros_like)
right(
    "values of 1e200",
    lambda x: 1e200 * np.sum(x**2),
    random(84, 4),
    lambda x: 2e200 * x,
)
right(
    "values of 1e-200",
    lambda x: 1e-200 * np.sum(x**2),
    random(85, 4),
    lambda x: 2e-200 * x,
)
right(
    "fast waves",
    lambda x: np.sum(np.sin(300 * x)),
    random(86, 4),
    lambda x: 300 * np.cos(300 * x),
)
right(
    "a large mean",
    np.var,
    1e5 + random(87, 6),
    lambda x: 2 * (x - x.mean()) / 6,
)
right(
    "leaves of 1e-6 and 1e5",
    lambda x: np.sum(np.tanh(1e6 * x["w"])) + np.sum(np.log(x["b"])),
    {"w": 1e-6 * random(88, 4), "b": 1e5 * np.exp(random(89, 3))},
    lambda x: {"w": 1e6 / np.cosh(1e6 * x["w"]) ** 2, "b": 1 / x["b"]},
)
right(
    "an argument that f ignores",
    lambda x: np.sum(x["a"] ** 2),
    {"a": random(90, 3), "b": random(91, 3)},
    lambda x: {"a": 2 * x["a"], "b": np.zeros(3)},
)
right(
    "a weight of 1e-9 beside others",
    lambda x: x[0] ** 2 + 1e-9 * x[1] ** 2,
    np.array([1.0, 2.0]),
    lambda x: np.array([2 * x[0], 2e-9 * x[1]]),
)
right(
    "a fine staircase",
    lambda x: np.floor(1e5 * x).sum(),
    np.array([0.12345, 0.6789]),
    lambda x: np.full(2, 1e5),
)
