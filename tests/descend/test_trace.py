"""What a trace says, what ends it, and traces side by side."""

import json

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from clinometer import FunctionError, InputError, minimise
from clinometer.descend import (
    Adam,
    Analytic,
    CentralDifferences,
    Ending,
    ForwardDifferences,
    GradientDescent,
    Stop,
    compare,
)

X0 = np.array([-1.2, 1.0])
SLOPE = Analytic(rosen_der)


def bowl(x):
    return (x**2).sum()


def slope_of_bowl(x):
    return 2 * x


def halved(stop):
    """A descent that halves every entry at each iteration, its loss by four."""
    return minimise(
        bowl, np.ones(4), GradientDescent(0.25), Analytic(slope_of_bowl), stop=stop
    )


@pytest.mark.parametrize(
    ("stop", "ending", "iterations"),
    [
        (Stop(iterations=7), Ending.ITERATIONS, 7),
        (Stop(gradient=2.0**-9), Ending.GRADIENT, 9),
        (Stop(loss=4 * 4.0**-5), Ending.LOSS, 5),
        (Stop(evaluations=4), Ending.EVALUATIONS, 3),
        (Stop(seconds=1e-9), Ending.SECONDS, 0),
    ],
)
def test_a_descent_ends_at_the_first_rule_that_holds(stop, ending, iterations):
    trace = halved(stop)

    assert trace.ending is ending
    assert trace.iterations == iterations


def test_losses_that_no_longer_fall_end_a_descent():
    trace = minimise(
        bowl,
        np.ones(1),
        GradientDescent(1.0),  # from 1 to -1 and back
        Analytic(slope_of_bowl),
        stop=Stop(patience=3),
    )

    assert trace.ending is Ending.PATIENCE
    assert trace.iterations == 3


def test_a_descent_that_leaves_the_range_of_f_ends_and_keeps_what_was():
    trace = minimise(bowl, np.ones(1), GradientDescent(1e200), Analytic(slope_of_bowl))

    assert trace.ending is Ending.DIVERGED
    assert trace.loss[0] == 1.0
    assert not np.isfinite(trace.loss[-1])


def test_the_columns_of_a_trace_are_what_happened():
    trace = halved(Stop(iterations=3))

    assert trace.loss.tolist() == [4.0, 1.0, 0.25, 0.0625]
    assert trace.gradient.tolist() == [4.0, 2.0, 1.0, 0.5]
    assert trace.step.tolist() == [0.0, 1.0, 0.5, 0.25]
    assert trace.evaluations.tolist() == trace.gradients.tolist() == [1, 2, 3, 4]
    assert trace[2].loss == 0.25
    assert trace[-1].number == 3
    assert not trace.loss.flags.writeable


def test_progress_hears_every_iteration():
    heard = []

    trace = minimise(bowl, np.ones(2), Adam(), ForwardDifferences(),
                     stop=Stop(iterations=3), progress=heard.append)  # fmt: skip

    assert [row.number for row in heard] == [0, 1, 2, 3]
    assert [row.loss for row in heard] == trace.loss.tolist()
    assert str(heard[1]).startswith("iteration 1: loss 1.99")
    assert "6 evaluations" in str(heard[1])


def test_x0_is_left_alone():
    x0 = np.ones(3)

    minimise(bowl, x0, GradientDescent(0.25), Analytic(slope_of_bowl))

    assert x0.tolist() == [1.0, 1.0, 1.0]


def test_a_trace_is_json_even_where_a_number_is_not():
    trace = halved(Stop(iterations=2))

    back = json.loads(json.dumps(trace.as_dict()))

    assert back["loss"] == trace.loss.tolist()
    assert back["error"] == ["inf"] * 3
    assert back["operations"] == ["nan"] * 3
    assert back["ending"] == "iterations"


def test_a_trace_in_print_names_rule_slope_and_end():
    printed = str(halved(Stop(iterations=100)))

    assert printed.startswith("gradient descent, rate 0.25; slope: analytic")
    assert printed.endswith("ended by iterations")
    assert len(printed.splitlines()) == 16  # head, blank, names, twelve rows, the end


def test_a_comparison_finds_the_level_that_all_reached():
    ways = [SLOPE, CentralDifferences()]
    fast, slow = Adam(0.1), GradientDescent(1e-4)
    traces = [
        minimise(rosen, X0, rule, way, stop=Stop(iterations=30))
        for rule, way in zip([fast, slow], ways, strict=True)
    ]

    found = compare(*traces)

    assert found.level == max(trace.loss.min() for trace in traces)
    for trace, row in zip(traces, found.reached, strict=True):
        assert row.loss <= found.level
        assert (trace.loss[: row.number] > found.level).all()
    assert str(found).count("central differences") == 2
    assert json.loads(json.dumps(found.as_dict()))["level"] == found.level


def test_descents_of_different_functions_are_not_compared():
    here = halved(Stop(iterations=1))
    there = minimise(rosen, X0, Adam(), SLOPE, stop=Stop(iterations=1))

    with pytest.raises(InputError, match="one f from one x0"):
        compare(here, there)
    with pytest.raises(InputError, match="at least one trace"):
        compare()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Stop(iterations=-1), "iterations must be"),
        (lambda: Stop(iterations=1.5), "iterations must be"),
        (lambda: Stop(patience=0), "patience must be"),
        (lambda: Stop(evaluations=0), "evaluations must be"),
        (lambda: Stop(gradient=1.0), "relative to the gradient at x0"),
        (lambda: Stop(loss=np.nan), "loss must be a number"),
        (lambda: Stop(seconds=0.0), "seconds must be positive"),
    ],
)
def test_stop_rules_out_of_range_are_named(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_an_unknown_option_is_named():
    with pytest.raises(InputError, match="no option 'rtol'"):
        minimise(bowl, X0, Adam(), SLOPE, rtol=1e-3)


def test_what_f_raises_at_x0_is_passed_on():
    def broken(x):
        raise ValueError("no data")

    with pytest.raises(FunctionError, match="no data"):
        minimise(broken, X0, Adam(), ForwardDifferences())
