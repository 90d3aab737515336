"""Which field is had where: with a compiler, without one, for any shape and device."""

import logging
import os
import subprocess
import sys

import pytest

from clinometer.errors import InputError, MissingExtraError
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.grid import Grid
from clinometer.surface.kernel import FusedField, field_for, rays_for
from tests.surface.kernel.fields import SHAPES

WITHOUT_COMPILER = """
import logging
logging.basicConfig(format="%(name)s %(message)s")
from clinometer.errors import MissingExtraError
from clinometer.surface.field import FieldShape
from clinometer.surface.kernel import field_for
for _ in range(2):
    print(type(field_for(FieldShape())).__name__)
try:
    field_for(FieldShape(), kernel="fused")
except MissingExtraError as error:
    print(error)
"""


def run(script, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_fused_field_is_had_where_it_can_be():
    assert type(field_for(SHAPES["small"])) is FusedField
    assert type(field_for(SHAPES["small"], kernel="fused")) is FusedField
    assert type(field_for(SHAPES["small"], kernel="plain")) is PlainField


def test_both_begin_with_the_same_parameters():
    fused = field_for(SHAPES["small"], 5)
    plain = field_for(SHAPES["small"], 5, kernel="plain")

    assert fused.state_dict().keys() == plain.state_dict().keys()
    for (name, got), expected in zip(
        fused.named_parameters(), plain.parameters(), strict=True
    ):
        assert got.equal(expected), name


def test_without_a_compiler_the_plain_field_trains_and_a_line_says_so(tmp_path):
    empty = tmp_path / "nothing"
    empty.mkdir()

    ran = run(
        WITHOUT_COMPILER, PATH=str(empty), CXX="", CLINOMETER_CACHE=str(tmp_path / "c")
    )

    first, second, error = ran.stdout.splitlines()
    assert (first, second) == ("PlainField", "PlainField")
    assert "needs a C++ compiler" in error
    assert ran.stderr.count("clinometer surfaces train in plain PyTorch") == 1


def test_a_compiler_that_fails_is_quoted(tmp_path, monkeypatch):
    compiler = tmp_path / "broken"
    compiler.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && echo 1.0 && exit 0\n'
        "echo no room >&2; exit 1\n"
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("CLINOMETER_CACHE", str(tmp_path / "cache"))

    with pytest.raises(MissingExtraError, match=r"did not compile(.|\n)*no room"):
        field_for(SHAPES["small"], kernel="fused")


def test_a_shape_without_a_kernel_trains_in_plain(caplog):
    shape = FieldShape(grid=Grid(features=3))

    with caplog.at_level(logging.WARNING, logger="clinometer"):
        assert type(field_for(shape)) is PlainField

    with pytest.raises(InputError, match="features"):
        field_for(shape, kernel="fused")


def test_other_devices_have_the_plain_field():
    """The device "meta" has no numbers, but the same road as a GPU."""
    field = field_for(SHAPES["small"], device="meta")

    assert type(field) is PlainField
    assert field.table.device.type == "meta"
    with pytest.raises(InputError, match="runs on the CPU"):
        field_for(SHAPES["small"], device="meta", kernel="fused")


def test_an_unknown_kernel_is_refused():
    with pytest.raises(InputError, match="auto, fused, plain"):
        field_for(SHAPES["small"], kernel="fastest")


def test_rays_are_fused_where_they_can_be(monkeypatch, tmp_path):
    assert rays_for(15, 64, threads=1) is rays_for(15, 64, threads=1, kernel="fused")
    assert rays_for(15, 64, kernel="plain") is None

    assert rays_for(15, 40, threads=1) is None
    with pytest.raises(InputError, match="a multiple of 16"):
        rays_for(15, 40, kernel="fused")

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "")
    assert rays_for(15, 64, threads=1) is None
    with pytest.raises(MissingExtraError, match=r"needs a C\+\+ compiler"):
        rays_for(15, 64, kernel="fused")
