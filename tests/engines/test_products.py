"""Products with Jacobians, other layouts, second order: what an engine is asked for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clinometer import engines
from clinometer.errors import InputError

X = np.linspace(-1, 1, 6).reshape(2, 3)
SINE, COSINE = np.sin(X), np.cos(X)


def _case(library):
    """An engine, sin as a function of lists, its input and cotangents of ones."""
    if library == "torch":
        x, sine = torch.tensor(X), torch.sin
    else:
        x, sine = jnp.asarray(X, jnp.float32), jnp.sin
    return engines.of([x]), lambda leaves: [sine(leaves[0])], x, x * 0 + 1


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_pullback_may_be_called_again_and_again(library):
    engine, f, x, ones = _case(library)
    (value,), pull = engine.vjp(f, [x])
    assert np.allclose(value.detach() if library == "torch" else value, SINE)
    for factor in (1, -2, 0):
        (slope,) = pull([factor * ones])
        assert np.allclose(slope, factor * COSINE, atol=1e-6)  # float32 in JAX


def test_what_does_not_depend_on_x_gives_none_in_torch():
    engine, _, x, ones = _case("torch")
    assert engine.vjp(lambda leaves: [leaves[0].detach() * 2], [x])[1]([ones]) == [None]
    both = engine.vjp(lambda leaves: [leaves[0] * 2], [x, x])[1]([ones])
    assert both[1] is None


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_forward_mode_gives_values_and_slopes(library):
    engine, f, x, ones = _case(library)
    both = engine.jvp(f, [x], [2 * ones])
    assert np.allclose(both[0][0], SINE)
    assert np.allclose(both[1][0], 2 * COSINE)


def test_a_rule_without_forward_mode_gives_none_not_an_error():
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (g * jnp.cos(x),))

    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.sin()

    for library, rule in (("jax", sine), ("torch", Sine.apply)):
        engine, _, x, ones = _case(library)
        assert (
            engine.jvp(lambda leaves, rule=rule: [rule(leaves[0])], [x], [ones]) is None
        )


def test_what_f_raises_in_forward_mode_comes_through():
    for library in ("torch", "jax"):
        engine, _, x, ones = _case(library)
        with pytest.raises(ZeroDivisionError):
            engine.jvp(lambda leaves: [1 / 0], [x], [ones])


@pytest.mark.parametrize("shape", [(2, 3), (5,), (2, 3, 4), (1, 3, 2, 2)])
def test_other_layouts_hold_equal_values(shape):
    for array in (
        torch.arange(1.0, 1 + np.prod(shape)).reshape(shape),
        np.arange(1.0, 1 + np.prod(shape)).reshape(shape),
    ):
        found = engines.of([array]).layouts(array)
        assert len(found) >= 2
        for other in found.values():
            assert np.array_equal(np.asarray(other), np.asarray(array))
    assert not engines.of([jnp.ones(3)]).layouts(jnp.ones(3))


def test_layouts_of_a_tensor_lie_otherwise_in_memory():
    tensor = torch.arange(24.0).reshape(1, 3, 4, 2)
    found = engines.of([tensor]).layouts(tensor)
    assert found["at an offset"].storage_offset() == 1
    for name in ("sliced", "transposed", "channels last"):
        assert not found[name].is_contiguous()
    assert "expanded" not in found
    level = engines.of([tensor]).layouts(torch.ones(2, 3))["expanded"]
    assert level.stride() == (0, 0)


def test_single_numbers_lie_in_one_way_only():
    for array in (torch.tensor(1.0), torch.ones(1), np.ones(()), np.ones((1, 1))):
        assert engines.of([array]).layouts(array) == {}


def test_a_tensor_is_disturbed_in_place_and_other_arrays_are_not():
    tensor, array = torch.ones(3), np.ones(3)
    assert engines.of([tensor]).disturb(tensor)
    assert not torch.equal(tensor, torch.ones(3))
    assert not engines.of([array]).disturb(array)
    assert not engines.of([jnp.ones(3)]).disturb(jnp.ones(3))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_all_compositions_give_the_hessian_times_a_direction(library):
    """Of sum(x**3) along ones: 6 x."""
    engine, _, x, ones = _case(library)
    ways = engine.second(lambda leaves: [(leaves[0] ** 3).sum()], [x], [ones])
    assert len(ways) == (3 if library == "torch" else 4)
    for way in ways.values():
        assert np.allclose(way()[0], 6 * X, atol=1e-5)  # float32 in JAX


def test_numpy_says_what_to_do_instead():
    engine = engines.of([X])
    for ask in (
        lambda: engine.vjp(np.sin, [X]),
        lambda: engine.jvp(np.sin, [X], [X]),
        lambda: engine.second(np.sin, [X], [X]),
    ):
        with pytest.raises(InputError, match="gradient="):
            ask()
    assert engine.forwards(np.sin) == {}
