"""Rules take the steps that their formulas say, as closed forms and torch's own do."""

import numpy as np
import pytest
import torch

from clinometer import InputError, minimise
from clinometer.descend import (
    Adam,
    Analytic,
    CentralDifferences,
    GradientDescent,
    Momentum,
    Stop,
)

A = np.array([[3.0, 1.0], [1.0, 2.0]])
X0 = np.array([1.0, -2.0])
TEN = Stop(iterations=10)
ROUNDING = 1e-13
"""Relative; ten steps of two-by-two products lose some ten roundings of 1e-16 each."""


def bowl(x):
    return x @ A @ x / 2


def slope_of_bowl(x):
    return A @ x


def test_gradient_descent_on_a_quadratic_is_the_power_of_a_matrix():
    trace = minimise(bowl, X0, GradientDescent(0.1), Analytic(slope_of_bowl), stop=TEN)

    truth = np.linalg.matrix_power(np.eye(2) - 0.1 * A, 10) @ X0
    assert np.allclose(trace.x, truth, rtol=ROUNDING)
    assert trace.loss[-1] == pytest.approx(bowl(truth), rel=ROUNDING)
    assert trace.gradient[-1] == pytest.approx(np.linalg.norm(A @ truth), rel=ROUNDING)


def test_momentum_on_a_quadratic_is_the_power_of_a_matrix():
    rule = Momentum(0.1, decay=0.8)

    trace = minimise(bowl, X0, rule, Analytic(slope_of_bowl), stop=TEN)

    speed = np.hstack([-0.1 * A, 0.8 * np.eye(2)])
    both = np.vstack([np.hstack([np.eye(2), np.zeros((2, 2))]) + speed, speed])
    truth = np.linalg.matrix_power(both, 10) @ np.append(X0, [0.0, 0.0])
    assert np.allclose(trace.x, truth[:2], rtol=10 * ROUNDING)


OPTIMISERS = [
    (GradientDescent(0.02), lambda p: torch.optim.SGD(p, lr=0.02)),
    (Momentum(0.01, 0.7), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.7)),
    (Adam(0.05), lambda p: torch.optim.Adam(p, lr=0.05)),
    (
        Adam(0.05, mean=0.5, square=0.9, epsilon=1e-3),
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.5, 0.9), eps=1e-3),
    ),
]


def valley(x):
    return (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.parametrize(("rule", "make"), OPTIMISERS, ids=range(len(OPTIMISERS)))
def test_a_rule_goes_where_the_optimiser_of_torch_goes(rule, make):
    start = torch.tensor([-1.2, 1.0], dtype=torch.float64)

    trace = minimise(valley, start, rule, Analytic(), stop=Stop(iterations=30))

    moved = start.clone().requires_grad_()
    optimiser = make([moved])
    for _ in range(30):
        optimiser.zero_grad()
        valley(moved).backward()
        optimiser.step()
    assert torch.allclose(trace.x, moved.detach(), rtol=1e-10, atol=0)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_first_step_of_adam_is_its_rate_in_every_entry(scale):
    rule = Adam(0.01, epsilon=1e-300)

    trace = minimise(
        lambda x: scale * bowl(x),
        X0,
        rule,
        Analytic(lambda x: scale * (A @ x)),
        stop=Stop(iterations=1),
    )

    assert np.allclose(trace.x, X0 - 0.01 * np.sign(A @ X0), rtol=ROUNDING)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GradientDescent(0.0), "rate must be positive and finite, got 0.0"),
        (lambda: GradientDescent(np.inf), "rate must be positive"),
        (lambda: GradientDescent(np.nan), "rate must be positive"),
        (lambda: Momentum(0.1, decay=1.0), r"decay must lie in \[0, 1\), got 1.0"),
        (lambda: Momentum(0.1, decay=-0.1), "decay must lie"),
        (lambda: Adam(square=1.5), "square must lie"),
        (lambda: Adam(epsilon=0), "epsilon must be positive"),
    ],
)
def test_a_number_out_of_range_is_named(make, said):
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.parametrize("rule", ["adam", Adam, 0.1, None], ids=range(4))
def test_what_is_no_rule_is_refused_by_name(rule):
    with pytest.raises(InputError, match=r"rule must be one of clinometer.descend"):
        minimise(valley, np.ones(2), rule, CentralDifferences())


@pytest.mark.parametrize("slope", ["central", CentralDifferences, valley], ids=range(3))
def test_what_is_no_slope_is_refused_by_name(slope):
    with pytest.raises(InputError, match=r"slope must be one of clinometer.descend"):
        minimise(valley, np.ones(2), Adam(0.1), slope)
