"""The same stencil on JAX and PyTorch, through their transformations.

Coordinates, steps and weights here are short binary fractions, so that no operation
rounds in float32: results must be equal, not close.
"""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer.arrays import library, to_float64
from clinometer.errors import InputError
from clinometer.stencil import central, central_gradient, stencil, tetrahedral

X = np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])
H = 0.25
SIDES = [central_gradient(), tetrahedral(), tetrahedral(flip=True)]


def f(p):
    """x³ + y³ + z³ + 2 xy of (..., 3), in any library."""
    return (p * p * p).sum(-1) + 2 * p[..., 0] * p[..., 1]


def measure(made, x, h):
    """Gradient (3, ...) and laplacian (...) of f at x."""
    values = f(made.points(x, h))
    return made.combine(values, h), made.laplacian(values, f(x), h)


def eager(g):
    return g


def compiled(backend):
    return lambda g: torch.compile(g, fullgraph=True, backend=backend)


def mapped(g):
    return torch.func.vmap(g, in_dims=(0, None), out_dims=(-1, 0))


WAYS = {
    "jax": (jnp.asarray, eager),
    "jax-jit": (jnp.asarray, jax.jit),
    "jax-vmap": (
        jnp.asarray,
        lambda g: jax.vmap(g, in_axes=(0, None), out_axes=(-1, 0)),
    ),
    "jax-jit-vmap": (
        jnp.asarray,
        lambda g: jax.jit(jax.vmap(g, in_axes=(0, None), out_axes=(-1, 0))),
    ),
    "torch": (torch.tensor, eager),
    "torch-vmap": (torch.tensor, mapped),
    "torch-compile": (torch.tensor, compiled("eager")),
    "torch-compile-aot": (torch.tensor, compiled("aot_eager")),
    "torch-compile-vmap": (torch.tensor, lambda g: compiled("eager")(mapped(g))),
}


@pytest.fixture(autouse=True)
def fresh_compiler():
    """Each test compiles anew: a cache of another one would hide a failure."""
    torch._dynamo.reset()


@pytest.mark.parametrize("step", ["number", "array"])
@pytest.mark.parametrize("made", SIDES[:2])
@pytest.mark.parametrize("way", WAYS)
def test_every_library_and_transformation_gives_what_numpy_gives(way, made, step):
    array, transform = WAYS[way]
    x = array(X.astype(np.float32))
    h = H if step == "number" else array(np.float32(H))
    expected = measure(made, X, H)

    results = transform(lambda x, h: measure(made, x, h))(x, h)

    for result, numpy_result in zip(results, expected, strict=True):
        assert library(result) == library(x)
        assert result.dtype == x.dtype
        np.testing.assert_array_equal(to_float64(result), numpy_result)


@pytest.mark.parametrize("made", [central(1, 4), central(3, 2), stencil([0, 1, 3], 2)])
@pytest.mark.parametrize("array", [jnp.asarray, torch.tensor])
def test_lines_give_what_numpy_gives(array, made):
    """Up to float32's rounding of each product and sum, for thirds are not exact."""
    directions = np.array([0.0, 1.0, 0.5])
    values = f(made.points(X, H, directions))
    expected = made.combine(values, H)
    x, v = (array(a.astype(np.float32)) for a in (X, directions))

    result = made.combine(f(made.points(x, H, v)), H)

    size = np.max(abs(made.weights) @ abs(values)) / H**made.derivative
    np.testing.assert_allclose(
        to_float64(result), expected, rtol=0, atol=8 * 2.0**-24 * size
    )


@pytest.mark.parametrize("array", [jnp.asarray, torch.tensor])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_dtypes_follow_x_in_every_library(array, dtype):
    x = array(X.astype(np.float32))
    x = x.astype(dtype) if library(x) == "jax" else x.to(getattr(torch, dtype))
    points = central_gradient().points(x, H, np.eye(3).tolist())
    assert points.dtype == x.dtype
    slopes, bend = measure(central_gradient(), x, H)
    assert slopes.dtype == bend.dtype == x.dtype


# --- derivatives flow through -------------------------------------------------
# The central pair makes of x³ the slope 3 x² + h², and the second difference 6 x.


def losses(made, x, h):
    """Sums of the gradient's and of the laplacian's entries, scalars."""
    slopes, bend = measure(made, x, h)
    return slopes.sum(), bend.sum()


@pytest.mark.parametrize("compile_", [eager, compiled("eager"), compiled("aot_eager")])
def test_torch_differentiates_through_points_values_and_step(compile_):
    x = torch.tensor(X, requires_grad=True)
    h = torch.tensor(H, dtype=torch.float64, requires_grad=True)

    made = central_gradient()  # outside: a stencil cannot be made inside a compiled g
    slope, bend = compile_(lambda x, h: losses(made, x, h))(x, h)
    by_x, by_h = torch.autograd.grad(slope, (x, h), retain_graph=True)
    bend_by_x, bend_by_h = torch.autograd.grad(bend, (x, h))

    np.testing.assert_allclose(by_x, 6 * X + [2, 2, 0], rtol=1e-13)
    assert by_h.item() == pytest.approx(6 * 2 * H, rel=1e-12)  # six slopes, 2 h each
    np.testing.assert_allclose(bend_by_x, 6 * np.ones((2, 3)), rtol=1e-12)
    assert bend_by_h.item() == pytest.approx(0, abs=1e-10)  # exact for cubes


def test_jax_differentiates_through_points_values_and_step():
    """float32 here: a value of size 10 over h = 1/4 leaves an error of about 1e-5."""

    def slope(x, h):
        return losses(central_gradient(), x, h)[0]

    x = jnp.asarray(X)
    by_x, by_h = jax.jit(jax.grad(slope, argnums=(0, 1)))(x, jnp.float32(H))
    np.testing.assert_allclose(by_x, 6 * X + [2, 2, 0], atol=1e-4)
    np.testing.assert_allclose(by_h, 12 * H, atol=1e-4)


def test_jax_differentiates_twice_and_maps_over_steps():
    """The second derivative of 3 x² + h² by x is 6, for every step."""

    def slope(x, h):
        return central().combine(central().points(x, h) ** 3, h)

    steps = jnp.asarray([0.5, 0.25])
    second = jax.vmap(jax.grad(jax.grad(slope)), in_axes=(None, 0))(1.5, steps)
    np.testing.assert_allclose(second, [6.0, 6.0], atol=1e-4)


def test_gradients_of_the_values_are_the_weights():
    """combine is linear: its derivative by the values is weights / h."""
    for made in SIDES:
        values = torch.zeros(len(made.offsets), requires_grad=True)
        for row, slope in zip(made.weights, made.combine(values, H), strict=True):
            (by_values,) = torch.autograd.grad(slope, values, retain_graph=True)
            assert by_values.tolist() == (row / H).tolist()


def test_torch_gradients_pass_gradcheck():
    """PyTorch's own check, of both derivatives, in double precision."""
    x = torch.tensor(X, requires_grad=True)
    h = torch.tensor([0.25, 0.5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, h: measure(tetrahedral(), x, h), (x, h))
    assert torch.autograd.gradgradcheck(
        lambda x, h: measure(tetrahedral(), x, h), (x, h)
    )


def test_directions_may_be_trained_too():
    v = torch.tensor([1.0, 2.0], requires_grad=True)
    points = central().points(torch.zeros(2), H, v)
    central().combine(points.sum(-1), H).backward()
    assert v.grad.tolist() == [1.0, 1.0]


# --- practice -----------------------------------------------------------------


def test_a_shrinking_step_is_compiled_twice_not_each_time():
    """Once for the first number, once for any number."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    made = central_gradient()
    g = torch.compile(
        lambda x, h: measure(made, x, h)[0], fullgraph=True, backend=backend
    )
    x = torch.tensor(X)
    for h in (0.5, 0.25, 0.125, 0.0625):
        np.testing.assert_array_equal(g(x, h), measure(made, X, h)[0])
    assert len(graphs) == 2


def test_a_stencil_can_be_a_static_argument_of_jit():
    traces = []

    def slope(made, values):
        traces.append(made)
        return made.combine(values, 0.5)

    jitted = jax.jit(slope, static_argnums=0)
    for _ in range(3):
        assert jitted(stencil([-1, 1]), jnp.array([1.0, 2.0])) == 1.0
    assert traces == [central()]


def test_autocast_does_not_touch_the_differences():
    """A matrix product under autocast rounds 1 + 2**-12 to 1, and the slope to 0."""
    values = torch.tensor([1.0, 1.0 + 2.0**-12])
    weights = torch.tensor(central().weights, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (weights @ values).item() == 0.0
        assert central().combine(values, 2.0**-12).item() == 0.5


def test_a_fault_outside_the_domain_stays_in_its_row_in_every_library():
    for array in (jnp.asarray, torch.tensor):
        values = array(np.array([1.0, -1.0, 2.0, -2.0, np.nan, 0.0], np.float32))
        slopes = to_float64(central_gradient().combine(values, 1.0))
        np.testing.assert_array_equal(slopes, [1.0, 2.0, np.nan])


@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_numpy_step_meeting_a_tensor_is_refused(requires_grad):
    x = torch.ones(2, 3, requires_grad=requires_grad)
    made = tetrahedral()
    for use in (
        lambda: made.points(x, np.full(2, H)),
        lambda: made.points(x, H, np.eye(3)),
        lambda: made.combine(torch.ones(4, 2), np.full(2, H)),
        lambda: made.laplacian(torch.ones(4, 2), torch.ones(2), np.full(2, H)),
    ):
        with pytest.raises(InputError, match="must be a number or an array of torch"):
            use()


def test_a_centre_of_another_library_is_refused():
    with pytest.raises(InputError, match="arrays of one library are needed"):
        tetrahedral().laplacian(torch.ones(4, 2), np.ones(2), H)


def test_numpy_points_may_take_a_traced_step():
    """JAX takes NumPy arrays for constants."""
    steps = jnp.asarray([0.5, 0.25])
    points = jax.vmap(lambda h: central().points(np.ones(2, np.float32), h))(steps)
    assert points.tolist() == [[[0.5, 0.5], [1.5, 1.5]], [[0.75, 0.75], [1.25, 1.25]]]


def test_everything_stays_on_the_device_of_x():
    """A meta tensor has a device and no values: what met one of the host would fail."""
    x = torch.ones(5, 3, device="meta")
    slopes, bend = measure(tetrahedral(), x, torch.ones(5, device="meta"))
    assert slopes.device.type == bend.device.type == "meta"
    assert tuple(slopes.shape) == (3, 5)


def test_tensors_are_not_looked_at():
    """A step that cannot be known while tracing is trusted, even a wrong one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope = central().combine(torch.tensor([1.0, 2.0]), torch.tensor(0.0))
    assert slope.item() == np.inf
