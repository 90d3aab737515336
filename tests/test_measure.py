"""From lines to judged derivatives: what is evaluated, and when it ends."""

import numpy as np
import pytest
import torch

from clinometer.errors import FunctionError, InputError
from clinometer.estimate import CONVERGED, FAILED, ONE_SIDED, OUTCOMES, Status
from clinometer.evaluate import Function
from clinometer.ladder import Ladder, coordinates, directions, scales
from clinometer.measure import BLOCK, measure

NOISE = np.random.default_rng(0)


def measured(f, x, *, derivative=1, rtol=1e-10, free=False, **options):
    """Derivatives of f along the entries of x, and the function that was asked."""
    function = Function(f, x, **options)
    layout, vector = function.layout, function.x
    lines = coordinates(layout, vector, scales(layout, vector, None), free=free)
    return measure(function, lines, derivative=derivative, rtol=rtol), function


def wiggly(x):
    """Noise of 1e-6 on a curve."""
    return np.exp(x) * (1 + 1e-6 * NOISE.normal(size=np.shape(x)))


HARD = {
    "smooth": np.exp,
    "noisy": wiggly,
    "kink": lambda x: abs(x - 1),
    "kink nearby": lambda x: abs(x - 1.0001),
    "jump": lambda x: np.where(x >= 1, 2.0, 1.0),
    "cusp": lambda x: np.sqrt(abs(x - 1)),
    "edge": lambda x: np.exp(x) + np.power(x - 1, 2.5),
    "root at the edge": lambda x: np.sqrt(x - 1),
    "narrow domain": lambda x: np.where(abs(x - 1) < 1e-5, x, np.nan),
    "nowhere else": lambda x: np.where(x == 1, 1.0, np.nan),
    "oscillating": lambda x: np.sin(1e4 * x),
    "constant": lambda x: 3.0,
    "chaotic": lambda x: (np.sin(1e4 * x) * 1e3) % 1,
}


# --- what is evaluated --------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("derivative", [1, 2])
@pytest.mark.parametrize("name", HARD)
def test_no_point_is_evaluated_twice_and_none_crosses_zero(name, derivative, dtype):
    """Whatever f does, the work ends: at most every row of the ladder, once."""
    seen = []
    f = HARD[name]
    measured(lambda x: seen.append(float(x)) or f(x), dtype(1), derivative=derivative)
    ladder = Ladder.of(float(np.finfo(dtype).eps) / 2)

    assert len(seen) <= 1 + 2 * ladder.rows
    assert len(set(seen)) == len(seen)
    assert min(seen) >= 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("side", [-1, 1])
def test_an_edge_does_not_lead_across_zero_in_coarse_precision(dtype, side):
    seen = []

    def f(x):
        seen.append(float(x))
        return torch.where((x - 1) * side >= 0, torch.exp(x), torch.nan)

    found, _ = measured(f, torch.tensor(1.0, dtype=dtype))
    assert found.code.tolist() == [[ONE_SIDED]]
    assert abs(found.value[0, 0] - np.e) <= found.error[0, 0]
    assert min(seen) > 0


def test_steps_may_cross_zero_where_the_scale_is_given():
    seen = []
    measured(lambda x: seen.append(x) or wiggly(x), 1e-3, free=True)
    assert min(seen) < 0


@pytest.mark.parametrize("name", ["exp", "sin", "tanh", "cosh"])
@pytest.mark.parametrize("derivative", [1, 2])
def test_a_smooth_function_costs_eight_evaluations_and_one(name, derivative):
    rtol = 1e-10 if derivative == 1 else 1e-6
    found, function = measured(getattr(np, name), 0.7, derivative=derivative, rtol=rtol)
    assert function.evaluations == 9
    assert found.code.tolist() == [[CONVERGED]]


def test_lines_that_are_settled_cost_no_more_when_others_go_on():
    """Two entries: one smooth, one with a kink; only the second asks for more rows."""
    moved = []

    def f(x):
        moved.append((x != 1).tolist())
        return np.exp(x[0]) + abs(x[1] - 1)

    found, _ = measured(f, np.ones(2))
    count = np.sum(moved, axis=0)
    assert count[0] == 8
    assert count[1] > 8
    assert [OUTCOMES[c] for c in found.code[:, 0]] == [Status.CONVERGED, Status.KINK]


def test_a_batched_f_is_called_once_for_the_first_rows_of_all_lines():
    _, function = measured(lambda x: np.exp(x).sum(1), np.ones(50), batched=True)
    assert function.calls == 1
    assert function.evaluations == 1 + 8 * 50


def test_more_components_than_a_block_are_judged_the_same():
    """A block holds 8192; one line with 20,000 outputs, kinks among them."""
    rates = np.linspace(0.5, 2, 2 * BLOCK + 5)
    kinks = np.arange(rates.size) % 1000 == 7

    def f(x):
        return np.where(kinks, abs(x - 1), np.exp(rates * x))

    found, _ = measured(f, 1.0)
    truth = np.where(kinks, 0, rates * np.exp(rates))
    assert found.value.shape == (1, rates.size)
    assert (np.abs(found.value[0] - truth) <= found.error[0]).all()
    names = OUTCOMES[found.code[0]]
    assert (names[kinks] == Status.KINK).all()
    assert (names[~kinks] == Status.CONVERGED).all()


# --- what is told -------------------------------------------------------------


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("derivative", [1, 2])
def test_errors_are_never_nan_and_missing_values_have_infinite_bars(name, derivative):
    """So that |value - truth| <= error and error <= tolerance stay honest."""
    found, _ = measured(HARD[name], 1.0, derivative=derivative)
    assert not np.isnan(found.error).any()
    assert (found.error >= 0).all()
    assert np.isinf(found.error[~np.isfinite(found.value)]).all()
    assert ((found.code == FAILED) <= np.isinf(found.error)).all()


def test_a_coarser_tolerance_is_content_with_fewer_evaluations():
    f = lambda x: np.sin(40 * x)  # noqa: E731
    coarse, cheap = measured(f, 1.0, rtol=1e-2)
    fine, dear = measured(f, 1.0, rtol=1e-12)
    truth = 40 * np.cos(40)

    assert cheap.evaluations < dear.evaluations
    assert coarse.error[0, 0] <= 1e-2 * abs(truth)
    for found in (coarse, fine):
        assert abs(found.value[0, 0] - truth) <= found.error[0, 0]


@pytest.mark.parametrize("rtol", [0, 1, -1e-3, 2.0, np.nan, np.inf])
def test_a_tolerance_outside_zero_and_one_is_refused(rtol):
    with pytest.raises(InputError, match=r"rtol must lie between 0 and 1, got "):
        measured(np.exp, 1.0, rtol=rtol)


def test_directions_are_measured_in_units_of_their_length():
    function = Function(lambda x: np.exp(x[0]) * x[1], np.array([1.0, 2.0]))
    v = np.array([[3.0, -1.0], [0.5, 4.0], [1e6, 2e6]])
    scale = np.abs(function.x)
    lines = directions(function.layout, function.x, v, scale=scale)
    found = measure(function, lines)
    truth = v @ [2 * np.e, np.e]
    assert (np.abs(found.value[:, 0] - truth) <= found.error[:, 0]).all()
    assert (found.error[:, 0] <= 1e-9 * np.abs(truth)).all()


# --- faults of f --------------------------------------------------------------


def test_exceptions_on_one_side_make_the_estimate_one_sided():
    def f(x):
        if x < 1:
            raise ValueError("below the domain")
        return np.exp(x)

    found, _ = measured(f, 1.0)
    assert found.code.tolist() == [[ONE_SIDED]]
    assert abs(found.value[0, 0] - np.e) <= found.error[0, 0] <= 1e-7


@pytest.mark.parametrize("batched", [False, True])
def test_exceptions_on_both_sides_are_passed_on_with_their_place(batched):
    def f(x):
        if np.any(x != 1):
            raise ZeroDivisionError("only at one")
        return x[..., 0]

    with pytest.raises(
        FunctionError, match=r"ZeroDivisionError on both sides of x, first at x\[0\] = "
    ) as caught:
        measured(f, np.ones(1), batched=batched)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_nan_on_both_sides_fails_without_an_exception():
    found, _ = measured(HARD["nowhere else"], 1.0)
    assert found.code.tolist() == [[FAILED]]
    assert found.error.tolist() == [[np.inf]]


def test_each_output_uses_the_side_on_which_it_has_values():
    """x**2.5 has none below zero, (-x)**2.5 none above; both have the slope 3."""
    found, _ = measured(lambda x: np.power([x, -x], 2.5) + 3 * x, 0.0)
    assert found.code.tolist() == [[ONE_SIDED] * 2]
    assert (np.abs(found.value - 3) <= found.error).all()
    assert (found.error < 1e-3).all()


def test_a_derivative_beyond_the_range_of_float64_fails():
    """1e300 / 1e-20: f is in range, its slope is not; nothing warns."""
    found, _ = measured(lambda x: 1e300 * np.sin(x / 1e-20), 1e-20)
    assert found.code.tolist() == [[FAILED]]
    assert found.error.tolist() == [[np.inf]]
