"""Scenes that this program wrote come back whole, their true surface too."""

import dataclasses

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from clinometer.surface.scenes.scene import Frame
from clinometer.surface.scenes.truth import read_truth
from clinometer.surface.synth.save import save_scene


@pytest.fixture
def moved(scene):
    return dataclasses.replace(scene, frame=Frame(np.array([3.0, -1.0, 2.0]), 2.5))


def test_a_scene_comes_back_as_it_was_saved(moved, tmp_path):
    save_scene(moved, tmp_path / "saved")
    again = load_scene(tmp_path / "saved")
    assert again.background == moved.background
    assert again.frame.radius == moved.frame.radius
    np.testing.assert_array_equal(again.frame.centre, moved.frame.centre)
    assert len(again.views) == len(moved.views)
    assert len(again.held_out) == len(moved.held_out)
    for one, other in zip(again.views, moved.views, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_allclose(one.camera.pose, other.camera.pose, atol=1e-12)
    # through world units and back: rounding of numbers of about 5
    np.testing.assert_allclose(again.truth.vertices, moved.truth.vertices, atol=1e-14)
    np.testing.assert_array_equal(again.truth.faces, moved.truth.faces)
    np.testing.assert_array_equal(again.truth.seen, moved.truth.seen)


def test_a_truth_that_is_cut_off_or_missing_is_refused(moved, tmp_path):
    save_scene(moved, tmp_path / "saved")
    file = tmp_path / "saved" / "truth.ply"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="or cut off"):
        load_scene(tmp_path / "saved")
    file.unlink()
    with pytest.raises(InputError, match="true surface, cannot be read"):
        load_scene(tmp_path / "saved")


def test_another_ply_is_refused(tmp_path):
    (tmp_path / "a.ply").write_bytes(b"ply\nformat ascii 1.0\nend_header\n")
    with pytest.raises(InputError, match="no true surface"):
        read_truth(tmp_path / "a.ply", Frame())


def test_an_own_part_that_is_not_whole_is_refused(moved, tmp_path):
    save_scene(moved, tmp_path / "saved")
    file = tmp_path / "saved" / "transforms.json"
    file.write_text(file.read_text().replace('"radius"', '"size"'))
    with pytest.raises(InputError, match="must hold centre, radius"):
        load_scene(tmp_path / "saved")
