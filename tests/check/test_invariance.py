"""Other units of f or of x, powers of two apart, change no verdict."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.check import Verdict, check

X = np.array([0.7, -1.3, 2.1, 0.0, 0.4])
FAULTS = {
    "right": np.ones(5),
    "sign": np.array([1, -1, 1, 1, 1.0]),
    "factor": np.full(5, 2.0),
    "slight": 1 + 1e-4 * np.array([0, 0, 1.0, 0, 0]),
    "zero": np.zeros(5),
}
POWERS = st.integers(-60, 60)
SETTINGS = settings(max_examples=25, deadline=None, derandomize=True)


def _f(x):
    return (np.sin(x) * np.array([1, 2, 3, 4, 5])).sum() + x[0] * x[1]


def _slopes(x):
    cross = np.array([x[1], x[0], 0, 0, 0])
    return np.cos(x) * np.array([1, 2, 3, 4, 5]) + cross


def _noisy(x):
    """Noise of 1e-5, a function of the first digits of x, whatever its unit."""
    mantissa, _ = np.frexp(x)
    return _f(x) * (1 + 1e-5 * np.sin(1e6 * mantissa.sum()))


def _outcome(report):
    return report.verdict, [(found.where, found.verdict) for found in report.findings]


def _scaled(f, fault, *, power_f, power_x, dtype=np.float64, **options):
    """The check with f multiplied by 2**power_f and x by 2**power_x."""
    of_f, of_x = dtype(2.0**power_f), dtype(2.0**power_x)
    x = X.astype(dtype)
    claim = (_slopes(X) * FAULTS[fault]).astype(dtype)
    return check(
        lambda scaled: of_f * f(scaled / of_x),
        x * of_x,
        gradient=claim * of_f / of_x,
        **options,
    )


@SETTINGS
@given(fault=st.sampled_from(sorted(FAULTS)), power_f=POWERS, power_x=POWERS)
def test_units_change_no_verdict_entry_by_entry(fault, power_f, power_x):
    plain = _scaled(_f, fault, power_f=0, power_x=0)
    scaled = _scaled(_f, fault, power_f=power_f, power_x=power_x)
    assert _outcome(scaled) == _outcome(plain)
    expected = Verdict.AGREES if fault == "right" else Verdict.DIFFERS
    assert plain.verdict is expected


@SETTINGS
@given(fault=st.sampled_from(sorted(FAULTS)), power_f=POWERS, power_x=POWERS)
def test_units_change_no_verdict_along_directions(fault, power_f, power_x):
    def f(x):
        return _f(x[:5]) + _f(x[5:])

    def scaled(power_f, power_x):
        of_f, of_x = 2.0**power_f, 2.0**power_x
        x = np.concatenate([X, X])
        claim = np.concatenate([_slopes(X) * FAULTS[fault], _slopes(X)])
        return check(
            lambda scaled: of_f * f(scaled / of_x),
            x * of_x,
            gradient=claim * of_f / of_x,
            entries=0,
        )

    assert _outcome(scaled(power_f, power_x)) == _outcome(scaled(0, 0))


@SETTINGS
@given(
    fault=st.sampled_from(sorted(FAULTS)),
    power_f=st.integers(-20, 20),
    power_x=st.integers(-20, 20),
)
def test_units_change_no_verdict_in_float32(fault, power_f, power_x):
    def f(x):
        weights = np.arange(1, 6, dtype=np.float32)
        return (np.sin(x) * weights).sum() + x[0] * x[1]

    plain = _scaled(f, fault, power_f=0, power_x=0, dtype=np.float32)
    scaled = _scaled(f, fault, power_f=power_f, power_x=power_x, dtype=np.float32)
    assert _outcome(scaled) == _outcome(plain)


@SETTINGS
@given(fault=st.sampled_from(sorted(FAULTS)), power_f=POWERS)
def test_units_of_a_noisy_f_change_no_verdict(fault, power_f):
    plain = _scaled(_noisy, fault, power_f=0, power_x=0)
    scaled = _scaled(_noisy, fault, power_f=power_f, power_x=0)
    assert _outcome(scaled) == _outcome(plain)


@SETTINGS
@given(st.permutations(range(5)))
def test_the_order_of_entries_changes_no_verdict(order):
    claim = _slopes(X) * FAULTS["sign"]
    back = np.argsort(order)
    report = check(lambda x: _f(x[back]), X[order], gradient=claim[list(order)])
    assert [order[found.index[0]] for found in report.findings] == [1]


@SETTINGS
@given(st.integers(-60, 60))
def test_units_change_no_verdict_at_a_zero_gradient(power):
    of_f = 2.0**power
    for claim, expected in [(0.0, Verdict.AGREES), (1e-6, Verdict.DIFFERS)]:
        report = check(
            lambda x: of_f * (np.square(x - 1).sum() + 3),
            np.ones(3),
            gradient=np.full(3, claim * of_f),
        )
        assert report.verdict is expected
