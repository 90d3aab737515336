"""Gradients checked inside real runs of SciPy's and torch's optimisers."""

import logging

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

from clinometer import GradientError, InputError, Verdict
from clinometer.hooks import Watch, checked, checked_closure

START = np.array([-1.2, 1.0, 0.5, 2.0])


def wrong_at_two(x):
    gradient = rosen_der(x)
    gradient[2] *= 1.1
    return gradient


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"])
def test_a_right_gradient_gives_the_same_run_as_without_a_check(method):
    watched = checked(rosen, rosen_der)

    found = minimize(watched.fun, START, jac=watched.jac, method=method)

    plain = minimize(rosen, START, jac=rosen_der, method=method)
    assert np.array_equal(found.x, plain.x)
    assert found.nfev == plain.nfev
    assert watched.reports[0].verdict is Verdict.AGREES


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B"])
def test_a_wrong_gradient_raises_before_the_first_step(method):
    points = []

    def gradient(x):
        points.append(np.array(x))
        return wrong_at_two(x)

    watched = checked(rosen, gradient)

    with pytest.raises(GradientError, match=r"x\[2\]"):
        minimize(watched.fun, START, jac=watched.jac, method=method)
    assert np.array_equal(points, [START])


def test_a_wrong_gradient_may_be_logged_and_the_run_goes_on(caplog):
    watched = checked(rosen, wrong_at_two, raises=False)

    with caplog.at_level(logging.WARNING, logger="clinometer"):
        minimize(watched.fun, START, jac=watched.jac, method="BFGS")

    assert watched.reports[0].verdict is Verdict.DIFFERS
    assert "the gradient of the objective is wrong" in caplog.text


def test_a_gradient_that_goes_wrong_on_the_way_is_seen_when_progress_stalls():
    """Right at the start, of wrong sign near the minimum: no line search succeeds."""

    def gradient(x):
        return rosen_der(x) * (-1 if rosen(x) < 10 else 1)

    watched = checked(rosen, gradient, patience=3)

    with pytest.raises(GradientError, match="DIFFERS"):
        minimize(watched.fun, START, jac=watched.jac, method="BFGS")
    assert [r.verdict for r in watched.reports] == [Verdict.AGREES, Verdict.DIFFERS]


def test_value_and_gradient_may_come_from_one_function_with_arguments():
    def both(x, factor):
        return factor * rosen(x), factor * rosen_der(x)

    watched = checked(both, jac=True)

    found = minimize(watched.fun, START, args=(2.0,), jac=watched.jac, method="BFGS")

    assert found.success
    assert watched.reports[0].verdict is Verdict.AGREES


def test_a_check_costs_the_same_for_any_number_of_variables():
    costs = []
    for count in (2, 20_000):
        watched = checked(lambda x: (x**4).sum(), lambda x: 4 * x**3)
        x = np.linspace(1.0, 2.0, count)
        watched.fun(x)
        watched.jac(x)
        costs.append(watched.reports[0].evaluations)

    assert max(costs) <= 60


class Doubled(torch.autograd.Function):
    """The sine, with a derivative twice too large."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 2 * x.cos() * gradient


def training(activation, *, dropout=0.0):
    """A small network, its LBFGS optimiser and closure; all from the same seed."""
    torch.manual_seed(0)
    first, second = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)
    params = [*first.parameters(), *second.parameters()]
    x = torch.randn(32, 4)
    y = x[:, :1] * x[:, 1:2]
    optimiser = torch.optim.LBFGS(params, lr=0.5, max_iter=5)

    def closure():
        optimiser.zero_grad()
        hidden = torch.dropout(activation(first(x)), dropout, train=True)
        loss = ((second(hidden) - y) ** 2).mean()
        loss.backward()
        return loss

    return optimiser, closure, params


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_run_of_lbfgs_is_bit_identical_with_and_without_checks(dropout):
    optimiser, closure, params = training(torch.tanh, dropout=dropout)
    watched = checked_closure(closure, params, patience=2)
    for _ in range(3):
        optimiser.step(watched)

    plain, closure, other = training(torch.tanh, dropout=dropout)
    for _ in range(3):
        plain.step(closure)

    assert all(torch.equal(a, b) for a, b in zip(params, other, strict=True))
    assert {report.verdict for report in watched.reports} == {Verdict.AGREES}


def test_a_wrong_backward_raises_in_a_run_of_lbfgs_and_names_its_parameters():
    optimiser, closure, params = training(Doubled.apply)
    before = [param.detach().clone() for param in params]

    with pytest.raises(GradientError, match="DIFFERS") as caught:
        optimiser.step(checked_closure(closure, params))

    message = str(caught.value)
    assert "x[0]" in message
    assert all(torch.equal(a, b) for a, b in zip(before, params, strict=True))


def test_each_stall_is_checked_once():
    watch = Watch(patience=2, raises=True, seed=0, reports=[])

    due = [watch.due(value) for value in [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0]]

    assert due == [True, False, False, True, False, False, False, False, True]


def test_wrong_options_are_refused():
    with pytest.raises(InputError, match="jac must be a function or True, got '2-poi"):
        checked(rosen, "2-point")
    with pytest.raises(InputError, match="patience must be a whole number >= 1"):
        checked(rosen, rosen_der, patience=0)
    with pytest.raises(InputError, match="params must be a sequence of tensors"):
        checked_closure(lambda: None, [])
