"""The error of differences against their step: what must be true of the numbers."""

import math

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.show import step_curve

X = np.array([0.3, 0.7])
V = np.array([1.0, 2.0])


def wave(x):
    return np.sin(x[0]) * np.exp(x[1])


TRUTH = float(np.exp(X[1]) * (np.cos(X[0]) * V[0] + np.sin(X[0]) * V[1]))


def test_each_trial_loses_error_with_the_power_of_its_order():
    """Between steps a factor of four apart, where truncation rules alone."""
    curve = step_curve(wave, X, V, truth=TRUTH)

    for trial, window in zip(curve.trials, (1e-3, 1e-3, 2e-2), strict=True):
        at = int(np.argmin(np.abs(curve.step / curve.scale - window)))
        gain = trial.error[at - 4] / trial.error[at]
        # one order of h higher is still seen at this step: 3 % of the exponent
        assert math.log(gain, 4) == pytest.approx(trial.order, rel=0.03)


def test_the_orders_are_those_of_forward_central_and_extrapolated_differences():
    curve = step_curve(wave, X, V)

    assert [(t.name, t.order) for t in curve.trials] == [
        ("forward", 1),
        ("central", 2),
        ("extrapolated", 8),
    ]


def test_the_bar_of_the_estimate_holds_the_truth():
    curve = step_curve(wave, X, V, truth=TRUTH)

    assert abs(curve.slope.value - TRUTH) <= curve.slope.error
    assert curve.truth == TRUTH


def test_at_its_best_step_extrapolation_beats_both_plain_differences():
    forward, central, extrapolated = step_curve(wave, X, V, truth=TRUTH).trials

    assert forward.error.min() > central.error.min() > extrapolated.error.min()


def test_without_a_truth_errors_are_measured_from_the_estimate():
    curve = step_curve(wave, X, V)

    assert curve.truth == curve.slope.value


def test_steps_outside_the_domain_have_no_error():
    curve = step_curve(
        lambda x: np.log(x[0]), np.array([1.0]), np.array([1.0]), truth=1.0
    )
    central = curve.trials[1]

    assert np.isnan(central.error[curve.step >= 1]).all()
    assert np.isfinite(central.error[curve.step < 1]).all()


def test_an_f_with_several_outputs_is_refused():
    with pytest.raises(InputError, match="one number"):
        step_curve(lambda x: 2 * x, X, V)


def test_options_are_those_of_slope():
    whole = step_curve(lambda x: wave(x.T), X, V, batched=True)

    assert np.array_equal(whole.trials[0].error, step_curve(wave, X, V).trials[0].error)
    with pytest.raises(InputError, match="stepsize"):
        step_curve(wave, X, V, stepsize=1e-3)
