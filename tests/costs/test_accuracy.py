"""Errors of every way are those that a formula gives, within their bars."""

import math

import numpy as np
import pytest

from clinometer.costs import Accuracy
from clinometer.costs.accuracy import Known
from clinometer.costs.complexes import SMALL, complex_slopes
from clinometer.evaluate import Function
from clinometer.ladder import coordinates
from clinometer.stencil import stencil
from clinometer.trees import Layout

X = np.array([0.3, -0.7, 1.1, 2.0])


def known_of(f, x):
    function = Function(f, x)
    lines = coordinates(function.layout, function.x, np.abs(function.x))
    return Known(function, lines, None)


@pytest.mark.parametrize("offsets", [(0, 1), (-1, 1)])
def test_the_error_of_a_difference_is_its_distance_from_the_formula(offsets):
    known = known_of(lambda x: np.exp(x).sum(), X)

    found = known.by(stencil(offsets))

    truth = np.exp(X)
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    told = known.accuracy(found)
    assert abs(told.error - error) <= told.bar
    assert told.resolved


def test_what_is_exact_hides_in_the_bar():
    known = known_of(lambda x: np.exp(x).sum(), X)

    told = known.accuracy(np.exp(X))

    assert not told.resolved
    assert str(told).startswith("≤ ")


def test_of_a_gradient_of_zeros_no_error_is_known():
    told = known_of(lambda x: 0.0 * x.sum(), X).accuracy(np.zeros(4))

    assert told.bound == math.inf
    assert str(told) == "not known"


@pytest.mark.parametrize(
    ("accuracy", "text"),
    [
        (Accuracy(2.34e-8, 1e-12), "2.3e-08 ± 1e-12"),
        (Accuracy(1e-14, 2e-14), "≤ 3e-14"),
        (Accuracy(math.nan, math.inf), "not known"),
    ],
)
def test_an_error_prints_with_its_bar(accuracy, text):
    assert str(accuracy) == text


def test_a_complex_step_is_exact_to_rounding():
    layout = Layout.of({"a": X, "b": 2.0})

    found = complex_slopes(
        lambda leaves: np.exp(leaves[0]).sum() * leaves[1] ** 3,
        layout,
        {0: SMALL * 0.3, 3: SMALL * 2.0, 4: SMALL * 2.0},
    )

    truth = [8 * math.exp(0.3), 8 * math.exp(2.0), 12 * np.exp(X).sum()]
    # an exponential, a sum of four and a product: a few roundoffs
    np.testing.assert_allclose(found, truth, rtol=16 * 2.0**-53)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda leaves: abs(leaves[0]).sum(), "no complex number"),
        (lambda leaves: leaves[0].max(initial={}), "f raised TypeError"),
        (lambda leaves: np.asarray(leaves[0], float).sum(), "f raised ComplexWarning"),
    ],
)
def test_a_function_that_takes_no_complex_numbers_says_so(f, reason):
    found = complex_slopes(f, Layout.of(X), {0: SMALL})

    assert isinstance(found, str)
    assert reason in found
