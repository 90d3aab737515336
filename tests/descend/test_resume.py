"""A descent broken off and gone on with gives the bits of one without a break."""

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der, rosen_hess

from clinometer import InputError, Trace, minimise
from clinometer.descend import (
    LBFGS,
    Adam,
    Analytic,
    Barred,
    CentralDifferences,
    Ending,
    GradientDescent,
    Momentum,
    Newton,
    RandomDirections,
    Stop,
)

X0 = np.array([-1.2, 1.0, 0.5])
RULES = [
    GradientDescent(1e-4),
    Momentum(1e-4),
    Adam(0.05),
    LBFGS(),
    Newton(),
    Newton(hessian=rosen_hess),
]
SLOPES = [Analytic(rosen_der), CentralDifferences(), Barred(), RandomDirections(5)]
WHOLE = Stop(iterations=12)
SAME = ["loss", "gradient", "error", "step", "evaluations", "gradients", "hessians"]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("slope", SLOPES, ids=str)
@pytest.mark.parametrize("broken", [0, 1, 5])
def test_a_run_from_a_file_continues_to_the_same_bits(rule, slope, broken, tmp_path):
    file = tmp_path / "deep" / "run.npz"
    whole = minimise(rosen, X0, rule, slope, stop=WHOLE)

    first = minimise(rosen, X0, rule, slope, stop=Stop(iterations=broken), file=file)
    loaded = Trace.load(file, X0)
    second = minimise(rosen, X0, rule, slope, stop=WHOLE, after=loaded, file=file)

    assert first.iterations == min(broken, whole.iterations)
    assert np.array_equal(second.x, whole.x)
    for name in SAME:
        assert np.array_equal(getattr(second, name), getattr(whole, name)), name
    assert (np.diff(second.seconds) > 0).all()
    assert np.array_equal(Trace.load(file, X0).x, whole.x)


def test_a_nested_torch_input_comes_back_as_it_was(tmp_path):
    x0 = {"w": torch.ones(2, 2), "b": torch.tensor(0.5, dtype=torch.float64)}

    def f(x):
        return (x["w"] ** 2).sum().double() + (x["b"] - 1) ** 4

    stop = Stop(iterations=3)
    trace = minimise(f, x0, Adam(0.1), Analytic(), stop=stop)
    loaded = Trace.load(trace.save(tmp_path / "run.npz"), x0)

    assert torch.equal(loaded.x["w"], trace.x["w"])
    assert loaded.x["w"].dtype == torch.float32
    assert loaded.x["b"].dtype == torch.float64
    assert str(loaded) == str(trace)


def test_an_interruption_leaves_a_file_to_go_on_from(tmp_path):
    file = tmp_path / "run.npz"
    slope = Analytic(rosen_der)

    def interrupt(iteration):
        if iteration.number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimise(rosen, X0, LBFGS(), slope, file=file, progress=interrupt)
    broken = Trace.load(file, X0)
    second = minimise(rosen, X0, LBFGS(), slope, stop=WHOLE, after=broken)

    assert broken.ending is Ending.INTERRUPTED
    assert broken.iterations == 4
    assert np.array_equal(second.x, minimise(rosen, X0, LBFGS(), slope, stop=WHOLE).x)


def test_a_trace_that_has_ended_is_not_gone_on_with_under_the_same_rule():
    trace = minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE)

    again = minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE, after=trace)

    assert np.array_equal(again.loss, trace.loss)
    assert again.evaluations[-1] == trace.evaluations[-1]


def test_a_file_that_exists_is_not_written_over(tmp_path):
    file = tmp_path / "run.npz"
    minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE, file=file)

    with pytest.raises(InputError, match="must be new"):
        minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE, file=file)


@pytest.mark.parametrize(
    ("rule", "slope", "x0", "said"),
    [
        (Adam(0.1), Analytic(rosen_der), X0, "same rule"),
        (Adam(), CentralDifferences(), X0, "same slope"),
        (Adam(), Analytic(rosen_der), X0 + 1, "same x0"),
    ],
)
def test_the_trace_of_another_descent_is_refused(rule, slope, x0, said):
    trace = minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE)

    with pytest.raises(InputError, match=said):
        minimise(rosen, x0, rule, slope, after=trace)


def test_files_that_are_no_traces_are_refused(tmp_path):
    text, other = tmp_path / "text.npz", tmp_path / "other.npz"
    text.write_text("not an archive")
    np.savez(other, a=X0)
    trace = minimise(rosen, X0, Adam(), Analytic(rosen_der), stop=WHOLE)
    own = trace.save(tmp_path / "own.npz")

    for path, said in (
        (tmp_path / "none.npz", "no trace file"),
        (text, "is no trace file"),
        (other, "Trace.save"),
    ):
        with pytest.raises(InputError, match=said):
            Trace.load(path, X0)
    with pytest.raises(InputError, match="of 3 numbers, got 2"):
        Trace.load(own, X0[:2])
