"""The bar of two passes, on losses with a known slope and known noise."""

from contextlib import nullcontext

import numpy as np
import pytest

from clinometer import Verdict
from clinometer.spot.finding import Measured, Terms, judged
from clinometer.spot.gauge import best, calibrated, measured, same_in_double


class Curve:
    """A loss along a direction: exp(slope t) with noise, as if by passes of a model."""

    device_draws = False
    magnitude = 1.0

    def __init__(self, slope=1.0, *, claimed=None, noise=0.0, coarsest=2.0**-24):
        self.slope, self.noise, self.coarsest = slope, noise, coarsest
        self.claimed = slope if claimed is None else claimed
        self.random = np.random.default_rng(0)

    def at(self, t):
        noise = self.noise * self.random.standard_normal()
        return float(np.exp(self.slope * t)) + noise, t * self.claimed

    def double(self):
        return nullcontext()


TERMS = Terms(magnitude=1.0, coarsest=2.0**-24)


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-7, 1e-5])
@pytest.mark.parametrize("double", [False, True])
def test_two_passes_lie_within_their_bar(noise, double):
    """Of 300 pairs, along slopes from 0.3 to 1 after one calibration at 1."""
    curve = Curve(noise=noise)
    known = measured(curve, double=double)
    gauge = calibrated(curve, known, double=double, terms=TERMS)

    misses = 0
    for slope in np.linspace(0.3, 1.0, 300):
        curve.slope = curve.claimed = slope
        _, found = gauge.pair(curve)
        misses += abs(found.value - slope) > found.bar

    assert abs(known.value - 1.0) <= known.bar
    assert misses <= 9  # SAFETY = 3 of a worst of several: 3 % at most


def test_a_step_is_not_chosen_by_the_luck_of_one_pair():
    """Noise of 1e-6 at every step, by chance 0 at one: the coarse step wins."""
    tried = [(0.25, 1e-6), (0.06, 0.0), (0.015, 1e-6), (0.004, 1e-6)]

    assert best(tried) == (0.25, 1e-6)


def test_truncation_and_noise_are_balanced():
    """Off by t**3 and by 1e-6: of powers of four, 4**-3 is nearest the optimum."""
    tried = [(t, t**3 + 1e-6) for t in 4.0 ** -np.arange(1, 7)]

    step, _ = best(tried)

    assert step == min(tried, key=lambda pair: pair[1] / pair[0])[0]


@pytest.mark.parametrize(
    ("claimed", "found", "verdict"),
    [
        (1.0, Measured(1.0, 1e-3), Verdict.AGREES),
        (1.0, Measured(1.0001, 1e-6), Verdict.AGREES),  # less than is material
        (1.0, Measured(1.01, 1e-3), Verdict.DIFFERS),
        (1.0, Measured(1.01, 0.5), Verdict.CANNOT_TELL),
        (1.0, Measured(1.0, float("inf")), Verdict.CANNOT_TELL),
        (float("inf"), Measured(1.0, 1e-3), Verdict.CANNOT_TELL),
        (1.0, Measured(float("nan"), 1e-3), Verdict.CANNOT_TELL),
    ],
)
def test_a_verdict_weighs_difference_bar_and_rounding(claimed, found, verdict):
    assert judged(claimed, found, TERMS) is verdict


def test_another_loss_in_float64_is_not_the_same_loss():
    assert same_in_double(Curve(), 1.0 + 1e-6)
    assert not same_in_double(Curve(), 1.0 + 1e-4)
    assert same_in_double(Curve(coarsest=2.0**-9), 1.0 + 1e-3)

    drawn = Curve(coarsest=2.0**-9)
    drawn.device_draws = True  # other dropout masks, which bfloat16 could not tell
    assert not same_in_double(drawn, 1.0)
