"""The library's build: what its name depends on, and two processes at once."""

import subprocess
import sys
from dataclasses import replace

import pytest

from clinometer.errors import InputError, MissingExtraError
from clinometer.surface.kernel.build import build, cache_folder, recipe_for
from tests.surface.kernel.fields import SHAPES

BUILD = """
from clinometer.surface.field import FieldShape
from clinometer.surface.kernel.build import build, recipe_for
print(build(recipe_for(FieldShape(hidden=8, features=1))))
"""


def test_the_name_depends_on_everything_that_matters(monkeypatch):
    recipe = recipe_for(SHAPES["small"])
    monkeypatch.setenv("CLINOMETER_TARGET", "avx2")
    others = [
        recipe_for(SHAPES["small"]),
        recipe_for(SHAPES["default"]),
        replace(recipe, version="another"),
        replace(recipe, compiler=("another",)),
    ]

    names = {recipe.name, *(other.name for other in others)}

    assert len(names) == 5
    assert replace(recipe).name == recipe.name


def test_what_is_built_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CLINOMETER_CACHE", str(tmp_path))

    path = build(recipe_for(SHAPES["small"]))
    made = path.stat().st_mtime_ns

    assert cache_folder() == tmp_path
    assert build(recipe_for(SHAPES["small"])).stat().st_mtime_ns == made
    assert list(tmp_path.iterdir()) == [path]


def test_two_processes_may_build_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CLINOMETER_CACHE", str(tmp_path))

    running = [
        subprocess.Popen([sys.executable, "-c", BUILD], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    printed = {process.communicate()[0] for process in running}

    assert [process.returncode for process in running] == [0, 0]
    assert len(printed) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_is_an_error(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("CLINOMETER_CACHE", str(file))

    with pytest.raises(MissingExtraError, match="CLINOMETER_CACHE"):
        build(recipe_for(SHAPES["small"]))


def test_an_unknown_target_is_refused(monkeypatch):
    monkeypatch.setenv("CLINOMETER_TARGET", "avx9")

    with pytest.raises(InputError, match="native, avx2, avx512"):
        recipe_for(SHAPES["small"])
