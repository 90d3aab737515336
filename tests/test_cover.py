"""What share of bars holds the truth, on functions that nothing was tuned on."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from benchmarks.case import NUMPY
from benchmarks.random_functions import FAMILIES, random_cases
from clinometer import Status, gradient, hessian, slope

SEEDS = (90210, 31337)
"""Used nowhere else."""


@dataclass
class Outcomes:
    """Error and bar of every component, and whether its function was clean."""

    error: object
    bar: object
    truth: object
    clean: object

    @property
    def held(self):
        """Which bars hold the truth."""
        return self.error <= self.bar


@cache
def outcomes(seed):
    """The gradients of 300 random functions: clean, noisy and in float32."""
    parts = []
    for case in random_cases(seed, 300):
        estimate = gradient(case.f, case.x, batched=True)
        error = np.abs(estimate.value - case.truth)
        clean = np.full(error.shape, case.clean)
        parts.append((error, estimate.error, case.truth, clean))
    return Outcomes(*(np.concatenate(part) for part in zip(*parts, strict=True)))


@pytest.mark.parametrize("seed", SEEDS)
def test_of_100_bars_98_hold_the_truth(seed):
    assert np.mean(outcomes(seed).held) >= 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_of_200_bars_of_clean_functions_199_hold_the_truth(seed):
    found = outcomes(seed)
    assert np.mean(found.held[found.clean]) >= 0.995


@pytest.mark.parametrize("seed", SEEDS)
def test_no_bar_is_confidently_wrong(seed):
    """None is off by more than a thousandth and ten times its bar."""
    found = outcomes(seed)
    off = found.error > 1e-3 * np.abs(found.truth)
    assert not (off & (found.error > 10 * found.bar)).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_bars_of_clean_functions_are_narrow(seed):
    """A bar that holds everything is worth nothing: nine digits in the median."""
    found = outcomes(seed)
    width = found.bar[found.clean] / np.abs(found.truth[found.clean])
    assert np.median(width) <= 1e-9
    assert np.mean(width <= 1e-3) >= 0.97


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_slopes_along_random_directions_are_held(dtype):
    """x is rounded to its dtype along a direction: noise that no step avoids."""
    random, held = np.random.default_rng(17), []
    for _ in range(200):
        family = FAMILIES[random.integers(len(FAMILIES))]
        n = int(random.integers(1, 5))
        x = (random.choice([-1, 1], n) * 10 ** random.uniform(-2, 2, n)).astype(dtype)
        w = (random.normal(size=n) / np.abs(x)).astype(dtype)
        v = random.normal(size=n) * 10 ** random.uniform(-3, 3)

        def f(x, family=family, w=w):
            return family.value(NUMPY, (w * x).sum())

        estimate = slope(f, x, v)
        w, x = w.astype(float), x.astype(float)
        truth = family.slope(NUMPY, w @ x) * (w @ v)
        held.append(abs(estimate.value - truth) <= estimate.error)
    assert np.mean(held) >= 0.98


def test_second_derivatives_of_random_functions_are_held():
    """phi(w . x) has the Hessian phi'' w w'; phi'' is that of NumPy's polynomials."""
    random, held = np.random.default_rng(18), []
    for _ in range(150):
        c = random.normal(size=6)
        n = int(random.integers(1, 4))
        x = random.choice([-1, 1], n) * 10 ** random.uniform(-2, 2, n)
        w = random.normal(size=n) / np.abs(x)
        estimate = hessian(lambda x, w=w, c=c: np.polyval(c, w @ x), x)
        truth = np.polyval(np.polyder(c, 2), w @ x) * np.outer(w, w)
        held.append(np.abs(estimate.value - truth).ravel() <= estimate.error.ravel())
    assert np.mean(np.concatenate(held)) >= 0.98


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_bars_at_random_kinks_hold_both_slopes(dtype):
    """a |x - c| + smooth, at c itself: a bar of a.

    Rounding may add as much again: a row counts where the bend exceeds ten times it.
    """
    random = np.random.default_rng(19)
    for _ in range(60):
        c = dtype(random.normal())
        a = dtype(10 ** random.uniform(-1, 3))
        estimate = gradient(lambda x, a=a, c=c: a * np.abs(x - c) + np.sin(x), c)
        left, right = np.cos(float(c)) - float(a), np.cos(float(c)) + float(a)
        assert estimate.status is Status.KINK
        assert abs(estimate.value - left) <= estimate.error
        assert abs(estimate.value - right) <= estimate.error
        assert estimate.error <= (1.01 if dtype is np.float64 else 2.3) * float(a)
