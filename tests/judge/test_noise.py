"""How noisy f is, measured where f itself no longer moves."""

import numpy as np
import pytest

from clinometer.judge import History
from clinometer.judge.noise import AT_NOISE, AT_ROUNDING, noise_of
from clinometer.judge.rows import residuals
from tests.judge.ladders import WIDE, sampled

TRIED = (*WIDE.start, *WIDE.probe)


def seen(f, rows=TRIED, *, count=1, before=np.inf):
    """Noise of f once the tiny steps were tried.

    before : noise that would have explained why they were.
    """
    found = sampled(f, rows, count=count)
    history = History(WIDE, np.ones(count, np.bool_), np.full(count, float(before)))
    with np.errstate(all="ignore"):  # as `measure` calls it
        return noise_of(found, residuals(found), history)


def noisy(size, seed=0):
    """1 + t + gaussian noise of a given size, drawn at every value."""
    random = np.random.default_rng(seed)
    return lambda t: 1 + t + size * random.normal(size=t.shape)


@pytest.mark.parametrize("size", [1e-4, 1e-7, 1e-11])
def test_real_noise_is_known_for_what_it_is_and_its_size_measured(size):
    """Six differences give a deviation, too small by accident in a few draws.

    What counts is that AT_NOISE times it holds the noise, in 99 of 100 draws, and that
    it is no more than three times too large (chi-squared of six degrees of freedom).
    """
    noise = seen(noisy(size), count=1000, before=size)
    assert np.mean(noise.real) >= 0.99
    sigma = noise.sigma[WIDE.start[0]] / size
    assert np.mean(AT_NOISE * sigma >= 1) >= 0.98
    assert np.mean(sigma <= 3) >= 0.99
    assert 0.5 < np.median(sigma) < 2
    assert (noise.factor[noise.real] == AT_NOISE).all()


def test_the_rounding_of_a_smooth_function_is_no_noise():
    noise = seen(np.exp, before=1e-15)
    assert not noise.real.any()
    assert noise.factor.tolist() == [AT_ROUNDING]
    assert (noise.sigma >= 2 * 2.0**-53).all()
    assert (noise.sigma <= 10 * noise.floor).all()


@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-5])
def test_structure_that_tiny_steps_resolve_is_no_noise(width):
    """tanh(t / width) is a jump on the ladder and smooth at the tiny steps."""
    noise = seen(lambda t: np.tanh(t / width), before=0.3)
    assert not noise.real.any()


def test_noise_before_and_none_at_tiny_steps_is_hidden_structure():
    """The same residuals at the tiny steps count as noise if they explain the rest."""
    assert seen(noisy(1e-8), before=1e-8).real.all()
    assert not seen(noisy(1e-8), before=1e-3).real.any()


def test_unless_tiny_steps_were_tried_nothing_is_called_noise():
    rows = sampled(noisy(1e-6), count=50)
    with np.errstate(all="ignore"):
        noise = noise_of(rows, residuals(rows), History.of(WIDE, 50))
    assert not noise.real.any()


def test_noise_grows_with_f_on_the_rows_where_f_is_larger():
    """Relative noise of exp(20 t): sigma on a row is that share of its largest value.

    At t = 0.0508 and 0.0127 (exponents 4 and 6) f is larger by exp(0.76).
    """
    random = np.random.default_rng(4)

    def f(t):
        return np.exp(20 * t) * (1 + 1e-6 * random.normal(size=t.shape))

    noise = seen(f, count=200, before=1e-6)
    first, finest = (noise.sigma[row] for row in (WIDE.start[0], WIDE.start[3]))
    assert np.median(first / finest) == pytest.approx(np.exp(20 * 0.0508), rel=0.1)


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize(
    "f",
    [
        lambda t, d: np.maximum(t - d, 0),
        lambda t, d: np.maximum(-t - d, 0) + 5,
        lambda t, d: 3 * np.maximum(t - d, 0) ** 2,
    ],
    ids=["relu above", "relu below", "its square"],
)
def test_a_function_that_stands_still_on_one_side_is_dead_not_noisy(f, distance):
    """As ReLU beside its kink: nothing moves at tiny steps, one side farther out."""
    noise = seen(lambda t: f(t, distance), before=distance)
    assert not noise.real.any()
    assert (noise.sigma <= 1e-14).all()


@pytest.mark.parametrize("distance", [1e-4, 1e-6])
def test_a_dead_zone_of_both_sides_is_not_noisy(distance):
    noise = seen(lambda t: np.maximum(np.abs(t) - distance, 0) + 1, before=distance)
    assert not noise.real.any()


@pytest.mark.parametrize("grid", [1e-3, 1e-4, 1e-5])
def test_rounding_to_a_grid_is_noise_though_tiny_steps_stand_still(grid):
    """Values of 2 t + 1 rounded to multiples of a grid: both sides move at random."""
    random = np.random.default_rng(3)
    real = []
    for size in grid * random.uniform(0.5, 1, size=100):
        noise = seen(lambda t, g=size: np.rint((2 * t + 1) / g) * g, before=grid)
        real.append(noise.real.all())
    assert np.mean(real) >= 0.98


def test_what_happened_to_some_components_is_copied_not_shared():
    history = History.of(WIDE, 3)
    part = history.of_some(np.array([2, 0]))
    part.probed[:] = True
    part.before[:] = 1.0
    assert not history.probed.any()
    assert history.before.tolist() == [0, 0, 0]
