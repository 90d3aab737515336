"""What `import clinometer` loads."""

import subprocess
import sys

import pytest

HEAVY = ["torch", "jax", "matplotlib", "scipy", "typer", "rich", "optree", "sklearn"]


def loaded_by(code):
    """Names of the modules loaded once a fresh interpreter has run some code."""
    run = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"{code}\nimport sys\nprint(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


@pytest.fixture(scope="module")
def after_import():
    return loaded_by("import clinometer")


@pytest.mark.parametrize("name", HEAVY)
def test_importing_the_package_does_not_load(after_import, name):
    assert "clinometer.derivative" in after_import
    assert name not in after_import


@pytest.mark.parametrize("name", ["torch", "jax", "matplotlib", "scipy", "typer"])
def test_the_gradient_of_a_numpy_function_does_not_load(name):
    code = (
        "import numpy as np, clinometer\n"
        "clinometer.gradient(lambda x: (x['a'] ** 2).sum(), {'a': np.ones(2)})"
    )
    assert name not in loaded_by(code)


def test_loading_torch_first_does_not_load_jax_nor_the_other_way_round():
    gradient = "import clinometer; clinometer.gradient(lambda x: x.sum(), {})"
    torch = loaded_by(f"import torch; {gradient.format('torch.ones(2)')}")
    jax = loaded_by(f"import jax.numpy; {gradient.format('jax.numpy.ones(2)')}")
    assert "jax" not in torch
    assert "torch" not in jax


@pytest.mark.parametrize("name", ["slope", "gradient", "Status", "check", "Stencil"])
def test_the_front_door_offers(name):
    import clinometer

    assert name in clinometer.__all__
    assert hasattr(clinometer, name)
