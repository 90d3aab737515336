"""A rule that applies J to the incoming gradient, where its transpose is due."""

import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause

MATRIX = np.random.default_rng(1).normal(size=(4, 4))


def test_a_jacobian_given_transposed_is_named():
    report = check(
        lambda x: MATRIX @ np.sin(x),
        np.array([0.3, -1.0, 2.0, 0.7]),
        jacobian=lambda x: (MATRIX * np.cos(x)).T,
    )
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.TRANSPOSED,)


@pytest.mark.parametrize("right", [True, False])
def test_a_sum_run_the_wrong_way_round_is_named(right):
    class Cumulated(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.cumsum(0)

        @staticmethod
        def backward(ctx, g):
            return g.flip(0).cumsum(0).flip(0) if right else g.cumsum(0)

    report = check(Cumulated.apply, torch.tensor(MATRIX[0]))
    assert report.causes == (() if right else (Cause.TRANSPOSED,))


def test_a_factor_on_a_symmetric_jacobian_is_a_factor():
    matrix = torch.tensor(MATRIX + MATRIX.T)
    report = check(
        lambda x: matrix @ x,
        torch.tensor(MATRIX[1]),
        vjp=lambda x, u: 1.00002 * matrix @ u,
    )
    assert report.causes == (Cause.FACTOR,)
