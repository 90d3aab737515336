"""Other units of f or of x, powers of two apart, change no verdict."""

import string

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


def _weighted(p):
    """Of a nested point: a matrix, a vector, a number; each enters differently."""
    (m, v), c = p
    return float(np.sin(m).sum() * 2 + (m @ v**2).sum() + np.exp(c) * v[0])


def _weights(p):
    (m, v), c = p
    cross = np.zeros_like(v)
    cross[0] = np.exp(c)
    return (
        2 * np.cos(m) + v**2,
        2 * v * m.sum(axis=0) + cross,
        np.exp(c) * v[0],
    )


PARTS = (np.array([[0.3, -1.1], [2.0, 0.7]]), np.array([1.4, -0.6]), np.array(0.2))
NAMES = st.lists(
    st.text(string.ascii_letters + " _.é", min_size=1, max_size=6),
    min_size=3,
    max_size=3,
    unique=True,
)


@SETTINGS
@given(names=NAMES, order=st.permutations(range(3)), wrong=st.integers(0, 2))
def test_names_and_order_of_leaves_change_no_verdict(names, order, wrong):
    def outcome(names, order):
        x = {names[k]: PARTS[k] for k in order}

        def parts(x):
            return (x[names[0]], x[names[1]]), x[names[2]]

        def gradient(x):
            slopes = list(_weights(parts(x)))
            slopes[wrong] = -slopes[wrong]
            return {names[k]: slopes[k] for k in range(3)}

        report = check(lambda x: _weighted(parts(x)), x, gradient=gradient)
        number = {f"x[{name!r}]": k for k, name in enumerate(names)}
        leaves = sorted((number[leaf.path], leaf.verdict) for leaf in report.leaves)
        causes = [(number[found.path], found.cause) for found in report.diagnoses]
        return report.verdict, leaves, causes

    found = outcome(names, order)
    assert found == outcome(["a", "b", "c"], range(3))
    assert found[0] is Verdict.DIFFERS
    assert [verdict is Verdict.DIFFERS for _, verdict in found[1]] == [
        k == wrong for k in range(3)
    ]


@SETTINGS
@given(order=st.permutations(range(5)), fault=st.sampled_from(sorted(FAULTS)))
def test_the_order_of_entries_changes_no_verdict_along_directions(order, fault):
    claim = _slopes(X) * FAULTS[fault]
    back = np.argsort(order)
    report = check(
        lambda x: _f(x[back]), X[order], gradient=claim[list(order)], entries=0
    )
    expected = Verdict.AGREES if fault == "right" else Verdict.DIFFERS
    assert report.verdict is expected


@SETTINGS
@given(
    wrong=st.sampled_from([1.0, -1.0, 2.0, 0.0]),
    power_f=POWERS,
    power_x=POWERS,
)
def test_units_change_no_verdict_of_a_rule_that_takes_cotangents(
    wrong, power_f, power_x
):
    def asked(power_f, power_x):
        of_f, of_x = 2.0**power_f, 2.0**power_x

        def f(x):
            return of_f * np.sin(x / of_x) * np.arange(1, 6)

        def vjp(x, u):
            return wrong * u * (of_f / of_x) * np.cos(x / of_x) * np.arange(1, 6)

        return check(f, X * of_x, vjp=vjp)

    plain, scaled = asked(0, 0), asked(power_f, power_x)
    assert _outcome(scaled) == _outcome(plain)
    assert scaled.causes == plain.causes
    assert plain.verdict is (Verdict.AGREES if wrong == 1 else Verdict.DIFFERS)


@SETTINGS
@given(wrong=st.sampled_from([1.0, -1.0, 2.0]), power_f=POWERS, power_x=POWERS)
def test_units_change_no_verdict_of_second_order(wrong, power_f, power_x):
    def asked(power_f, power_x):
        of_f, of_x = 2.0**power_f, 2.0**power_x
        return check(
            lambda x: of_f * np.sin(x / of_x).sum(),
            X[:2] * of_x,
            gradient=lambda x: of_f / of_x * np.cos(x / of_x),
            hessian=lambda x: np.diag(-wrong * of_f / of_x**2 * np.sin(x / of_x)),
        )

    scaled = asked(power_f, power_x)
    assert scaled.verdict is asked(0, 0).verdict
    assert scaled.verdict is (Verdict.AGREES if wrong == 1 else Verdict.DIFFERS)
