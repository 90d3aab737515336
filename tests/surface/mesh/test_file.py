"""Meshes come back from files as they went, and no failure harms an older file."""

import resource

import numpy as np
import pytest
import trimesh

from clinometer.errors import InputError, StorageError
from clinometer.surface.mesh.file import load, save
from clinometer.surface.mesh.mesh import Mesh


def ball(fine=2):
    solid = trimesh.creation.icosphere(subdivisions=fine, radius=0.5)
    vertices = np.array(solid.vertices)
    colours = ((vertices + 0.5) * 255).astype(np.uint8)
    return Mesh(vertices, np.array(solid.faces, dtype=np.int64), colours)


@pytest.fixture
def small_disk():
    """No file may grow beyond 4 KiB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".glb", ".PLY"])
def test_a_mesh_comes_back(tmp_path, suffix):
    path = save(ball(), tmp_path / "new" / f"mesh{suffix}")

    again = load(path)

    # PLY and GLB hold float32, OBJ eight decimals.
    assert again.vertices == pytest.approx(ball().vertices, abs=1e-7)
    assert np.array_equal(again.faces, ball().faces)
    assert np.abs(again.colours.astype(int) - ball().colours).max() <= 1
    assert again.is_watertight


def test_a_full_disk_leaves_the_older_file(tmp_path, small_disk):
    path = tmp_path / "mesh.ply"
    save(ball(fine=0), path)
    before = path.read_bytes()

    with pytest.raises(StorageError, match="what was there before is as it was"):
        save(ball(fine=5), path)

    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["mesh.ply"]


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(StorageError, match="could not be written"):
        save(ball(), tmp_path / "taken" / "mesh.ply")


@pytest.mark.parametrize("name", ["mesh.stl", "mesh"])
def test_unknown_formats_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"ends in \.ply, \.obj, \.glb, got"):
        save(ball(), tmp_path / name)


def test_an_empty_mesh_is_not_written(tmp_path):
    with pytest.raises(InputError, match="no faces"):
        save(Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64)), tmp_path / "a.ply")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no mesh file"):
        load(tmp_path / "none.ply")


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".obj"])
def test_a_broken_file_is_named(tmp_path, suffix):
    path = save(ball(), tmp_path / f"mesh{suffix}")
    path.write_bytes(path.read_bytes()[:50])

    with pytest.raises(InputError, match=r"cannot be read as|holds no triangles"):
        load(path)
