"""What f may not do, what happens when it does, and options that contradict."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.errors import FunctionError, InputError
from clinometer.evaluate import Function
from tests.points import Plan, X, around, squares

# --- x is never written to, and f must not write ------------------------------


def write(x):
    """f that spoils its argument, whatever it is."""
    x[...] = 0.0
    return 1.0


def write_later(x):
    """f that adds to its argument in place, as x += 1 does."""
    x += 1.0
    return x.sum()


def write_nested(x):
    """f that writes into one leaf of two."""
    x["b"][0] = -1.0
    return x["a"].sum()


WRITERS = [
    (write, X, {}),
    (write_later, X, {}),
    (write_later, X.astype(np.float32), {}),
    (lambda x: np.multiply(x, 2, out=x).sum(), X, {}),
    (write_nested, {"a": X, "b": X.copy()}, {}),
    (write, torch.tensor(X), {}),
    (lambda x: x.mul_(2).sum(), torch.tensor(X), {}),
    (write_nested, {"a": torch.tensor(X), "b": torch.ones(2)}, {}),
    (lambda x: x.__imul__(2).sum(1), X, {"batched": True}),
    (lambda x: x.__imul__(2).sum(1), X.astype(np.float32), {"batched": True}),
    (lambda x: np.exp(x, out=x).sum(1), X, {"batched": True}),
    (lambda x: x.mul_(2).sum(1), torch.tensor(X), {"batched": True}),
    (lambda x: x.mul_(2).sum(), torch.tensor(X), {"vmap": True}),
]


@pytest.mark.parametrize(("f", "x", "options"), WRITERS)
def test_f_that_writes_into_its_argument_is_caught_and_x_is_untouched(f, x, options):
    leaves = list(x.values()) if isinstance(x, dict) else [x]
    before = [leaf.tolist() for leaf in leaves]
    place = "a batch of points" if options else "point 0"

    with pytest.raises(FunctionError, match=f"wrote into it at {place}; .* copy"):
        Function(f, x, **options).values(around(np.concatenate(before)))
    assert [leaf.tolist() for leaf in leaves] == before


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (X, {}),
        (X, {"batched": True}),
        (torch.tensor(X), {}),
        (torch.tensor(X), {"batched": True}),
    ],
)
def test_x_is_untouched_when_f_writes_and_then_raises(x, options):
    def f(x):
        x[...] = 0.0
        raise ValueError("after all")

    with pytest.raises(FunctionError):
        Function(f, x, **options).values(around(X))
    assert x.tolist() == X.tolist()


@pytest.mark.parametrize("x", [X, torch.tensor(X)])
def test_a_function_that_works_on_a_copy_is_left_in_peace(x):
    def f(x):
        x = x.copy() if isinstance(x, np.ndarray) else x.clone()
        x *= x
        return x.sum()

    values = Function(f, x).values(Plan(X[None]))
    assert values.tolist() == [[21]]


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("x", [X, torch.tensor(X)])
def test_f_may_return_the_same_buffer_at_every_call(x, batched):
    """A function that saves allocations gives the right values all the same."""
    buffer = x.reshape(1, 3) * 0 if batched else x * 0

    def f(x):
        buffer[...] = 2 * x
        return buffer

    plan = around(X)
    values = Function(f, x, batched=batched, memory=24).values(plan)
    assert values.tolist() == (2 * plan.points).tolist()


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("x", [X, torch.tensor(X), jnp.asarray(X)])
def test_f_may_return_a_view_of_its_argument(x, batched):
    plan = around(X)
    function = Function(lambda x: x[..., ::2] if batched else x, x, batched=batched)
    values = function.values(plan)
    assert values.tolist() == plan.points[:, :: 2 if batched else 1].tolist()


# --- exceptions of f ----------------------------------------------------------


def no_third(x):
    """f that raises at the third and fifth point of `around(X)`."""
    if float(x[0]) in {1.25, 1.5}:
        raise ZeroDivisionError(f"not at {float(x[0])}")
    return squares(x)


def no_third_in(x):
    """The same of a batch, all of which it loses."""
    return np.stack([no_third(row) for row in x])


@pytest.mark.parametrize("x", [X, torch.tensor(X), jnp.asarray(X)])
@pytest.mark.parametrize("memory", [24, 72, 2**20])
@pytest.mark.parametrize("batched", [False, True])
def test_one_bad_point_is_missing_and_its_neighbours_are_not(x, memory, batched):
    f = no_third_in if batched else no_third
    function = Function(f, x, memory=memory, batched=batched)
    plan = around(X)
    values = function.values(plan)[:, 0]

    bad = [2, 4]
    assert np.flatnonzero(np.isnan(values)).tolist() == bad
    good = np.delete(np.arange(7), bad)
    assert values[good].tolist() == [squares(row) for row in plan.points[good]]


def test_the_first_exception_is_kept_with_its_place():
    function = Function(no_third, X)
    function.values(around(X))
    place, error = function.fault
    assert place == "point 2"
    assert repr(error) == "ZeroDivisionError('not at 1.25')"


def test_points_where_f_raises_count_as_evaluated():
    single, batch = Function(no_third, X), Function(no_third_in, X, batched=True)
    single.values(around(X))
    batch.values(around(X))
    assert (single.evaluations, single.calls) == (7, 7)
    assert (batch.evaluations, batch.calls) == (14, 8)  # all at once, then each alone


@pytest.mark.parametrize(("options", "calls"), [({}, 1), ({"batched": True}, 2)])
def test_f_that_raises_before_it_ever_returned_is_not_called_for_every_point(
    options, calls
):
    """A typo in f is told at once, not after thousands of calls."""

    def f(x):
        return undefined  # noqa: F821

    function = Function(f, X, **options)
    with pytest.raises(FunctionError, match="raised NameError at point 0") as caught:
        function.values(around(X))
    assert isinstance(caught.value.__cause__, NameError)
    assert function.calls == calls


@pytest.mark.parametrize("batched", [False, True])
def test_a_chunk_without_any_value_is_missing_as_a_whole(batched):
    def f(x):
        if np.max(x) > 5:
            raise OverflowError("too far")
        return x.sum(-1)

    function = Function(f, X, batched=batched, memory=48)
    values = function.values(around(X))[:, 0]
    assert np.isnan(values).tolist() == [False] * 3 + [True] * 4


def test_an_interrupt_is_not_taken_for_a_fault_of_f():
    def f(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Function(f, X).values(around(X))


def test_a_complex_value_beyond_the_edge_of_the_domain_is_missing():
    """Python's (-0.1) ** 1.5 is complex, where NumPy's is NaN."""
    function = Function(lambda x: x**1.5, 1.0)
    values = function.values(Plan(np.array([[1.0], [-0.1], [4.0]])))[:, 0]
    assert values[[0, 2]].tolist() == [1, 8]
    assert np.isnan(values[1])


def test_nothing_that_overflows_or_divides_by_zero_warns():
    """Warnings are errors in these tests; beyond an edge they mean nothing."""
    function = Function(lambda x: np.exp(1e3 * x) / (x - 1.0) + np.sqrt(x - 1), X[0])
    assert function.values(Plan(np.array([[1.0], [0.0]]))).shape == (2, 1)


@pytest.mark.parametrize("batched", [False, True])
def test_a_shape_that_changes_from_point_to_point_is_a_fault_of_f(batched):
    def f(x):
        last = x if not batched else x[-1]
        return np.ones((len(x), 2) if last[0] < 1.5 else (len(x), 3))

    function = Function(f, X, batched=batched, memory=24)
    with pytest.raises(FunctionError, match="must return the same shape"):
        function.values(around(X))


# --- bad input ----------------------------------------------------------------


@pytest.mark.parametrize("f", [None, 1.0, "f", X])
def test_f_must_be_callable(f):
    with pytest.raises(InputError, match=f"f must be callable, got {type(f).__name__}"):
        Function(f, X)


def test_batched_and_vmap_exclude_each_other():
    with pytest.raises(InputError, match=r"batched=True .* vmap=True .* exclude"):
        Function(squares, torch.ones(2), batched=True, vmap=True)


@pytest.mark.parametrize("x", [X, 1.0])
def test_numpy_has_no_vmap(x):
    with pytest.raises(InputError, match=r"vmap=True needs .* torch or JAX.*batched="):
        Function(squares, x, vmap=True)


@pytest.mark.parametrize("memory", [0, -1, 0.5, float("nan"), -np.inf])
def test_memory_must_be_positive(memory):
    with pytest.raises(InputError, match="memory must be a positive number of bytes"):
        Function(squares, X, memory=memory)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_entry_of_x_that_is_not_finite_is_named(value):
    x = {"w": [np.ones(2), np.array([[1.0, 2.0], [value, 3.0]])]}
    with pytest.raises(
        InputError, match=rf"x must be finite, got x\['w'\]\[1\]\[1, 0\] = {value}"
    ):
        Function(squares, x)


def test_arrays_of_two_libraries_do_not_mix():
    with pytest.raises(InputError, match="one array library, got numpy and torch"):
        Function(squares, [X, torch.ones(2)])


@pytest.mark.parametrize("value", [np.ones(1), np.ones(3), [1.0], {"loss": 1.0}])
def test_a_scalar_is_asked_of_f_where_it_is_needed(value):
    function = Function(lambda x: value, X, scalar="gradient")
    with pytest.raises(InputError, match="gradient needs an f that returns a single n"):
        function.values(around(X))


@pytest.mark.parametrize("value", [1j, np.ones(3, complex), torch.tensor(1j)])
@pytest.mark.parametrize("batched", [False, True])
def test_a_complex_value_is_refused(value, batched):
    function = Function(lambda x: value, X, batched=batched)
    with pytest.raises(InputError, match=r"f must return real numbers.*complex"):
        function.values(around(X, 3))


@pytest.mark.parametrize("f", [squares, lambda x: x.sum(0), lambda x: x[:2]])
def test_a_batched_f_must_return_a_value_a_point(f):
    with pytest.raises(InputError, match="batched=True f gets points along a leading"):
        Function(f, X, batched=True).values(around(X))
