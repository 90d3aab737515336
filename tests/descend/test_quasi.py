"""The rule LBFGS is SciPy's method, iteration by iteration."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from clinometer import InputError, minimise
from clinometer.descend import LBFGS, Analytic, CentralDifferences, Ending, Stop

X0 = np.array([-1.2, 1.0, 0.5])
ENDLESS = Stop(iterations=10_000)


def test_it_ends_where_scipy_ends_with_the_same_tolerances():
    options = {"ftol": 1e-8, "gtol": 1e-5, "maxcor": 5}
    steps = []

    truth = minimize(
        rosen,
        X0,
        jac=rosen_der,
        method="L-BFGS-B",
        options=options,
        callback=lambda intermediate_result: steps.append(intermediate_result.fun),
    )
    trace = minimise(
        rosen,
        X0,
        LBFGS(history=5, ftol=1e-8, gtol=1e-5),
        Analytic(rosen_der),
        stop=ENDLESS,
    )

    assert np.array_equal(trace.x, truth.x)
    assert trace.loss.tolist() == [rosen(X0), *steps]
    assert trace.evaluations[-1] == truth.nfev
    assert trace.ending is Ending.RULE
    assert truth.message in trace.message


def test_it_can_be_stopped_after_any_iteration():
    trace = minimise(rosen, X0, LBFGS(), Analytic(rosen_der), stop=Stop(iterations=7))

    assert trace.iterations == 7
    assert trace.ending is Ending.ITERATIONS


def test_without_tolerances_it_goes_on_until_the_line_search_fails():
    trace = minimise(rosen, X0, LBFGS(), CentralDifferences(), stop=ENDLESS)

    assert trace.ending is Ending.RULE
    assert np.allclose(trace.x, 1.0, atol=1e-5)  # noise 1e-11, curvature 0.4


def test_float32_leaves_are_told_as_f_saw_them():
    x0 = X0.astype(np.float32)

    trace = minimise(
        lambda x: rosen(x.astype(float)),
        x0,
        LBFGS(),
        Analytic(lambda x: rosen_der(x.astype(float))),
        stop=Stop(iterations=5),
    )

    assert trace.x.dtype == np.float32
    assert trace.loss[-1] == rosen(trace.x.astype(float))


@pytest.mark.parametrize("bad", [{"history": 0}, {"ftol": -1.0}, {"gtol": np.nan}])
def test_options_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match="must be"):
        LBFGS(**bad)
