"""The best answer of a ladder, its bar, and what to try next."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinometer.judge import History, next_rows, settle, tolerance, weigh
from clinometer.judge.answers import VANISHING, WIDTH
from tests.judge.ladders import WIDE, sampled, steps, window

U = 2.0**-53
START = WIDE.start
FINE = (*START, *WIDE.probe)
SMOOTH = {
    "exp": np.exp,
    "sin": np.sin,
    "shifted cosine": lambda t: 5 + np.cos(3 * t + 1),
    "tanh": lambda t: np.tanh(2 * t + 0.3),
    "Lorentz": lambda t: 1 / (1 + (t + 0.2) ** 2),
    "log": lambda t: np.log1p(t / 3),
    "quintic": lambda t: 1 - 3 * t + t**2 - 7 * t**5,
}
EXACT = {
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "shifted cosine": lambda t: 5 + mpmath.cos(3 * t + 1),
    "tanh": lambda t: mpmath.tanh(2 * t + mpmath.mpf(0.3)),
    "Lorentz": lambda t: 1 / (1 + (t + mpmath.mpf(0.2)) ** 2),
    "log": lambda t: mpmath.log(1 + t / 3),
    "quintic": lambda t: 1 - 3 * t + t**2 - 7 * t**5,
}


def truth_of(name, derivative):
    """Derivative of a smooth function at 0, from 40 digits."""
    with mpmath.workdps(40):
        return float(mpmath.diff(EXACT[name], 0, derivative))


def settled(f, derivative):
    """Judgement of f from the rows tried first alone."""
    with np.errstate(all="ignore"):  # as `measure` calls it
        return settle(window(f), derivative)


def weighed(f, rows=START, *, count=1, derivative=1, probed=None, before=0.0):
    """Judgement of f from some rows of the ladder."""
    probed = set(WIDE.probe) <= set(rows) if probed is None else probed
    history = History(WIDE, np.full(count, probed), np.full(count, float(before)))
    with np.errstate(all="ignore"):  # as `measure` calls it
        return weigh(sampled(f, rows, count=count), history, derivative)


def noisy(size, seed=0):
    """exp with gaussian noise, drawn anew at every value."""
    random = np.random.default_rng(seed)
    return lambda t: np.exp(t) + size * random.normal(size=t.shape)


# --- the bar holds the truth --------------------------------------------------


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("derivative", "width"), [(1, 1e-8), (2, 1e-5)])
def test_one_window_settles_a_smooth_function(name, derivative, width):
    truth = truth_of(name, derivative)
    judged = settled(SMOOTH[name], derivative)

    assert abs(judged.value[0] - truth) <= judged.error[0] <= width
    assert not (judged.dark | judged.noisy).any()


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("derivative", [1, 2])
@pytest.mark.parametrize("extra", [(6, 5), (11, 12), WIDE.probe, (0, 1, 2, 3)])
def test_more_rows_than_one_window_leave_the_bar_holding(name, derivative, extra):
    truth = truth_of(name, derivative)
    judged = weighed(SMOOTH[name], (*START, *extra), derivative=derivative)
    assert abs(judged.value[0] - truth) <= judged.error[0] <= 1e-4


@pytest.mark.parametrize("size", [1e-4, 1e-9])
@pytest.mark.parametrize("derivative", [1, 2])
def test_the_bar_covers_noise_in_95_of_100_draws(size, derivative):
    rows = (5, 6, *FINE)
    judged = weighed(noisy(size), rows, count=2000, derivative=derivative, before=size)
    assert np.mean(judged.noisy) >= 0.98
    assert np.mean(np.abs(judged.value - 1) <= judged.error) >= 0.95
    assert np.median(judged.step) > steps()[START[-1]]  # coarse rows have less noise


@pytest.mark.parametrize("center", [0.0, 0.3])
def test_structure_hidden_between_coarse_rows_is_not_passed_over(center):
    """A step of width 1e-6 at x adds 1e3 to the slope; coarse rows are smooth without.

    The tiny rows see the slope 1 + 1e3 at the center, and 1 beside it.
    """
    width = 1e-6

    def f(t):
        return t + 1e-3 * np.tanh((t - center * 1e-5) / width)

    truth = 1 + 1e-3 / width / np.cosh(center * 1e-5 / width) ** 2
    judged = weighed(f, FINE, before=1e-3)
    assert abs(judged.value[0] - truth) <= judged.error[0]


def test_an_answer_is_contradicted_by_finer_rows_however_well_it_looks_converged():
    """t on the first rows, 3 t on four far finer ones: both windows look perfect."""
    fine = (14, 15, 16, 17)

    def f(t):
        return np.where(np.abs(t) > 2 * steps()[fine[0]], t, 3 * t)

    alone, both = weighed(f, START), weighed(f, (*START, *fine), probed=False)
    assert abs(alone.value[0] - 1) <= alone.error[0] < 1e-8
    assert abs(both.value[0] - 3) <= both.error[0]


def test_where_nothing_is_smooth_the_gap_of_both_slopes_is_in_the_bar():
    """t + |t| / 2 has slopes 0.5 and 1.5; no window is smooth, every row sees both."""
    judged = weighed(lambda t: t + np.abs(t) / 2)
    assert judged.dark.all()
    assert abs(judged.value[0] - 0.5) <= judged.error[0]
    assert abs(judged.value[0] - 1.5) <= judged.error[0]
    second = weighed(lambda t: t + np.abs(t) / 2, derivative=2)
    assert second.error.tolist() == [np.inf]


def test_without_values_nothing_is_claimed():
    judged = weighed(lambda t: np.where(t == 0, 1.0, np.nan))
    assert judged.error.tolist() == [np.inf]
    assert np.isnan(judged.value).all()


@given(
    coefficients=st.lists(st.integers(-9, 9), min_size=9, max_size=9),
    derivative=st.sampled_from([1, 2]),
)
@settings(derandomize=True, deadline=None)
def test_the_bar_of_a_polynomial_of_degree_eight_is_its_rounding(
    coefficients, derivative
):
    """Eighth order has no truncation left; rounding over h**derivative remains.

    100 is added: rounding of a sum is then larger than all that h**6 leaves.
    """
    size = 100 + sum(abs(c) for c in coefficients)

    def f(t):
        return 100 + sum(c * t**k for k, c in enumerate(coefficients))

    judged = settled(f, derivative)
    truth = coefficients[derivative] * derivative
    assert abs(judged.value[0] - truth) <= judged.error[0]
    assert judged.error[0] <= 1e3 * U * size / steps()[START[3]] ** derivative


# --- the entry that is chosen -------------------------------------------------


def test_the_best_answer_is_taken_not_the_last():
    """Noise ruins the finest rows: their answer must not replace the coarse one."""
    coarse = weighed(noisy(1e-6), (3, 4, 5, *FINE), count=500, before=1e-6)
    with_finer = weighed(noisy(1e-6), (3, 4, 5, *FINE, 11, 12), count=500, before=1e-6)
    assert np.median(with_finer.error) <= 2 * np.median(coarse.error)
    assert np.median(with_finer.step) >= steps()[START[1]]


def test_the_step_is_the_finest_that_the_answer_rests_on():
    judged = weighed(SMOOTH["exp"])
    row, level = judged.row[0], judged.level[0]
    assert judged.step[0] == steps()[row + level]


def test_the_two_parts_of_the_bar_add_up_to_it():
    judged = settled(SMOOTH["Lorentz"], 1)
    assert judged.error.tolist() == (judged.truncation + judged.rounding).tolist()


# --- the tolerance ------------------------------------------------------------


def test_a_bar_is_measured_against_the_value():
    rows = window(lambda t: 7 * t + 1e-6 * np.exp(t))
    assert tolerance(rows, np.array([-7.0]), 1, last=3).tolist() == [7]


def test_where_the_value_vanishes_a_share_of_its_change_counts():
    """cos has the slope 0 at 0; over the ladder's width of about 1 it changes by 1."""
    rows = window(np.cos)
    width = rows.step[3, 0] * WIDTH
    size = tolerance(rows, np.array([0.0]), 1, last=3)[0]
    assert size == pytest.approx(VANISHING * width, rel=1e-3)
    by_slope = tolerance(window(np.sin), np.array([0.0]), 2, last=3)[0]
    assert by_slope == pytest.approx(VANISHING / width, rel=1e-3)


# --- what to try next ---------------------------------------------------------


def asked(judged, *, probed):
    """Rows asked for by the first component, and the history after it."""
    count = len(judged.value)
    history = History(WIDE, np.full(count, probed), np.zeros(count))
    plan = next_rows(judged, history, np.arange(count))
    return {int(row) for row in plan[:, 0] if row >= 0}, history


def test_truncation_asks_for_finer_rows():
    """sin(60 t) turns three times within the coarsest of the first rows."""
    rows, _ = asked(weighed(lambda t: np.sin(60 * t) + t), probed=True)
    assert rows
    assert min(rows) > START[-1]


def test_noise_asks_for_coarser_rows():
    rows, _ = asked(weighed(noisy(1e-6, seed=1), FINE, before=1e-6), probed=True)
    assert rows
    assert min(rows) < START[0]


def test_what_is_incoherent_asks_for_tiny_rows_once():
    judged = weighed(np.abs)
    first, history = asked(judged, probed=False)
    second, _ = asked(judged, probed=True)

    assert first == set(WIDE.probe)
    assert history.probed.all()
    assert history.before.tolist() == judged.spread.tolist()
    assert not second & set(WIDE.probe)


def test_values_at_the_tiny_rows_alone_ask_for_their_neighbours():
    """Near an edge of the domain, where the finest row alone has values."""
    edge = 2 * steps()[WIDE.probe[-1]]
    f = lambda t: np.where(np.abs(t) < edge, np.exp(t), np.nan)  # noqa: E731
    rows, _ = asked(weighed(f, FINE), probed=True)
    finest = WIDE.probe[-1]
    assert rows <= {
        finest - 3,
        finest - 2,
        finest - 1,
        finest + 1,
        finest + 2,
        finest + 3,
    }
    assert len(rows) == 3
