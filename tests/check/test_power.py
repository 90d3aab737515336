"""What a check says that it would have seen, it sees; what is a tenth of it, seldom."""

import numpy as np
import pytest

from clinometer.check import Verdict, check

SIZE = 300
X = np.random.default_rng(1).normal(size=SIZE)
W = np.random.default_rng(2).uniform(0.5, 2.0, size=SIZE)
SIZES = np.maximum(np.abs(X), np.sqrt(np.mean(X**2)))  # of entries, as a check has them


def _f(x):
    return (W * np.sin(x)).sum(axis=-1)


def _seen(share, power, *, entries, seeds=50):
    """In how many checks an error of some share of the power is seen."""
    right = W * np.cos(X)
    largest = np.max(np.abs(right) * SIZES)
    count = 0
    for seed in range(seeds):
        place = int(np.random.default_rng(seed).integers(SIZE))
        claim = right.copy()
        claim[place] += share * power.smallest * largest / SIZES[place]
        report = check(_f, X, gradient=claim, seed=seed, entries=entries, batched=True)
        count += report.verdict is Verdict.DIFFERS
    return count


@pytest.mark.parametrize("entries", [0, SIZE])
def test_twice_the_power_is_seen_and_a_tenth_of_it_seldom(entries):
    report = check(_f, X, gradient=W * np.cos(X), entries=entries, batched=True)
    (power,) = report.power
    assert 0 < power.smallest < 1e-2
    seeds = 15 if entries else 50
    seen = _seen(2.0, power, entries=entries, seeds=seeds)
    assert seen >= seeds * power.probability - 1
    if entries == 0:  # entry by entry power is that of the worst entry, others see more
        assert _seen(0.1, power, entries=entries) <= 10


def test_power_does_not_change_with_the_units_of_f_and_x():
    def scaled(unit, length):
        return check(
            lambda x: unit * _f(x / length),
            X * length,
            gradient=unit * W * np.cos(X) / length,
            entries=0,
        )

    plain, other = scaled(1.0, 1.0), scaled(2.0**40, 2.0**-30)
    assert plain.power[0].smallest == other.power[0].smallest


def test_noise_lowers_the_power():
    noise = np.random.default_rng(3).normal(size=10_000)
    calls = iter(range(10_000))

    def f(x):
        return _f(x) + 1e-9 * noise[next(calls)]

    claim = W * np.cos(X)
    clear = check(_f, X, gradient=claim, entries=0)
    noisy = check(f, X, gradient=claim, entries=0)
    assert not noisy.power or noisy.power[0].smallest > clear.power[0].smallest
