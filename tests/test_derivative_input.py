"""Bad input: the rule, the value got, and the way out, of every derivative."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import (
    FunctionError,
    InputError,
    gradient,
    hessian,
    hessian_product,
    jacobian,
    laplacian,
    slope,
)

X = np.array([1.0, 2.0])
ALL = {
    "slope": lambda f, x, **options: slope(f, x, x, **options),
    "gradient": gradient,
    "jacobian": jacobian,
    "hessian": hessian,
    "hessian_product": lambda f, x, **options: hessian_product(f, x, x, **options),
    "laplacian": laplacian,
}
SCALAR = ["gradient", "hessian", "hessian_product"]


def total(x):
    """A fine function of any point."""
    return (x * x).sum()


@pytest.fixture(params=ALL, ids=ALL)
def derivative(request):
    """Every derivative in turn, as a function of f, x and options."""
    return ALL[request.param]


# --- x ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.array([1, 2]), "x must be floating-point, got int64; .* convert it to "),
        (3, "x must be floating-point, got int64"),
        (torch.tensor([1, 2]), "got int64"),
        (True, "x must be floating-point, got bool"),
        (np.array([True, False]), "got bool"),
        (np.array([1.0, None]), "x must be floating-point, got object"),
        (X * 1j, "x must be real, got complex128; .* real and imaginary parts"),
        (2 + 1j, "x must be real, got complex128"),
        (np.ones(0), "x must hold at least one number to vary"),
        ({}, "x must hold at least one number to vary"),
        ([None, ()], "x must hold at least one number to vary"),
        ("x", "x must be an array or a real number, got str"),
        ({"a": {1}}, r"x\['a'\] must be an array or a real number, got set"),
        (np.array([1.0, np.nan]), r"x must be finite, got x\[1\] = nan"),
        ({"w": np.array([[1.0], [-np.inf]])}, r"got x\['w'\]\[1, 0\] = -inf"),
        ([X, torch.ones(2)], "one array library, got numpy and torch"),
        ([jnp.ones(2), 1.0], "one array library, got jax and numpy"),
    ],
)  # fmt: skip
def test_what_cannot_be_varied_is_refused_by_name(derivative, x, said):
    with pytest.raises(InputError, match=said):
        derivative(total, x)


# --- f ------------------------------------------------------------------------


@pytest.mark.parametrize("f", [None, 3.0, "f", X])
def test_f_must_be_callable(derivative, f):
    with pytest.raises(InputError, match="f must be callable, got "):
        derivative(f, X)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "f must return at least one number"),
        ("1.0", "f must return real numbers, got str"),
        (True, "f must return real numbers, got bool"),
        (1j, "f must return real numbers where .* got complex at .*; return"),
        (np.ones(2, complex), "got complex128"),
        (object(), "f must return real numbers, got object"),
        (np.array(None), "f must return real numbers, got object"),
        (np.ones((2, 0)), "at least one number"),
    ],
)
def test_f_must_return_real_numbers(derivative, value, said):
    with pytest.raises(InputError, match=said):
        derivative(lambda x: value, X)


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("value", [np.ones(1), np.ones(3), [1.0], {"loss": 1.0}])
def test_a_gradient_or_hessian_needs_a_scalar(name, value):
    said = f"{name} needs an f that returns a single number, got .*; use jacobian"
    with pytest.raises(InputError, match=said):
        ALL[name](lambda x: value, X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_f_must_be_finite_at_x(derivative, value):
    with pytest.raises(FunctionError, match=rf"f\(x\) must be finite, got {value}"):
        derivative(lambda x: value, X)


def test_an_array_must_be_finite_at_x_throughout():
    with pytest.raises(FunctionError, match=r"f\(x\) must be finite, got inf"):
        jacobian(lambda x: x / np.array([1.0, 0.0]), X)


def test_f_that_raises_at_x_is_called_once_and_its_exception_passed_on(derivative):
    calls = []

    def f(x):
        calls.append(x)
        raise KeyError("lost")

    with pytest.raises(
        FunctionError, match="f raised KeyError at x itself: 'lost'"
    ) as e:
        derivative(f, np.ones(50))
    assert isinstance(e.value.__cause__, KeyError)
    assert len(calls) == 1


def test_f_that_raises_on_both_sides_names_the_first_point(derivative):
    def f(x):
        if (x != X).any():
            raise ArithmeticError("only at x")
        return 1.0

    with pytest.raises(FunctionError, match="ArithmeticError on both sides of x") as e:
        derivative(f, X)
    assert isinstance(e.value.__cause__, ArithmeticError)


def test_the_entry_that_moved_is_named_where_f_raises():
    def f(x):
        if x["w"][3] != 4.0:
            raise ValueError("w[3] is fixed")
        return x["w"].sum()

    place = r"x\['w'\]\[3\] = [34]\.\d+ \(a step of [+-]\S+\): w\[3\] is fixed"
    with pytest.raises(FunctionError, match=place):
        gradient(f, {"w": np.array([1.0, 2.0, 3.0, 4.0])})


def test_f_must_keep_its_shape(derivative):
    calls = iter(range(1000))
    with pytest.raises((FunctionError, InputError), match="same shape at every point"):
        derivative(lambda x: 1.0 if next(calls) == 0 else np.ones(2), X)


@pytest.mark.parametrize("x", [X, X.astype(np.float32), torch.tensor(X)])
@pytest.mark.parametrize("batched", [False, True])
def test_f_that_writes_into_its_argument_is_named_and_x_stays(derivative, x, batched):
    def f(x):
        x += 1
        return x.sum(-1)

    before = x.tolist()
    with pytest.raises(FunctionError, match="f must not change its argument"):
        derivative(f, x, batched=batched)
    assert x.tolist() == before


# --- options ------------------------------------------------------------------


def test_an_unknown_option_is_refused_and_the_known_ones_told(derivative):
    """A mistyped tolerance must not be accepted in silence."""
    said = r"unknown option 'rtoll'; the options are batched, vmap, scale, rtol, memory"
    with pytest.raises(InputError, match=said):
        derivative(total, X, rtoll=1e-3)


def test_batched_and_vmap_exclude_each_other(derivative):
    with pytest.raises(InputError, match=r"exclude each other, got both"):
        derivative(total, torch.tensor(X), batched=True, vmap=True)


def test_numpy_has_no_vmap(derivative):
    with pytest.raises(InputError, match=r"vmap=True needs an x of torch or JAX"):
        derivative(total, X, vmap=True)


def test_a_batch_without_a_leading_axis_of_values_is_refused(derivative):
    with pytest.raises(
        InputError, match=r"must return as many values along its leading"
    ):
        derivative(total, X, batched=True)


@pytest.mark.parametrize("rtol", [0, -1e-6, 1, 10.0, np.nan])
def test_rtol_lies_between_zero_and_one(derivative, rtol):
    with pytest.raises(InputError, match=r"rtol must lie between 0 and 1, got"):
        derivative(total, X, rtol=rtol)


@pytest.mark.parametrize("memory", [0, -5, np.nan])
def test_memory_is_positive(derivative, memory):
    with pytest.raises(InputError, match=r"memory must be a positive number of bytes"):
        derivative(total, X, memory=memory)


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (0.0, "scale must be positive, got 0"),
        (np.array([1.0, -2.0]), "scale must be positive, got -2"),
        (np.nan, "scale must be finite, got nan"),
        (np.inf, "scale must be finite, got inf"),
        (np.ones(3), r"scale must have the shape \(2,\) of its leaf in x, got \(3,\)"),
        ([1.0, 1.0], r"scale must have the structure of x"),
        (1j, "scale must be a real number"),
        ("1", "scale must be a real number .* got str"),
    ],
)
def test_a_scale_is_positive_and_like_x(derivative, scale, said):
    with pytest.raises(InputError, match=said):
        derivative(total, X, scale=scale)


# --- v and the gradient -------------------------------------------------------


@pytest.mark.parametrize("name", ["slope", "hessian_product", "with gradient"])
@pytest.mark.parametrize(
    ("v", "said"),
    [
        ({"a": np.zeros(2), "b": 0.0}, "v must point somewhere, got all zeros"),
        ({"a": np.ones(3), "b": 1.0}, r"v\['a'\] must have the shape \(2,\)"),
        ({"a": np.ones(2)}, r"v must have the structure of x"),
        ({"a": np.ones(2), "c": 1.0}, r"v\['b'\]; got 2 leaves v\['a'\], v\['c'\]"),
        ([np.ones(2), 1.0], r"v must have the structure of x"),
        ({"a": np.array([1.0, np.nan]), "b": 1.0}, "v must be finite, got nan"),
        ({"a": np.ones(2), "b": 1j}, r"v\['b'\] must be a real number"),
        (None, "v must have the structure of x, .*; got 0 leaves"),
    ],
)  # fmt: skip
def test_a_direction_is_like_x_and_points_somewhere(name, v, said):
    def f(x):
        return total(x["a"]) + x["b"]

    x = {"a": X, "b": 1.0}
    asked = {
        "slope": lambda: slope(f, x, v),
        "hessian_product": lambda: hessian_product(f, x, v),
        "with gradient": lambda: hessian_product(f, x, v, gradient=lambda x: x),
    }
    with pytest.raises(InputError, match=said):
        asked[name]()


@pytest.mark.parametrize(
    "returned",
    [np.float64(1), np.ones(3), np.ones((2, 1)), [1.0, 1.0], {"a": np.ones(2)}],
)
def test_a_gradient_of_the_wrong_shape_is_refused(returned):
    said = (
        r"gradient must return a tree like x, with leaves of the shapes \[\(2,\)\], got"
    )
    with pytest.raises(InputError, match=said):
        hessian_product(total, X, X, gradient=lambda x: returned)
