"""What the project promises of its own packaging."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import clinometer

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [*PROJECT["dependencies"], *(r for e in EXTRAS.values() for r in e)]
NAMES = sorted({re.split(r"[\[<>=]", r)[0] for r in REQUIREMENTS} - {"clinometer"})


def test_the_core_needs_numpy_array_api_compat_and_optree_only():
    names = {
        re.split(r"[<>=]", requirement)[0] for requirement in PROJECT["dependencies"]
    }

    assert names == {"numpy", "array-api-compat", "optree"}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_ranges_have_a_lower_bound_only(requirement):
    own = requirement.startswith("clinometer[")

    assert own or re.fullmatch(r"[\w-]+(\[\w+\])?>=[\d.]+", requirement)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_tested_with_is_pinned(name):
    assert re.fullmatch(r"[\d.]+(post\d+)?", PINS[name])


def test_torch_is_pinned_to_the_release_without_a_local_suffix():
    assert PINS["torch"] == "2.13.0"


def test_the_version_has_one_value():
    assert clinometer.__version__ == PROJECT["version"] == version("clinometer")


def test_importing_the_package_loads_no_extra():
    """In a process of its own: this one has loaded them all."""
    heavy = ["torch", "jax", "matplotlib", "scipy", "typer", "rich", "sklearn"]
    script = f"import sys, clinometer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_package_says_that_it_is_typed():
    assert Path(clinometer.__file__).with_name("py.typed").is_file()
