"""The models of a million parameters whose counts the page shows."""

import math

import pytest

from benchmarks.counting_models import jax_perceptron, jax_scan, torch_perceptron
from clinometer import engines
from clinometer.operations import count


@pytest.mark.parametrize("make", [torch_perceptron, jax_perceptron, jax_scan])
def test_products_of_a_million_parameters_equal_the_closed_form(make):
    model = make()
    assert sum(math.prod(leaf.shape) for leaf in model.leaves) >= 1_000_000
    engine = engines.of(model.leaves)
    forward = count(engine.graph(model.f, model.leaves))
    gradient = count(engine.gradient_graph(model.f, model.leaves))
    found = forward.matmul_multiplications, gradient.matmul_multiplications
    assert found == (model.forward, model.gradient)
