"""cameras_sphere.npz of IDR and NeuS."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from clinometer.surface.scenes.neus import decomposed
from tests.surface.scenes import folders


@pytest.mark.parametrize("factor", [1.0, -3.0])
def test_rays_meet_the_points_that_were_seen(tmp_path, factor):
    cameras, cloud = folders.ring(), folders.points()
    folders.write_neus(tmp_path, cameras, factor=factor)

    scene = load_scene(tmp_path, hold_out=0)

    assert folders.farthest_miss(scene, cameras, cloud) < 1e-6


def test_the_box_is_the_ball_of_the_file(tmp_path):
    folders.write_neus(tmp_path, folders.ring(), radius=0.7)

    scene = load_scene(tmp_path)

    assert np.array_equal(scene.frame.centre, folders.MIDDLE)
    assert scene.frame.radius == 0.7


@pytest.mark.parametrize("factor", [1.0, -0.01, 20.0])
def test_a_projection_is_taken_apart_whatever_its_factor(factor):
    camera = folders.ring()[1]
    whole = folders.K @ np.column_stack([camera.turn, camera.shift])

    calibration, turn, shift = decomposed(factor * whole)

    # float64 with a condition of K near 100
    assert np.allclose(calibration, folders.K, rtol=0, atol=1e-11)
    assert np.allclose(turn, camera.turn, rtol=0, atol=1e-12)
    assert np.allclose(shift, camera.shift, rtol=0, atol=1e-12)


def changed(folder, **arrays):
    path = folder / "cameras_sphere.npz"
    with np.load(path) as file:
        content = {key: file[key] for key in file.files}
    np.savez(path, **{**content, **arrays})


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"world_mat_2": np.full((4, 4), np.nan)}, "world_mat_2: .*finite"),
        ({"world_mat_2": np.zeros((4, 4))}, "inverse"),
        ({"world_mat_2": np.eye(2)}, "3 x 4 or 4 x 4"),
        ({"scale_mat_0": np.diag([1.0, 2.0, 1.0, 1.0])}, "scale_mat must be"),
        ({"scale_mat_3": np.eye(4)}, "scale_mat must be"),
        ({"world_mat_9": np.eye(4)}, "7 cameras, .* 6 images"),
    ],
)
def test_arrays_that_break_a_rule_are_named(tmp_path, arrays, words):
    folders.write_neus(tmp_path, folders.ring())
    changed(tmp_path, **arrays)

    with pytest.raises(InputError, match=words):
        load_scene(tmp_path)


def test_a_file_that_breaks_off_is_refused(tmp_path):
    folders.write_neus(tmp_path, folders.ring())
    path = tmp_path / "cameras_sphere.npz"
    path.write_bytes(path.read_bytes()[:500])

    with pytest.raises(InputError, match="is it whole"):
        load_scene(tmp_path)


def test_pickled_objects_are_not_loaded(tmp_path):
    folders.write_neus(tmp_path, folders.ring())
    changed(tmp_path, world_mat_0=np.array([{}], dtype=object))

    with pytest.raises(InputError, match="cannot be read"):
        load_scene(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path):
    np.savez(tmp_path / "cameras_sphere.npz", world_mat_0=np.eye(4))

    with pytest.raises(InputError, match="folder image"):
        load_scene(tmp_path)
