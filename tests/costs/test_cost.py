"""Rows of a cost report: evaluations, operations and errors, against formulas."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import clinometer
from clinometer.costs import CostReport, Way, cost
from clinometer.errors import InputError

DATA = np.random.default_rng(5)
A = DATA.normal(size=(30, 6))
Y = np.sign(DATA.normal(size=30))
W = DATA.normal(size=6)


@pytest.fixture(scope="module", autouse=True)
def float64_in_jax():
    with jax.enable_x64(True):
        yield


def in_numpy(w):
    return np.log1p(np.exp(-Y * (A @ w))).sum()


def in_torch(w):
    return torch.log1p(torch.exp(torch.tensor(-Y) * (torch.tensor(A) @ w))).sum()


def in_jax(w):
    return jnp.log1p(jnp.exp(-Y * (A @ w))).sum()


ASKED = {
    "numpy": (in_numpy, np.array),
    "torch": (in_torch, torch.tensor),
    "jax": (in_jax, jnp.asarray),
}


@pytest.fixture(scope="module", params=ASKED)
def report(request) -> CostReport:
    f, made = ASKED[request.param]
    return cost(f, made(W), workers=4, timing=0.001)


AUTODIFF = {Way.BACKPROP, Way.FORWARD_MODE}
MEMOIZED = {Way.PER_NODE, Way.SPARSE, Way.NODES}
DIFFERENCES = {Way.FORWARD, Way.CENTRAL, Way.EXTRAPOLATED, Way.RANDOM}


def test_every_way_that_the_library_has_is_a_row_and_the_others_say_why(report):
    open_ = {row.way for row in report.rows}
    closed = {each.way: each.reason for each in report.missing}

    assert open_ >= DIFFERENCES
    if report.library == "numpy":
        assert Way.COMPLEX in open_
        assert closed.keys() >= AUTODIFF
    else:
        assert open_ >= AUTODIFF
    assert not open_ & closed.keys()
    assert all(closed.values())


@pytest.mark.parametrize(
    ("way", "evaluations"),
    [(Way.FORWARD, 7), (Way.CENTRAL, 12), (Way.RANDOM, 2)],
)
def test_differences_take_the_evaluations_of_their_formula(report, way, evaluations):
    row = report.row(way)

    assert row.evaluations == evaluations
    assert row.seconds == pytest.approx(evaluations * report.seconds)


def test_the_errors_are_those_to_be_expected(report):
    """Forward differences lose half the digits, central ones a third, autodiff none."""
    eps = 2.0**-52
    error = {row.way: row.accuracy for row in report.rows}

    # a factor of 100 for derivatives that are not of order 1
    assert eps**0.5 / 100 < error[Way.FORWARD].error < 100 * eps**0.5
    assert error[Way.CENTRAL].error < 100 * eps ** (2 / 3) + error[Way.CENTRAL].bar
    for way in (Way.BACKPROP, Way.FORWARD_MODE, Way.COMPLEX):
        if way in error:
            assert not error[way].resolved


def test_shared_time_follows_the_model(report):
    row = report.row(Way.CENTRAL)

    assert row.shared == pytest.approx(3 * report.seconds + report.handing)
    if backprop := report.row(Way.BACKPROP):
        assert backprop.shared == backprop.seconds


def test_operations_of_differences_are_those_of_their_evaluations(report):
    if report.library == "numpy":
        assert report.operations is None
        return
    for way in DIFFERENCES:
        row = report.row(way)
        assert report.times_f(row) == row.evaluations
    own, matrix = report.operations, A.size
    assert own.multiplications >= matrix
    assert own.transcendentals == 2 * len(A)


def test_the_report_goes_through_json_and_prints_what_it_holds(report):
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))

    assert [row["way"] for row in told["rows"]] == [r.way.value for r in report.rows]
    assert told["n"] == 6
    printed = str(report)
    assert " ".join(printed.split()).startswith(report.recommendation)
    assert all(row.way.value in printed for row in report.rows)
    assert "memory" in printed


def test_the_recommendation_is_backprop_where_there_is_one(report):
    exact = "complex step" if report.library == "numpy" else "backprop"
    other = "forward mode"  # as good for six parameters, if the clock says so

    assert report.recommendation.startswith((f"Take {exact}", f"Take the {exact}")) or (
        other in report.recommendation
    )


def test_one_random_direction_is_off_by_its_formula():
    """In the mean over all signs, exactly: the square is (n - 1) |g|**2."""
    g = np.array([3.0, -1.0, 0.5, 2.0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    off = (signs @ g)[:, None] * signs - g
    square = np.mean(np.sum(off**2, axis=1)) / np.sum(g**2)

    row = cost(lambda x: g @ x, np.ones(4), timing=0).row(Way.RANDOM)

    assert row.accuracy.error == pytest.approx(math.sqrt(square))


def test_a_batched_function_is_counted_as_its_single_points():
    def f(x):
        return np.sin(x["a"]).sum(axis=-1) * x["b"]

    found = cost(f, {"a": W, "b": 2.0}, batched=True, timing=0)

    assert found.n == 7
    assert found.row(Way.FORWARD).evaluations == 8
    assert not found.row(Way.COMPLEX).accuracy.resolved


def test_a_way_that_gives_another_slope_is_no_way():
    found = cost(lambda x: np.sum(x * np.conj(x)), W, timing=0)

    (closed,) = (each for each in found.missing if each.way is Way.COMPLEX)
    assert "not analytic" in closed.reason


def test_sparsity_adds_a_row_of_as_many_evaluations_as_colours():
    def chain(x):
        return np.sum((x[1:] - x[:-1]) ** 2)

    x = np.linspace(1.0, 3.0, 40)
    sparsity = np.eye(40)[:-1] + np.eye(40, k=1)[:-1]

    found = cost(chain, x, sparsity=sparsity, timing=0)

    assert found.row(Way.COLOURED).evaluations == 3
    assert found.recommendation.startswith("Take coloured differences: 3 evaluations")


def test_without_reverse_mode_forward_mode_is_recommended():
    def power(x):
        """x[1] times x[0]**3, in a loop of a length that JAX does not know."""
        start = (x[1], 0)
        return jax.lax.while_loop(
            lambda s: s[1] < 3, lambda s: (s[0] * x[0], s[1] + 1), start
        )[0]

    found = cost(power, jnp.array([1.1, 2.0]), timing=0, entries=1)

    assert found.row(Way.BACKPROP) is None
    assert found.recommendation.startswith("Take forward mode")


def test_where_nothing_is_timed_or_measured_only_counts_are_left():
    found = cost(in_jax, jnp.asarray(W), timing=0, entries=0)

    assert found.seconds is None
    assert all(row.seconds is None and row.shared is None for row in found.rows)
    assert all(row.accuracy is None for row in found.rows)
    assert found.row(Way.EXTRAPOLATED).formula == "8 n + 1"
    head = next(line for line in str(found).splitlines() if line.startswith("way"))
    assert "time" not in head


def test_a_random_function_is_said_to_be():
    rng = np.random.default_rng(0)

    noisy = cost(lambda x: (x**2).sum() + 1e-6 * rng.normal(), W, timing=0)
    steady = cost(lambda x: (x**2).sum(), W, timing=0)

    assert any(note.startswith("f is random") for note in noisy.notes)
    assert steady.notes == ()


def test_errors_that_nobody_knows_are_left_out_of_the_recommendation():
    found = cost(lambda x: 0.0 * x.sum(), W, timing=0)

    assert "error" not in found.recommendation


def test_a_torch_parameter_that_requires_grad_is_left_as_it_is():
    w = torch.tensor(W, requires_grad=True)

    found = cost(in_torch, w, timing=0)

    assert w.grad is None
    assert not found.row(Way.BACKPROP).accuracy.resolved


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers must be a whole number >= 1, got 0"),
        ({"entries": -1}, "entries must be a whole number >= 0, got -1"),
        (
            {"timing": math.nan},
            "timing must be a finite number of seconds >= 0, got nan",
        ),
        ({"scale": np.zeros(6)}, "scale must be positive"),
        ({"sparsity": np.ones((2, 3))}, "one column an entry of x"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        cost(in_numpy, W, **options)


def test_a_function_of_several_numbers_is_refused():
    with pytest.raises(InputError, match="cost needs an f that returns a single"):
        cost(lambda x: x, W)


def test_the_front_door_offers_it():
    assert clinometer.cost is cost
    assert clinometer.CostReport is CostReport
