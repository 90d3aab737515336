"""Slopes: how much they ask, and how near to the truth they come."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import FunctionError, InputError, minimise
from clinometer.descend import (
    Analytic,
    Barred,
    CentralDifferences,
    Ending,
    ForwardDifferences,
    GradientDescent,
    Memoized,
    RandomDirections,
    Stop,
)

X0 = np.array([0.3, -1.0, 2.0])
RULE = GradientDescent(1e-3)
HERE = Stop(iterations=0)
ONCE = Stop(iterations=1)
TWICE = Stop(iterations=2)


def f(x):
    return np.sum(np.exp(x) + x**3)


def slope(x):
    return np.exp(x) + 3 * x**2


SLOPES = [
    (Analytic(slope), 1, 0.0),
    (ForwardDifferences(), 1 + 3, 1e-6),
    (CentralDifferences(), 1 + 2 * 3, 1e-9),
    (Barred(), 1 + 1 + 8 * 3, 1e-11),
]
"""Evaluations a gradient, and relative error: 2 sqrt(u) = 2e-8 and (3 u)**(2/3) = 5e-11
times the sizes of f'' x and f''' x**2 over f', up to 20 here."""


@pytest.mark.parametrize(("way", "asked", "error"), SLOPES, ids=str)
def test_a_slope_asks_so_often_and_comes_so_near(way, asked, error):
    trace = minimise(f, X0, RULE, way, stop=TWICE)

    truth = minimise(f, X0, RULE, Analytic(slope), stop=TWICE)
    assert trace.evaluations.tolist() == [asked, 2 * asked, 3 * asked]
    assert np.allclose(trace.gradient, truth.gradient, rtol=error, atol=0)
    assert np.allclose(trace.x, truth.x, rtol=error, atol=0)
    counted = [1, 2, 3] if isinstance(way, Analytic) else [0, 0, 0]
    assert trace.gradients.tolist() == counted


@pytest.mark.parametrize("way", [ForwardDifferences(), CentralDifferences(), Barred()])
def test_points_asked_for_in_batches_give_the_same(way):
    def each(x):
        return np.sum(np.exp(x) + x**3, axis=-1)

    one = minimise(f, X0, RULE, way, stop=TWICE)
    all_at_once = minimise(each, X0, RULE, way, stop=TWICE, batched=True)

    assert np.allclose(one.x, all_at_once.x, rtol=1e-12)  # sums in another order
    assert one.evaluations.tolist() == all_at_once.evaluations.tolist()


@pytest.mark.parametrize(
    ("array", "mapped"),
    [(torch.tensor, False), (torch.tensor, True), (jnp.asarray, True)],
)
def test_autodiff_and_differences_agree_on_nested_float32(array, mapped):
    x0 = {"w": array([[1.0, -0.5], [2.0, 0.25]]), "b": array([0.5, -1.5])}

    def loss(x):
        return ((x["w"] @ x["b"] - 1) ** 2).sum() + (x["b"] ** 2).sum()

    ways = [Analytic(), ForwardDifferences(), CentralDifferences(), Barred()]
    traces = [
        minimise(loss, x0, GradientDescent(0.05), way, stop=ONCE, vmap=mapped)
        for way in ways
    ]

    for trace in traces[1:]:  # float32: forward differences know half of 7 digits
        assert np.allclose(trace.gradient, traces[0].gradient, rtol=3e-3)
        assert type(trace.x["w"]) is type(x0["w"])
        assert trace.x["w"].dtype == x0["w"].dtype


def test_the_bar_holds_the_distance_to_the_true_gradient():
    trace = minimise(f, X0, RULE, Barred(), stop=HERE)

    truth = np.linalg.norm(slope(X0))
    assert 0 < abs(trace.gradient[0] - truth) <= trace.error[0] < 1e-9 * truth


def test_a_gradient_within_its_bar_ends_a_descent():
    trace = minimise(
        lambda x: (np.exp(x) - x).sum(), X0, GradientDescent(0.3), Barred()
    )

    assert trace.ending is Ending.WITHIN_ERROR
    assert trace.gradient[-1] <= trace.error[-1]
    assert np.allclose(trace.x, 0.0, atol=2 * trace.error[-1])  # f'' is 1 there


def test_random_directions_are_exact_for_one_entry():
    x0 = np.array([0.7])

    trace = minimise(f, x0, RULE, RandomDirections(), stop=HERE)

    assert trace.gradient[0] == pytest.approx(slope(x0)[0], rel=1e-8)
    assert trace.evaluations[0] == 3


def test_random_directions_have_the_gradient_for_their_mean():
    """Of f linear, each entry is off by at most 5 standard deviations of the mean."""
    g = np.array([1.0, -2.0, 3.0, 0.5])
    count = 4000

    trace = minimise(
        lambda x: g @ x,
        np.ones(4),
        GradientDescent(1.0),
        RandomDirections(directions=count, seed=3),
        stop=Stop(iterations=1),
    )

    found = 1 - trace.x
    deviation = np.sqrt((g @ g - g**2) / count)
    assert (np.abs(found - g) < 5 * deviation).all()


def test_each_point_draws_its_own_directions_and_a_seed_repeats_them():
    first, again = (
        minimise(f, X0, RULE, RandomDirections(seed=1), stop=TWICE) for _ in range(2)
    )
    other = minimise(f, X0, RULE, RandomDirections(seed=2), stop=TWICE)

    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)


def test_steps_do_not_drown_where_an_entry_passes_through_zero():
    x0 = np.array([1e-17, 1.0])

    trace = minimise(
        lambda x: x.sum() + 1.0, x0, GradientDescent(1.0), ForwardDifferences(),
        stop=HERE,
    )  # fmt: skip

    assert trace.gradient[0] == pytest.approx(np.sqrt(2), rel=1e-7)  # u / sqrt(u)


WEIGHTS = np.random.default_rng(0).standard_normal((5, 3))


@pytest.mark.parametrize(
    "array", [lambda v: torch.tensor(v, dtype=torch.float64), jnp.asarray]
)
def test_operations_are_those_of_the_closed_form(array):
    """f: 15 + 5 products and 10 + 4 sums; its way back: at most three times as many."""
    A, x0 = array(WEIGHTS), array(X0)

    def square(x):
        y = A @ x
        return (y * y).sum()

    ways = [ForwardDifferences(), CentralDifferences(), RandomDirections(2), Analytic()]
    forward, central, random, exact = (
        minimise(square, x0, RULE, way, stop=TWICE).operations for way in ways
    )

    assert forward.tolist() == [34 * 4, 34 * 8, 34 * 12]
    assert central.tolist() == [34 * 7, 34 * 14, 34 * 21]
    assert random.tolist() == [34 * 5, 34 * 10, 34 * 15]
    assert 34 < exact[0] <= 4 * 34  # Griewank & Walther 2008, eq. 3.14
    assert exact.tolist() == [exact[0], 2 * exact[0], 3 * exact[0]]


def test_operations_of_a_formula_or_of_numpy_are_not_known():
    A, x0 = jnp.asarray(WEIGHTS), jnp.asarray(X0)
    by_formula = Analytic(lambda x: 2 * A.T @ (A @ x))

    trace = minimise(lambda x: ((A @ x) ** 2).sum(), x0, RULE, by_formula, stop=HERE)

    assert np.isnan(trace.operations[0])
    assert np.isnan(
        minimise(f, X0, RULE, ForwardDifferences(), stop=HERE).operations[0]
    )


@pytest.mark.parametrize("method", ["deltas", "nodes", "per-node"])
def test_memoized_differences_agree_with_autodiff_and_count_their_operations(method):
    A = torch.tensor(WEIGHTS)

    def logistic(x):
        return torch.log1p(torch.exp(A @ x["w"] + x["b"])).sum()

    x0 = {"w": torch.tensor(X0), "b": torch.tensor(0.5, dtype=torch.float64)}
    ways = [Memoized(method=method), Analytic()]

    found, truth = (minimise(logistic, x0, RULE, way, stop=TWICE) for way in ways)

    assert np.allclose(found.gradient, truth.gradient, rtol=1e-9)  # as central
    assert found.evaluations.tolist() == [1, 2, 3]
    assert (np.diff(found.operations) > 0).all()


def test_parameters_of_a_module_descend_and_stay_as_they_were():
    torch.manual_seed(0)
    model, batch = torch.nn.Linear(3, 1), torch.randn(10, 3)
    x0 = dict(model.named_parameters())
    before = {name: leaf.detach().clone() for name, leaf in x0.items()}

    def loss(x):
        return (torch.func.functional_call(model, x, (batch,)) ** 2).mean()

    exact, barred = (
        minimise(loss, x0, GradientDescent(0.1), way, stop=TWICE)
        for way in (Analytic(), Barred())
    )

    assert np.allclose(exact.loss, barred.loss, rtol=1e-5)  # float32
    assert not exact.x["weight"].requires_grad
    for name, leaf in x0.items():
        assert torch.equal(leaf.detach(), before[name])
        assert leaf.grad is None


def test_a_python_number_descends():
    trace = minimise(
        lambda x: (x - 1.0) ** 2, 3.0, GradientDescent(0.25), CentralDifferences(),
        stop=ONCE,
    )  # fmt: skip

    assert trace.x == pytest.approx(2.0, rel=1e-9)


def test_numpy_without_a_gradient_is_told_the_way_out():
    with pytest.raises(InputError, match="NumPy"):
        minimise(f, X0, RULE, Analytic())


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"gradient must have the shape \(3,\)"):
        minimise(f, X0, RULE, Analytic(lambda x: x[:2]))


def test_an_f_of_many_numbers_is_refused():
    with pytest.raises(InputError, match="single number"):
        minimise(lambda x: x, X0, RULE, ForwardDifferences())
    with pytest.raises(InputError, match="single number"):
        minimise(lambda x: x, torch.ones(2), RULE, Analytic())


def test_an_f_that_fails_at_x0_is_named():
    with pytest.raises(FunctionError, match=r"f\(x0\) must be finite"):
        minimise(lambda x: np.nan, X0, RULE, ForwardDifferences())


def test_an_f_that_writes_into_its_argument_is_refused():
    def careless(x):
        x += 1
        return x.sum()

    with pytest.raises(FunctionError, match="must not change its argument"):
        minimise(careless, X0, RULE, ForwardDifferences())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ForwardDifferences(step=0), "step is relative"),
        (lambda: CentralDifferences(step=2.0), "step is relative"),
        (lambda: Barred(rtol=0), "rtol must lie"),
        (lambda: RandomDirections(0), "directions must be"),
        (lambda: RandomDirections(seed=-1), "seed must be"),
    ],
)
def test_options_out_of_range_are_named(make, said):
    with pytest.raises(InputError, match=said):
        make()
