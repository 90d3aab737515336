"""Random functions A phi(w . (x - c)) + B, on which nothing was tuned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from benchmarks.case import EXTENDED, Batch, Case, Category, Floats, Maths, Plain
from benchmarks.noise import Float32, HashNoise, Shape


@final
@dataclass(frozen=True)
class Family:
    """A smooth function of one variable and its derivative, for any number type."""

    name: str
    value: Callable[[Maths, Any], Any]
    slope: Callable[[Maths, Any], Any]


FAMILIES: tuple[Family, ...] = (
    Family("sine", lambda m, u: m.sin(u), lambda m, u: m.cos(u)),
    Family("exponential", lambda m, u: m.exp(u), lambda m, u: m.exp(u)),
    Family("tanh", lambda m, u: m.tanh(u), lambda m, u: 1 / m.cosh(u) ** 2),
    Family(
        "gaussian", lambda m, u: m.exp(-(u**2)), lambda m, u: -2 * u * m.exp(-(u**2))
    ),
    Family(
        "Lorentz", lambda _, u: 1 / (1 + u**2), lambda _, u: -2 * u / (1 + u**2) ** 2
    ),
    Family("arctan", lambda m, u: m.arctan(u), lambda _, u: 1 / (1 + u**2)),
    Family(
        "softplus", lambda m, u: m.log(1 + m.exp(u)), lambda m, u: 1 / (1 + m.exp(-u))
    ),
    Family(
        "algebraic sigmoid",
        lambda m, u: u / m.sqrt(1 + u**2),
        lambda _, u: (1 + u**2) ** -1.5,
    ),
    Family("square", lambda _, u: u**2, lambda _, u: 2 * u),
    Family("cubic", lambda _, u: u**3 - u, lambda _, u: 3 * u**2 - 1),
    Family("quintic", lambda _, u: u**5 - 2 * u**3, lambda _, u: 5 * u**4 - 6 * u**2),
    Family("hyperbolic cosine", lambda m, u: m.cosh(u), lambda m, u: m.sinh(u)),
    Family(
        "error function",
        lambda m, u: m.erf(u),
        lambda m, u: 2 / np.sqrt(np.pi) * m.exp(-(u**2)),
    ),
    Family(
        "wave packet",
        lambda m, u: m.sin(3 * u) * m.exp(-(u**2) / 4),
        lambda m, u: (3 * m.cos(3 * u) - u / 2 * m.sin(3 * u)) * m.exp(-(u**2) / 4),
    ),
    Family(
        "periodic quotient",
        lambda m, u: 1 / (2 + m.sin(u)),
        lambda m, u: -m.cos(u) / (2 + m.sin(u)) ** 2,
    ),
    Family(
        "square root",
        lambda m, u: m.sqrt(1 + u**2),
        lambda m, u: u / m.sqrt(1 + u**2),
    ),
)


@final
@dataclass(frozen=True, eq=False)
class Shifted:
    """size phi(w . (x - c)) + offset, with its gradient.

    w, c : (n,) floats. size, offset : floats, in units of f.
    """

    family: Family
    size: float
    w: tuple[float, ...]
    c: tuple[float, ...]
    offset: float

    def inner(self, x: Any) -> Any:
        """The argument of phi at coordinates x : (n, ...)."""
        terms = [
            w * (x[i] - c) for i, (w, c) in enumerate(zip(self.w, self.c, strict=True))
        ]
        return sum(terms[1:], terms[0])

    def __call__(self, m: Maths, x: Any) -> Any:
        """Values (...) at coordinates x : (n, ...)."""
        return self.size * self.family.value(m, self.inner(x)) + self.offset

    def gradient(self, x: Floats) -> Floats:
        """Gradient (n,) at one point x : (n,)."""
        outer = self.size * self.family.slope(
            EXTENDED, self.inner(x.astype(np.longdouble))
        )
        return np.array([outer * w for w in self.w], dtype=np.float64)

    def in_float32(self) -> Shifted:
        """The same with parameters that float32 holds exactly.

        A float32 program has no others; were they rounded only when it runs, its own
        gradient would not be the one that the formula gives.
        """

        def near(number: float) -> float:
            return float(np.float32(number))

        w, c = tuple(map(near, self.w)), tuple(map(near, self.c))
        return Shifted(self.family, near(self.size), w, c, near(self.offset))


def _power(random: np.random.Generator, low: float, high: float) -> float:
    """A log-uniform number between 10**low and 10**high."""
    return float(10.0 ** random.uniform(low, high))


def _draw(
    random: np.random.Generator, family: Family, n: int
) -> tuple[Shifted, Floats]:
    """A random function of n coordinates and the point at which it is looked at.

    The width 1/|w| of the function is 1e-2 to 1e2 times |x|, per coordinate, and phi
    is met at an argument between -3 and 3; c follows from both.
    """
    signs = random.choice([-1.0, 1.0], size=n)
    x = signs * np.array([_power(random, -6, 6) for _ in range(n)])
    w = np.array([_power(random, -2, 2) for _ in range(n)]) / np.abs(x)
    w *= random.choice([-1.0, 1.0], size=n)
    c = x - random.uniform(-3, 3, size=n) / (n * w)
    size = float(random.choice([-1.0, 1.0])) * _power(random, -8, 8)
    shifted = random.random() < 0.5
    offset = size * _power(random, -3, 3) * float(random.choice([-1.0, 1.0]))
    function = Shifted(
        family, size, tuple(w.tolist()), tuple(c.tolist()), offset if shifted else 0.0
    )
    return function, x


def _case(
    random: np.random.Generator, label: str, function: Shifted, *, x: Floats, salt: int
) -> Case:
    """A function evaluated as it is, with noise or in float32, by chance."""
    kind = random.random()
    noise = _power(random, -13, -4)
    shape = Shape.UNIFORM if random.random() < 0.5 else Shape.GAUSSIAN
    if kind < 0.5:
        category, label = Category.SMOOTH, f"{label}, clean"
        f: Batch = Plain(function)
    elif kind < 0.9:
        category, label = Category.NOISY, f"{label}, {shape.value} noise {noise:.0e}"
        f = HashNoise(Plain(function), noise, shape, salt)
    else:
        category, label = Category.FLOAT32, f"{label}, float32"
        function = function.in_float32()
        f = Float32(function)
    truth, clean = function.gradient(x), category is Category.SMOOTH
    return Case(label, category, f, x, truth, function, clean=clean)


def random_cases(seed: int, count: int) -> list[Case]:
    """Random functions of this seed, the same list each time.

    count : number of functions; half have n = 1, half n = 2 to 5. About 50 % are clean,
        40 % carry relative noise of size log-uniform in 1e-13...1e-4, uniform or
        gaussian, and 10 % are evaluated in float32.
    """
    random = np.random.default_rng(seed)
    cases: list[Case] = []
    for number in range(count):
        family = FAMILIES[int(random.integers(len(FAMILIES)))]
        n = 1 if random.random() < 0.5 else int(random.integers(2, 6))
        function, x = _draw(random, family, n)
        label = f"{number}: {family.name} in {n}"
        salt = 1_000_000 * seed + number
        cases.append(_case(random, label, function, x=x, salt=salt))
    return cases
