"""Below float64, what rounding of x explains is told from digits that a rule loses."""

import numpy as np
import pytest
import torch

from clinometer.check import Verdict, check
from clinometer.check.diagnosis import Cause

NEAR = np.random.default_rng(3).normal(size=40)


def deviation(variance):
    """The standard deviation with a backward of its own."""

    class Deviation(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.var(unbiased=False).sqrt()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * (x - x.mean()) / (len(x) * variance(x).sqrt())

    return Deviation.apply


def cancelling(x):
    """The variance as the mean of squares less the square of the mean."""
    return ((x * x).mean() - x.mean() ** 2).clamp(min=1e-12)


@pytest.mark.parametrize("offset", [300.0, 3000.0, 30000.0])
@pytest.mark.parametrize("library", ["torch", "numpy"])
def test_a_right_gradient_of_numbers_far_from_zero_agrees(library, offset):
    x = (NEAR + offset).astype(np.float32)
    if library == "torch":
        report = check(lambda x: x.var(), torch.tensor(x))
    else:
        report = check(
            lambda x: x.var(),
            x,
            gradient=lambda x: 2 / x.size * (x - x.mean(dtype=x.dtype)),
        )
    assert report.verdict is Verdict.AGREES
    assert report.diagnoses == ()


@pytest.mark.parametrize("wrong", [False, True])
def test_so_it_is_along_directions_but_for_a_wrong_entry(wrong):
    x = torch.tensor(np.resize(NEAR, 2000) + 3000.0, dtype=torch.float32)
    mask = torch.arange(2000) == 1234

    def gradient(x):
        g = 2 / 1999 * (x - x.mean())
        return torch.where(mask, 3 * g, g) if wrong else g

    report = check(lambda x: x.var(), x, gradient=gradient)
    assert report.verdict is (Verdict.DIFFERS if wrong else Verdict.AGREES)


def test_a_wrong_factor_is_not_excused_by_rounding():
    x = torch.tensor(NEAR + 3000.0, dtype=torch.float32)
    report = check(lambda x: x.var(), x, gradient=lambda x: 2.05 / 39 * (x - x.mean()))
    assert report.verdict is Verdict.DIFFERS


def test_a_rule_that_loses_digits_is_right_in_float64_only():
    x = torch.tensor(NEAR + 3000.0, dtype=torch.float32)
    report = check(deviation(cancelling), x)
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.PRECISION,)
    assert "right in float64" in report.diagnoses[0].evidence
    assert check(deviation(cancelling), x.double()).verdict is Verdict.AGREES


def test_a_small_factor_in_float32_is_no_loss_of_digits():
    x = torch.tensor(NEAR, dtype=torch.float32)
    report = check(lambda x: x.square().sum(), x, gradient=lambda x: 1.998 * x)
    assert report.verdict is Verdict.DIFFERS
    assert report.causes == (Cause.FACTOR,)


@pytest.mark.parametrize("lost", [True, False])
def test_in_float64_lost_digits_jump_and_a_wrong_formula_is_smooth(lost):
    def gradient(x):
        return x.half().cos().double() if lost else x.cos() + 2e-4 * torch.sin(3 * x)

    report = check(lambda x: x.sin().sum(), torch.tensor(NEAR), gradient=gradient)
    assert report.verdict is Verdict.DIFFERS
    assert (Cause.PRECISION in report.causes) is lost


@pytest.mark.parametrize("points", [False, True])
def test_it_agrees_without_probes_and_at_other_points(points):
    x = torch.tensor(NEAR + 300.0, dtype=torch.float32)
    report = check(lambda x: x.var(), x, probes=points, points=points)
    assert report.verdict is Verdict.AGREES


@pytest.mark.parametrize("decimals", [1, 3])
def test_a_claim_rounded_to_decimals_stays_rounded_though_it_stands_still(decimals):
    report = check(
        lambda x: 3 * np.sin(x).sum(),
        NEAR,
        gradient=lambda x: np.round(3 * np.cos(x), decimals),
    )
    assert report.causes == (Cause.PRECISION,)
    assert "multiple of" in report.diagnoses[0].evidence


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [40, 2000])
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_claim_that_is_not_finite_is_no_matter_of_rounding(value, size, dtype):
    x = torch.tensor(np.resize(NEAR, size), dtype=dtype)

    def gradient(x):
        wrong = 1.01 * x.cos()
        wrong[3] = value
        return wrong

    report = check(lambda x: x.sin().sum(), x, gradient=gradient)
    assert report.verdict is Verdict.DIFFERS
