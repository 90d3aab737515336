"""What all tests share: one thread for each test process, and fixed seeds.

Two processes run beside each other on two cores. The variables must stand before NumPy,
torch or JAX is first imported.
"""

import os
import sys

import pytest
from hypothesis import settings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples every time, and no clock: the first call may compile.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def jax_keeps_its_precision():
    """Examples and pages switch JAX to float64 for good: undone after each test."""
    jax = sys.modules.get("jax")
    before = False if jax is None else jax.config.jax_enable_x64
    yield
    jax = sys.modules.get("jax")
    if jax is not None and jax.config.jax_enable_x64 != before:
        jax.config.update("jax_enable_x64", before)
