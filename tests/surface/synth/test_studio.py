"""Cameras stand where the studio says, look at the origin, and hold the box."""

import numpy as np
import pytest

from clinometer import InputError
from clinometer.surface.scenes.scene import rays
from clinometer.surface.synth.studio import FRAMED, Studio, camera_at, cameras

ROUNDING = 1e-12
"""A few roundings of lengths near 1, with room to spare."""

STUDIOS = [Studio(), Studio(views=12, held_out=3), Studio(arrangement="ring", size=33)]


def places(group):
    return np.array([camera.place for camera in group])


@pytest.mark.parametrize("studio", STUDIOS)
def test_all_cameras_see_the_centre_in_the_middle_of_their_picture(studio):
    for camera in sum(cameras(studio), ()):
        x, y, z = camera.pose[:, :3].T @ -camera.place

        assert z == pytest.approx(2.7)
        assert max(abs(x), abs(y)) < ROUNDING
        assert camera.centre == (studio.size / 2, studio.size / 2)


@pytest.mark.parametrize("studio", STUDIOS)
def test_up_in_the_scene_is_up_in_the_picture(studio):
    """A camera's y runs down."""
    for camera in sum(cameras(studio), ()):
        assert camera.pose[1, 1] < 0
        assert abs(camera.pose[1, 0]) < ROUNDING


def test_the_framed_ball_just_touches_the_pictures_edge():
    """The ray through the middle of the right edge passes the origin at its radius."""
    camera = camera_at(np.array([1.0, 2.0, -1.5]), size=64)
    origin, direction = rays(camera, np.array([64.0]), np.array([32.0]))
    passes = np.linalg.norm(np.cross(origin, direction))

    assert passes == pytest.approx(FRAMED)


def test_cameras_on_the_sphere_are_spread_evenly():
    """Areas of 4π / 48 would be hexagons 32 degrees apart; a lattice of the golden
    angle comes within two thirds of that, and no direction is farther than that.
    """
    training, _ = cameras(Studio())
    unit = places(training) / 2.7
    cosine = unit @ unit.T - 2 * np.eye(len(unit))
    closest = np.degrees(np.arccos(cosine.max(axis=1)))
    x = np.random.default_rng(0).normal(size=(2000, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)

    assert closest.min() > 32 * 2 / 3
    assert closest.max() < 32
    assert np.degrees(np.arccos((x @ unit.T).max(axis=1))).max() < 32


@pytest.mark.parametrize("studio", STUDIOS)
def test_held_out_cameras_stand_elsewhere(studio):
    """No nearer to one to train on than 3.5 degrees, 0.06 of their distance: the half
    of the ring's 7.5 degrees, seen from 20 degrees up, is 3.52.
    """
    training, held_out = cameras(studio)
    apart = np.linalg.norm(places(held_out)[:, None] - places(training), axis=-1)

    assert len(training) == studio.views
    assert len(held_out) == studio.held_out
    assert apart.min() > 2.7 * 2 * np.sin(np.radians(3.5) / 2)


def test_a_ring_lies_twenty_degrees_up_in_equal_steps():
    training, _ = cameras(Studio(views=12, arrangement="ring"))
    x, y, z = places(training).T
    turn = np.unwrap(np.arctan2(z, x))

    np.testing.assert_allclose(y, 2.7 * np.sin(np.radians(20)))
    np.testing.assert_allclose(np.diff(turn), np.radians(30))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"views": 1}, "views must be at least 2, got 1"),
        ({"held_out": -1}, "held_out must be at least 0"),
        ({"size": 4}, "size must be at least 8"),
        ({"samples": 0}, "samples must be at least 1"),
        ({"arrangement": "line"}, "one of sphere, ring, got 'line'"),
        ({"albedo": "spotted"}, "one of textured, plain"),
        ({"background": "random"}, "one of white, black, learned"),
        ({"distance": 1.0}, "distance must exceed 1"),
        ({"highlight": 1.5}, "highlight must be 0 ... 1"),
    ],
)
def test_options_out_of_range_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        Studio(**options)
