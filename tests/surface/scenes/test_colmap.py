"""Models of COLMAP, written by COLMAP itself."""

import logging

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from clinometer.surface.scenes.colmap import read_colmap
from tests.surface.scenes import folders

BOX = (folders.MIDDLE, 0.8)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_rays_meet_the_points_that_were_seen(tmp_path, binary):
    cameras, cloud = folders.ring(), folders.points()
    folders.write_colmap(tmp_path, cameras, cloud, binary=binary)

    scene = load_scene(tmp_path, hold_out=0, box=BOX)

    # COLMAP's own text keeps 17 digits
    assert folders.farthest_miss(scene, cameras, cloud) < 1e-6


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_points_are_read_where_they_are(tmp_path, binary):
    cloud = folders.points(40)
    folders.write_colmap(tmp_path, folders.ring(), cloud, binary=binary)

    shots = read_colmap(tmp_path / "sparse" / "0")

    found = shots.points[np.argsort(shots.points[:, 0])]
    assert np.array_equal(found, cloud[np.argsort(cloud[:, 0])])


def test_the_model_may_lie_in_the_folder_itself_or_be_named(tmp_path):
    folders.write_colmap(tmp_path, folders.ring())
    model = tmp_path / "sparse" / "0"

    named = [
        load_scene(path, box=BOX) for path in (tmp_path, model, model / "images.bin")
    ]

    assert len({len(scene.views) for scene in named}) == 1


def test_of_several_models_the_one_with_most_images_is_read(tmp_path, caplog):
    folders.write_colmap(tmp_path, folders.ring(3))
    (tmp_path / "sparse" / "0").rename(tmp_path / "sparse" / "1")
    folders.write_colmap(tmp_path, folders.ring(6))

    with caplog.at_level(logging.INFO, "clinometer"):
        scene = load_scene(tmp_path, hold_out=0, box=BOX)

    assert len(scene.views) == 6
    assert "of the models 0, 1, 0 is read" in caplog.text


def test_images_without_a_pose_are_left_out_and_logged(tmp_path, caplog):
    folders.write_colmap(tmp_path, folders.ring())
    folders.picture(tmp_path / "images" / "stray.png")

    with caplog.at_level(logging.INFO, "clinometer"):
        scene = load_scene(tmp_path, hold_out=0, box=BOX)

    assert len(scene.views) == 6
    assert "1 images have no pose: stray.png" in caplog.text


def test_cameras_without_images_are_refused_and_counted(tmp_path):
    folders.write_colmap(tmp_path, folders.ring())
    (tmp_path / "images" / "view03.png").unlink()

    with pytest.raises(InputError, match=r"1 of 6 cameras have no image .*view03\.png"):
        load_scene(tmp_path)


def test_names_that_no_file_can_have_are_refused(tmp_path):
    folders.write_colmap(tmp_path, folders.ring(3), binary=False)
    path = tmp_path / "sparse" / "0" / "images.txt"
    path.write_text(path.read_text().replace("view01.png", "x" * 300))

    with pytest.raises(InputError, match="1 of 3 cameras have no image"):
        load_scene(tmp_path)


def test_a_model_without_a_folder_of_images_is_refused(tmp_path):
    folders.write_colmap(tmp_path, folders.ring())
    (tmp_path / "images").rename(tmp_path / "elsewhere")

    with pytest.raises(InputError, match="no folder images"):
        load_scene(tmp_path)


def test_a_model_of_lens_that_is_not_known_is_refused(tmp_path):
    lens = {"model": "FOV", "parameters": [90.0, 90.0, 32.0, 24.0, 0.1]}
    folders.write_colmap(tmp_path, folders.ring(), **lens)

    with pytest.raises(InputError, match=r"FOV .* undistort the images with COLMAP"):
        load_scene(tmp_path)
