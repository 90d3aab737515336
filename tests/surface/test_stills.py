"""Pictures and films of a trained surface."""

import numpy as np
import pytest
from PIL import Image

from clinometer import InputError
from clinometer.surface.scenes.scene import rays
from clinometer.surface.stills import direction, round_about, sheet, still, turntable
from clinometer.surface.train import train

SIZE = 24


@pytest.fixture(scope="module")
def trained(scene, small):
    return train(scene, small).trained()


@pytest.mark.parametrize("name", ["x", "y", "z", "-x", "-y", "-z"])
def test_cameras_stand_round_the_middle_look_at_it_and_keep_the_way_up(name):
    up = direction(name)
    cameras = round_about(5, SIZE, up=up)
    for camera in cameras:
        towards = -camera.place / np.linalg.norm(camera.place)
        np.testing.assert_allclose(camera.axis, towards, atol=1e-12)
        assert camera.pose[:, 1] @ up < 0  # rows of an image run down
        assert camera.place @ up == pytest.approx(2.7 * np.sin(np.radians(20)))
    places = np.array([camera.place for camera in cameras])
    apart = np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1)
    np.testing.assert_allclose(apart, apart[0])


def test_the_ball_of_radius_095_just_fits_into_a_picture():
    """The ray through the middle of a side is a tangent of it."""
    camera = round_about(1, SIZE, up=np.eye(3)[1])[0]
    origin, ray = rays(camera, np.array([0.0]), np.array([SIZE / 2]))
    closest = np.linalg.norm(np.cross(origin, ray))
    assert closest == pytest.approx(0.95)


@pytest.mark.parametrize("name", ["up", "", "-", "--x", "xy"])
def test_other_names_of_directions_are_refused(name):
    with pytest.raises(InputError, match="a direction is"):
        direction(name)


def test_normals_are_colours_on_the_surface_and_white_beside_it(trained):
    camera = round_about(1, SIZE, up=direction("y"))[0]
    picture = trained.picture(camera)
    drawn = still(trained, camera, "normals")
    solid = picture.opacity > 0.5
    assert solid.any()
    assert (drawn[~solid] == 255).all()
    decoded = drawn[solid] / 255 * 2 - 1
    np.testing.assert_allclose(decoded, picture.normal[solid], atol=1.01 / 255)


def test_a_sheet_has_colours_above_and_normals_below(trained, tmp_path):
    path = tmp_path / "new" / "sides.png"
    sheet(trained, path, count=3, size=SIZE, up=direction("y"))
    image = np.asarray(Image.open(path))
    assert image.shape == (2 * SIZE, 3 * SIZE, 3)
    camera = round_about(3, SIZE, up=direction("y"))[2]
    for row, look in enumerate(("colour", "normals")):
        part = image[row * SIZE : (row + 1) * SIZE, 2 * SIZE :]
        np.testing.assert_array_equal(part, still(trained, camera, look))


def test_a_turntable_is_a_film_that_goes_round_for_ever(trained, tmp_path):
    path = tmp_path / "turn.gif"
    turntable(trained, path, count=4, size=SIZE, up=direction("y"))
    with Image.open(path) as film:
        assert film.n_frames == 4
        assert film.size == (SIZE, SIZE)
        assert film.info["loop"] == 0
        assert film.info["duration"] == 60


def test_files_of_another_kind_and_tiny_pictures_are_refused(trained, tmp_path):
    up = direction("y")
    with pytest.raises(InputError, match=r"end in \.gif"):
        turntable(trained, tmp_path / "turn.png", up=up)
    with pytest.raises(InputError, match=r"ends in \.png"):
        sheet(trained, tmp_path / "sides.gif", up=up)
    with pytest.raises(InputError, match="at least 8 pixels"):
        sheet(trained, tmp_path / "sides.png", size=4, up=up)
    assert list(tmp_path.iterdir()) == []
