"""Newton's rule: at once to the bottom of a bowl, and downhill from a saddle."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der, rosen_hess

from clinometer import InputError, minimise
from clinometer.descend import Analytic, Barred, Ending, Newton, Stop

A = np.array([[3.0, 1.0], [1.0, 2.0]])
B = np.array([1.0, -4.0])
ONCE = Stop(iterations=1)


def bowl(x):
    return x @ A @ x / 2 - B @ x


RULES = [Newton(), Newton(hessian=lambda _: A)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_one_step_leads_to_the_bottom_of_a_bowl(rule):
    trace = minimise(bowl, B, rule, Analytic(lambda x: A @ x - B), stop=ONCE)

    assert np.allclose(trace.x, np.linalg.solve(A, B), rtol=1e-8)  # bars of H: 1e-10


@pytest.mark.parametrize(
    "array", [lambda v: torch.tensor(v, dtype=torch.float64), jnp.asarray]
)
def test_the_exact_hessian_of_a_nested_input_is_that_of_the_formula(array):
    x0 = {"a": array([0.5, 2.0]), "b": array(3.0)}

    def f(x):
        return (x["a"] ** 4).sum() + x["a"][0] * x["b"] ** 2 + x["b"] ** 2

    trace = minimise(f, x0, Newton(exact=True), Analytic(), stop=ONCE)

    a, b = np.array([0.5, 2.0]), 3.0
    slope = np.array([4 * a[0] ** 3 + b**2, 4 * a[1] ** 3, 2 * a[0] * b + 2 * b])
    hessian = np.diag([12 * a[0] ** 2, 12 * a[1] ** 2, 2 * a[0] + 2])
    hessian[0, 2] = hessian[2, 0] = 2 * b
    curvature, basis = np.linalg.eigh(hessian)
    step = -basis @ ((basis.T @ slope) / np.abs(curvature))
    moved = np.append(np.asarray(trace.x["a"]), np.asarray(trace.x["b"])) - [*a, b]
    halvings = np.log2(step / moved)  # the line search may shorten the step
    assert np.allclose(halvings, np.rint(halvings[0]), atol=1e-3)  # JAX: float32
    assert trace.hessians[-1] == 1


def test_it_leaves_a_saddle_downhill():
    trace = minimise(
        lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4,
        np.array([1.0, 0.01]),
        Newton(),
        Barred(),
        stop=Stop(iterations=50, gradient=1e-10),
    )

    assert np.allclose(trace.x, [0.0, np.sqrt(0.5)], atol=1e-6)
    assert (np.diff(trace.loss) < 1e-12).all()  # 1e-12: roundings of losses near 0.25


@pytest.mark.parametrize("rule", [Newton(), Newton(hessian=rosen_hess)], ids=str)
def test_it_solves_rosenbrocks_valley(rule):
    stop = Stop(iterations=50, gradient=1e-12)

    trace = minimise(
        rosen, np.array([-1.2, 1.0, 0.7]), rule, Analytic(rosen_der), stop=stop
    )

    assert trace.ending is Ending.GRADIENT
    assert np.allclose(trace.x, 1.0, atol=1e-8)  # 1e-12 of 200, over curvatures of 0.4


def test_a_gradient_of_the_wrong_sign_ends_it_with_a_reason():
    trace = minimise(bowl, 2 * B, Newton(), Analytic(lambda x: B - A @ x))

    assert trace.ending is Ending.RULE
    assert "lowers f" in str(trace)


def test_two_sources_of_the_hessian_are_refused():
    with pytest.raises(InputError, match="got both"):
        Newton(exact=True, hessian=rosen_hess)


@pytest.mark.parametrize(
    ("hessian", "said"),
    [(lambda x: A[0], r"must have shape \(2, 2\)"), (lambda x: [A, A], "got 2")],
)
def test_a_hessian_of_another_form_is_refused(hessian, said):
    with pytest.raises(InputError, match=said):
        minimise(bowl, B, Newton(hessian=hessian), Analytic(lambda x: A @ x - B))


def test_an_exact_hessian_of_numpy_is_refused_with_the_way_out():
    with pytest.raises(InputError, match="NumPy"):
        minimise(bowl, B, Newton(exact=True), Analytic(lambda x: A @ x - B))
