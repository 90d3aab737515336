"""An estimate as a value, and in words."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clinometer import Estimate, Status, gradient, slope
from clinometer.estimate import OUTCOMES


@dataclass
class Layer:
    """A container that JAX knows and optree does not."""

    weights: object
    bias: object


jax.tree_util.register_dataclass(Layer, data_fields=["weights", "bias"], meta_fields=[])


def test_the_outcomes_are_lower_case_words():
    assert [status.value for status in Status] == [
        "converged",
        "noise-limited",
        "truncation-limited",
        "one-sided",
        "kink",
        "ambiguous",
        "failed",
    ]
    assert list(OUTCOMES) == list(Status)


def test_an_estimate_is_frozen_and_compares_by_identity():
    """Arrays have no truth value; comparing two estimates must not ask for one."""
    estimate = gradient(lambda x: x @ x, np.ones(2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.value = 0.0
    assert estimate == estimate  # noqa: PLR0124
    assert estimate != dataclasses.replace(estimate)


def test_a_number_prints_with_its_bar_and_status():
    printed = str(Estimate(2.0, 3e-13, 1e-3, 9, Status.CONVERGED))
    assert printed == "value = 2 ± 3.0e-13  converged\n9 evaluations"


def test_an_unknown_derivative_prints_as_such():
    printed = str(Estimate(np.nan, np.inf, 1e-3, 21, Status.FAILED))
    assert printed == "value = nan ± inf  failed\n21 evaluations"


def test_an_array_prints_its_widest_bar_and_counts_its_outcomes():
    estimate = gradient(lambda x: np.exp(x[0]) + abs(x[1]), np.array([0.0, 0.0]))
    assert str(estimate) == (
        "value = [1. 0.] ± 1.0e+00  1 converged, 1 kink\n"
        f"{estimate.evaluations} evaluations"
    )


def test_a_tree_prints_a_line_for_each_leaf():
    x = {"w": [np.ones(2)], "b": 0.5, "none": np.ones((0, 3))}
    printed = str(gradient(lambda x: x["w"][0].sum() + 3 * x["b"], x))
    lines = printed.splitlines()

    assert [line.split(" =")[0] for line in lines[:-1]] == [
        "value['b']",
        "value['none']",
        "value['w'][0]",
    ]
    assert lines[-1] == "25 evaluations"


def test_containers_that_only_jax_knows_print_as_well():
    x = Layer(jnp.ones(2), jnp.ones(()))
    printed = str(gradient(lambda x: x.weights.sum() * x.bias, x))
    assert printed.startswith("value.weights = [")
    assert "\nvalue.bias = 2" in printed


def test_large_arrays_print_in_short():
    printed = str(slope(lambda x: np.arange(1000.0) * x, 1.0, 1.0))
    assert "..." in printed
    assert len(printed) < 200
