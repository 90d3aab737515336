"""The method does what SciPy's methods do, and where f is noisy more."""

import numpy as np
import pytest
from scipy.optimize import OptimizeResult, minimize, rosen, rosen_der

from clinometer import FunctionError, InputError, noise_aware_lbfgs

X0 = np.array([-1.2, 1.0])
CENTRE = np.array([3.0, -2.0, 0.5, 10.0])
SIZES = np.array([1.0, 100.0, 0.01, 5.0])


def bowl(x):
    """1 at its least point."""
    return 1 + float((SIZES * (x - CENTRE) ** 2).sum())


class Noisy:
    """bowl with noise of standard deviation sigma; keeps count."""

    def __init__(self, sigma, seed):
        self.sigma, self.random, self.calls = sigma, np.random.default_rng(seed), 0

    def __call__(self, x):
        self.calls += 1
        return bowl(x) + self.sigma * self.random.normal()


def solve(f, x0=X0, **arguments):
    return minimize(f, x0, method=noise_aware_lbfgs, **arguments)


@pytest.mark.parametrize("jac", [None, rosen_der])
def test_a_clean_function_is_minimised_to_its_rounding(jac):
    found = solve(rosen, jac=jac)

    assert isinstance(found, OptimizeResult)
    assert found.success
    np.testing.assert_allclose(found.x, 1, rtol=1e-6)  # sqrt of rounding and better


def slanted(condition):
    """A quadratic of that condition with its least value, 0, at CENTRE; its slopes."""
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    matrix = turned * np.geomspace(1, condition, 4) @ turned.T
    return (
        lambda x: float((x - CENTRE) @ matrix @ (x - CENTRE)) / 2,
        lambda x: matrix @ (x - CENTRE),
    )


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize(
    ("f", "slopes", "x0"),
    [
        (rosen, rosen_der, X0),
        (lambda x: 1 + rosen(x), rosen_der, X0),
        (rosen, rosen_der, np.tile(X0, 5)),
        (*slanted(1.0), np.ones(4)),
        (*slanted(1e6), np.ones(4)),
    ],
    ids=["rosenbrock 2", "1 + rosenbrock 2", "rosenbrock 10", "sphere", "slanted"],
)
def test_a_clean_function_ends_by_itself_wherever_it_starts(f, slopes, x0, measured):
    """Where the least value is 0, the noise of f shrinks with f: x's rounding ends it.

    Of 1000 (n + 1) evaluations no more than 400: twice the most that was seen in 500
    runs from such starts, as rounding differs between machines.
    """
    random = np.random.default_rng(0)
    starts = x0 + 1e-3 * random.normal(size=(8, x0.size))

    found = [solve(f, each, jac=None if measured else slopes) for each in starts]

    assert all(each.success for each in found)
    assert max(each.nfev for each in found) < 400 * (x0.size + 1)


def test_a_gradient_of_the_wrong_sign_is_no_success():
    found = solve(rosen, jac=lambda x: -rosen_der(x))

    assert (found.status, found.success) == (4, False)


def test_value_and_gradient_may_come_together_with_further_arguments():
    def both(x, a, b):
        return a * rosen(x) + b, a * rosen_der(x)

    found = solve(both, jac=True, args=(2.0, 5.0))

    np.testing.assert_allclose(found.x, 1, rtol=1e-6)
    assert found.njev > 0


@pytest.mark.parametrize("sigma", [1e-8, 1e-4, 1e-1])
def test_a_noisy_function_is_minimised_to_its_noise(sigma):
    """In 9 of 10 runs to 3 sigma, and the noise is found to a factor of three."""
    found = [solve(Noisy(sigma, seed), np.ones(4)) for seed in range(10)]

    assert np.mean([bowl(each.x) - 1 <= 3 * sigma for each in found]) >= 0.9
    assert np.mean([1 / 3 <= each.noise / sigma <= 3 for each in found]) >= 0.9


def test_a_noisy_gradient_is_followed_to_where_its_error_hides_the_rest():
    """An error e of the gradient 2 size d hides e**2 / (4 size) of f in each entry.

    Ten runs stay under a hundred times the largest, and end by themselves.
    """
    random = np.random.default_rng(6)

    def slopes(x):
        return 2 * SIZES * (x - CENTRE) + 1e-3 * random.normal(size=4)

    found = [solve(bowl, np.ones(4), jac=slopes) for _ in range(10)]

    assert max(bowl(each.x) for each in found) - 1 < 100 * 1e-6 / (4 * SIZES).min()
    assert max(each.nfev for each in found) < 1000


def test_the_gradient_has_an_error_bar_that_covers():
    """Three announced errors, in 9 of 10 entries."""
    inside = []
    for seed in range(10):
        found = solve(Noisy(1e-4, seed), np.ones(4))
        truth = 2 * SIZES * (found.x - CENTRE)
        inside.append(np.abs(found.jac - truth) <= 3 * found.jac_error)

    assert np.mean(inside) >= 0.9


def test_the_bar_stays_small_where_f_vanishes_at_its_least_point():
    """f is exactly 0 there, its noise unmeasurably small: intervals stay resolved."""
    found = solve(lambda x: float(((x - 2) ** 2).sum()), np.ones(1))

    assert found.x[0] == pytest.approx(2, rel=1e-12)
    assert abs(2 * (found.x[0] - 2)) <= found.jac_error[0] < 1e-10


def test_every_evaluation_is_counted_and_none_is_made_beyond_the_budget():
    f = Noisy(1e-4, 0)

    found = solve(f, np.ones(4), options={"maxfev": 40})

    assert found.nfev == f.calls <= 40
    assert (found.status, found.success) == (2, False)
    assert bowl(found.x) < bowl(np.ones(4))


def test_given_noise_is_not_measured():
    f = Noisy(1e-4, 0)
    free = solve(f, np.ones(4), options={"noise": 1e-4, "maxiter": 1})

    assert free.noise == 1e-4
    assert free.nfev < solve(f, np.ones(4), options={"maxiter": 1}).nfev


def test_a_change_of_the_unit_of_f_changes_no_step():
    """By a power of two all numbers stay the same, bit by bit."""
    plain = solve(lambda x: 1 + rosen(x))
    scaled = solve(lambda x: 2.0**30 * (1 + rosen(x)))

    assert (scaled.x == plain.x).all()
    assert scaled.fun == 2.0**30 * plain.fun
    assert scaled.nfev == plain.nfev


def test_the_start_is_left_alone_and_a_run_can_be_repeated():
    start = X0.copy()
    first, second = solve(rosen, start), solve(rosen, start)

    assert (start == X0).all()
    assert (first.x == second.x).all()


def test_the_callback_sees_every_step_in_either_form():
    points, results = [], []
    by_point = solve(rosen, callback=points.append)

    def keep(intermediate_result):
        results.append(intermediate_result)

    by_result = solve(rosen, callback=keep)

    assert len(points) == by_point.nit
    assert (points[-1] == by_point.x).all()
    assert results[-1].fun == by_result.fun


def test_the_callback_can_stop_the_descent():
    def stop(intermediate_result):
        raise StopIteration

    found = solve(rosen, callback=stop)

    assert (found.nit, found.status, found.success) == (1, 5, False)


def test_gtol_and_maxiter_end_the_descent():
    assert solve(rosen, tol=1.0, jac=rosen_der).status == 1
    assert solve(rosen, options={"maxiter": 3}).nit == 3


def test_points_outside_the_domain_count_as_too_high():
    """x - log(x) is least at 1, and raises beyond 0; the message says where."""

    def f(x):
        if x[0] <= 0:
            raise ValueError("the logarithm of a negative number")
        return x[0] - 8 * np.log(x[0])

    found = solve(f, np.array([0.01]))

    assert found.x[0] == pytest.approx(8, rel=1e-6)


def test_a_function_that_rounds_to_a_grid_is_minimised_to_that_grid():
    found = solve(lambda x: float(np.round(1e4 * bowl(x)) / 1e4), np.ones(4))

    assert bowl(found.x) - 1 <= 3e-4


def test_a_function_in_float32_is_minimised_to_its_rounding():
    """1 and the noise of float32, 6e-8, of which some tens add up in a sum."""
    found = solve(lambda x: float(np.float32(bowl(x))), np.ones(4))

    assert bowl(found.x) - 1 <= 10 * 2.0**-24


def test_a_kink_does_not_stop_the_descent_far_from_it():
    found = solve(lambda x: float(np.abs(x - CENTRE).sum()), np.ones(4))

    assert np.abs(found.x - CENTRE).sum() < 1e-6


def test_a_constant_function_ends_at_once_as_minimised():
    found = solve(lambda x: 3.0)

    assert found.success
    assert (found.x == X0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bounds": [(0, 1), (0, 1)]}, "takes no bounds"),
        ({"constraints": {"type": "eq", "fun": rosen}}, "takes no constraints"),
        ({"hess": rosen}, "takes no hess"),
        ({"options": {"ftol": 1e-3}}, "must be among maxfev, .*, got ftol"),
        ({"options": {"maxfev": 0}}, "maxfev must be a number >= 1, got 0"),
        ({"options": {"noise": -1.0}}, "noise must be a finite number >= 0"),
        ({"options": {"gtol": np.nan}}, "gtol must be a finite number >= 0"),
        ({"options": {"seed": 1.5}}, "seed must be a whole number >= 0, got 1.5"),
        (
            {"jac": rosen_der, "options": {"gradient_error": [1, 2, 3]}},
            "gradient_error must be one finite number >= 0, or one for each of the 2",
        ),
    ],
)
def test_what_the_method_does_not_take_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        solve(rosen, **arguments)


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="x0 must be finite"):
        solve(rosen, np.array([np.inf, 0.0]))


def test_a_function_that_is_not_finite_at_the_start_is_refused():
    with pytest.raises(FunctionError, match="f must be finite where the descent start"):
        solve(lambda x: np.nan)


def test_a_function_of_several_values_is_refused():
    with pytest.raises(InputError, match="minimisation needs an f that returns a sing"):
        solve(lambda x: x)
