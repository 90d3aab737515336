"""What all tests share: one thread for each test process, fixed seeds, one JAX cache.

Two processes run beside each other on two cores. The variables must stand before NumPy,
torch or JAX is first imported.

JAX compiles most kernels of these tests more than once: in each test process, in each
example that is run, and again for each new closure of the same formula. What one of
them has compiled the others read from a folder that lives as long as this run.
"""

import functools
import os
import shutil
import sys
import tempfile

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")

CACHE = "JAX_COMPILATION_CACHE_DIR"
OWN_CACHE = None  # only the process that makes the folder takes it away
if CACHE not in os.environ:  # test processes and examples inherit it
    OWN_CACHE = os.environ[CACHE] = tempfile.mkdtemp(prefix="clinometer-jax-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

# The same examples every time, and no clock: the first call may compile.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium():
    """Launches headless Chromium; of Playwright, a process can have only one."""
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    if binary is None:
        said = "no Chromium to open pages in: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    with sync_playwright() as playwright:
        yield functools.partial(playwright.chromium.launch, executable_path=binary)


def pytest_unconfigure():
    """What was compiled goes with the run."""
    if OWN_CACHE is not None:
        shutil.rmtree(OWN_CACHE, ignore_errors=True)


@pytest.fixture(autouse=True)
def jax_keeps_its_precision():
    """Examples and pages switch JAX to float64 for good: undone after each test."""
    jax = sys.modules.get("jax")
    before = False if jax is None else jax.config.jax_enable_x64
    yield
    jax = sys.modules.get("jax")
    if jax is not None and jax.config.jax_enable_x64 != before:
        jax.config.update("jax_enable_x64", before)
