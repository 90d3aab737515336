"""The corpus computes in float64, in JAX too; every other test as it finds JAX."""

import jax
import pytest


@pytest.fixture(autouse=True)
def float64_in_jax():
    with jax.enable_x64(True):
        yield
