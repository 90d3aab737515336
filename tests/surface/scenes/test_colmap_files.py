"""COLMAP's files, whole and damaged."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.colmap_files import COUNTS, read_model
from tests.surface.scenes import folders

NAMES = ("cameras", "images", "points3D")


@pytest.fixture
def model(tmp_path):
    folders.write_colmap(tmp_path, folders.ring(3), folders.points(4))
    return tmp_path / "sparse" / "0"


def test_models_have_the_parameters_that_colmap_gives_them():
    import pycolmap

    found = {}
    for name in COUNTS:
        camera = pycolmap.Camera.create_from_model_name(1, name, 100.0, 64, 48)
        found[name] = len(camera.params)

    assert found == COUNTS


@pytest.mark.parametrize("name", NAMES)
def test_a_binary_file_that_breaks_off_anywhere_is_refused(model, name):
    path = model / f"{name}.bin"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])

        with pytest.raises(InputError, match=name):
            read_model(model)


@pytest.mark.parametrize("name", NAMES)
def test_a_binary_file_with_more_in_it_is_refused(model, name):
    path = model / f"{name}.bin"
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(InputError, match="1 bytes follow"):
        read_model(model)


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_are_no_file(model, name):
    noise = np.random.default_rng(3).bytes(400)
    (model / f"{name}.bin").write_bytes(noise)

    with pytest.raises(InputError, match=name):
        read_model(model)


def test_points_may_be_missing_and_images_may_not(model):
    (model / "points3D.bin").unlink()
    assert len(read_model(model).points) == 0

    (model / "images.bin").unlink()
    with pytest.raises(InputError, match=r"images\.bin: .* missing"):
        read_model(model)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("cameras", "1 NONE 64 48 1 2 3\n", "model NONE"),
        ("cameras", "1 PINHOLE 64 48 1 2 3\n", "4 parameters, got 3"),
        ("cameras", "1 PINHOLE 64 48 1 2 3 x\n", "no file of COLMAP"),
        ("images", "1 1 0 0 0 1 0\n\n", "10 words"),
        ("points3D", "1 0 0\n", "too short"),
    ],
)
def test_text_that_breaks_the_format_is_refused(tmp_path, name, text, words):
    folders.write_colmap(tmp_path, folders.ring(3), folders.points(4), binary=False)
    model = tmp_path / "sparse" / "0"
    (model / f"{name}.txt").write_text(text)

    with pytest.raises(InputError, match=words):
        read_model(model)
