"""Noise of f is measured as its standard deviation, whatever f does beside it."""

import numpy as np
import pytest

from clinometer.descend.noisy.noise import Law, NoiseLevel, noise_in_a_row
from clinometer.descend.noisy.values import Values

ROWS = 7


def adapted(f, x, budget=1e6):
    return Values(f, x, budget=budget, asks="this test")


def test_the_noise_of_pure_noise_is_its_standard_deviation():
    """Median of 1000 estimates; each scatters by some 30 %, so their median by 1 %.

    Of the lowest order with two that agree the estimate is unbiased in the square; its
    median lies a few per cent lower, as that of a root of a chi-squared number does.
    """
    values = 0.02 * np.random.default_rng(1).normal(size=(ROWS, 1000))

    found = noise_in_a_row(values)

    assert 0.88 < np.median(found.sigma) / 0.02 < 1.05


def test_a_slope_and_a_bend_below_the_noise_are_not_taken_for_noise():
    """Differences lose a parabola from the third order on."""
    t = np.arange(ROWS)[:, None]
    noise = 1e-9 * np.random.default_rng(2).normal(size=(ROWS, 300))

    found = noise_in_a_row(5e-4 * t + 1e-6 * t**2 + noise)

    assert 0.7 < np.median(found.sigma) / 1e-9 < 1.3


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_law_that_noise_follows_is_learned_from_two_measurements(power):
    """Constant noise, that of counts, and relative noise: a power of the size."""
    law = Law()
    for size in (8.0, 0.02):
        law.add(size, 1e-3 * size**power)

    assert law.at(1e-6) == pytest.approx(1e-3 * 1e-6**power, rel=1e-12)


def test_noise_is_due_again_when_f_has_changed_fourfold_until_it_was_foretold():
    law = Law()
    law.add(1.0, 1e-4)

    assert law.due(0.2)
    assert not law.due(0.3)
    law.add(0.1, 1e-5)
    law.add(0.01, 1e-6)
    assert not law.due(1e-4)
    assert law.due(1e-6)


def test_noise_of_a_clean_function_is_its_rounding():
    """A sum of 40 squares rounds some 40 times, at random: far below 40 roundings."""
    x = np.linspace(1, 2, 40)
    f = adapted(lambda x: float((x**2).sum()), x)
    level = NoiseLevel(f, x, given=None, seed=0)

    level.measure(x, f.one(x))

    assert 2.0**-53 <= level.at(f.one(x)) / f.one(x) < 40 * 2.0**-53


@pytest.mark.parametrize("relative", [1e-10, 1e-5, 1e-2])
def test_noise_of_a_function_is_found_to_a_factor_of_three(relative):
    """In 9 of 10 measurements: six differences scatter by 30 %, and depend."""
    random = np.random.default_rng(3)
    x = np.array([1.0, -30.0, 0.2])
    f = adapted(lambda x: np.exp(x[0]) * x[1] * (1 + relative * random.normal()), x)

    ratios = []
    for seed in range(50):
        level = NoiseLevel(f, np.abs(x), given=None, seed=seed)
        level.measure(x, f.one(x))
        ratios.append(level.at(30 * np.e) / (relative * 30 * np.e))

    assert np.mean([1 / 3 < ratio < 3 for ratio in ratios]) >= 0.9


@pytest.mark.parametrize("grid", [1e-8, 1e-5, 1e-2])
def test_a_function_that_rounds_to_a_grid_has_the_noise_of_that_grid(grid):
    """Rounding is uniform: a standard deviation of grid / sqrt(12), to a factor of 5.

    A row that leaves its step now and then sees differences of 0 or the whole grid.
    """
    x = np.array([1.0, 2.0])
    f = adapted(lambda x: grid * np.round((x**2).sum() / grid), x)
    level = NoiseLevel(f, x, given=None, seed=0)

    level.measure(x, f.one(x))

    assert 1 / 5 < level.at(5.0) / (grid / np.sqrt(12)) < 5


def test_given_noise_costs_no_evaluation():
    x = np.ones(2)
    f = adapted(lambda x: x.sum(), x)
    level = NoiseLevel(f, x, given=0.5, seed=0)

    level.measure(x, 2.0)

    assert (level.at(2.0), f.evaluations, level.due(1e9)) == (0.5, 0, False)
