"""JAX's reverse mode, map and registry of containers."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import pytest

from clinometer import engines
from clinometer.engines.jax import JaxEngine
from clinometer.errors import InputError


@dataclass
class Layer:
    """A container that JAX knows and optree does not."""

    weights: object
    bias: object


jax.tree_util.register_dataclass(Layer, data_fields=["weights", "bias"], meta_fields=[])


def test_the_gradient_of_a_product_is_the_other_factor():
    a, b = jnp.array([1.0, 2.0]), jnp.array([3.0, -4.0])
    by_a, by_b = JaxEngine().gradient(lambda leaves: leaves[0] @ leaves[1], [a, b])
    assert by_a.tolist() == b.tolist()
    assert by_b.tolist() == a.tolist()


def test_a_custom_rule_is_what_the_gradient_exercises():
    @jax.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda _, g: (g * 7.0,))
    (slope,) = JaxEngine().gradient(lambda leaves: square(leaves[0]), [jnp.array(2.0)])
    assert slope.tolist() == 7.0


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda leaves: leaves[0], r"got shape \(2,\)"),
        (lambda leaves: leaves[0].sum() * 1j, "complex64"),
        (lambda leaves: leaves[0].sum().astype(int), "int32"),
    ],
)
def test_a_value_without_gradient_is_refused_with_what_was_got(f, said):
    with pytest.raises(InputError, match=said):
        JaxEngine().gradient(f, [jnp.ones(2)])


def test_vmap_maps_over_the_leading_axis_of_every_leaf():
    f = JaxEngine().vmap(lambda leaves: (leaves[0] * leaves[1]).sum())
    values = f([jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([10.0, 1.0])])
    assert values.tolist() == [30.0, 7.0]


def test_a_registered_dataclass_flattens_to_printable_paths_and_back():
    x = {"w": [Layer(jnp.ones((2, 3)), jnp.zeros(3))]}
    leaves, paths, rebuild = engines.flatten_registered(x)
    assert paths == ["x['w'][0].weights", "x['w'][0].bias"]
    assert [leaf.shape for leaf in leaves] == [(2, 3), (3,)]
    again = rebuild([leaf + 1 for leaf in leaves])
    assert isinstance(again["w"][0], Layer)
    assert again["w"][0].bias.tolist() == [1.0, 1.0, 1.0]
