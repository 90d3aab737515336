"""The scene's box, found."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.box import MARGIN, find_box, meeting_point
from clinometer.surface.scenes.scene import View
from tests.surface.scenes import folders
from tests.surface.scenes.test_hull import camera, outline

NO_POINTS = np.zeros((0, 3))


def views(knowns, *, centre=None, radius=0.4, masks=False, ball=None):
    """Views of a ball on black, with masks or as bright as `ball`."""
    found = []
    for known in knowns:
        seen = camera(known)
        inside = np.zeros(folders.SIZE[::-1], dtype=bool)
        if centre is not None:
            seen, inside = outline(known, centre, radius)
        image = np.zeros((*inside.shape, 3), dtype=np.uint8)
        if ball is not None:
            image[inside] = ball
        mask = np.where(inside, 255, 0).astype(np.uint8) if masks else None
        found.append(View(known.name, seen, image, mask))
    return found


def test_lines_meet_where_they_were_drawn_from():
    rng = np.random.default_rng(4)
    axes = rng.standard_normal((5, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    places = folders.MIDDLE + rng.uniform(1, 3, (5, 1)) * axes

    assert np.allclose(meeting_point(places, axes), folders.MIDDLE, rtol=0, atol=1e-12)


def test_parallel_lines_meet_nowhere():
    axes = np.tile([0.0, 0.6, 0.8], (4, 1))

    assert meeting_point(np.random.default_rng(1).random((4, 3)), axes) is None


def test_cameras_alone_put_it_where_they_look_as_large_as_their_images():
    """All stand at the same distance d: the ball touches the nearer of the left and
    right sides, at d times the sine of their angle to the axis.
    """
    knowns = folders.ring(6, distance=4.0, height=0.7)
    d = np.hypot(4.0, 0.7)
    slope = min(folders.K[0, 2], 64 - folders.K[0, 2]) / folders.K[0, 0]

    box = find_box(views(knowns), NO_POINTS, "learned")

    assert np.allclose(box.frame.centre, folders.MIDDLE, rtol=0, atol=1e-9)
    assert box.frame.radius == pytest.approx(d * np.sin(np.arctan(slope)))
    assert "axes" in box.source


def test_points_put_it_round_those_that_most_cameras_see():
    """A ball of points of radius 0.5, and a wall of them behind every camera's back and
    far behind the object, which few cameras see.
    """
    cloud = folders.points(400, spread=0.5)
    rng = np.random.default_rng(8)
    angles = rng.uniform(0, 2 * np.pi, 300)
    wall = np.stack(
        [20 * np.cos(angles), 20 * np.sin(angles), rng.normal(0, 2, 300)], 1
    )

    box = find_box(views(folders.ring(8)), np.vstack([cloud, wall]), "learned")

    assert "points" in box.source
    assert np.allclose(box.frame.centre, folders.MIDDLE, rtol=0, atol=0.05)
    # 98 of 100 points of a filled ball lie within 0.98^(1/3) of its radius
    assert box.frame.radius == pytest.approx(MARGIN * 0.5, rel=0.05)


def test_masks_put_it_round_their_hull_whatever_the_points_say():
    centre = folders.ASIDE
    given = views(folders.ring(12, height=1.5), centre=centre, masks=True)

    box = find_box(given, folders.points(100), "random")

    assert "masks" in box.source
    assert np.allclose(box.frame.centre, centre, rtol=0, atol=0.044)  # a pixel
    assert 0.4 < box.frame.radius < 1.5 * MARGIN * 0.4


def test_a_black_background_puts_it_round_what_is_not_black():
    centre = folders.ASIDE
    given = views(folders.ring(12, height=1.5), centre=centre, ball=120)

    box = find_box(given, NO_POINTS, "black")

    assert "not black" in box.source
    assert np.allclose(box.frame.centre, centre, rtol=0, atol=0.044)


def test_black_images_fall_back_on_the_cameras():
    box = find_box(views(folders.ring(6)), NO_POINTS, "black")

    assert "axes" in box.source


def test_it_stops_short_of_the_nearest_camera():
    close = folders.looking(folders.MIDDLE + np.array([0.3, 0.1, 0.0]), folders.MIDDLE)
    knowns = [*folders.ring(6), close]

    box = find_box(views(knowns), NO_POINTS, "learned")

    nearest = np.linalg.norm(camera(close).place - box.frame.centre)
    assert box.frame.radius == pytest.approx(0.95 * nearest)
    assert "short of" in box.source


def test_cameras_that_look_the_same_way_need_a_box():
    knowns = [
        folders.looking(np.array([x, -4.0, 0.0]), np.array([x, 0.0, 0.0]))
        for x in (0.0, 0.1, 0.2)
    ]

    with pytest.raises(InputError, match=r"look the same way.*box=\(centre, radius\)"):
        find_box(views(knowns), NO_POINTS, "learned")


def test_cameras_that_look_outward_need_a_box():
    middle = folders.MIDDLE
    knowns = [
        folders.looking(
            2 * middle + known.turn.T @ known.shift,
            3 * middle + 2 * known.turn.T @ known.shift,
        )
        for known in folders.ring(6)
    ]

    with pytest.raises(InputError, match="behind them"):
        find_box(views(knowns), NO_POINTS, "learned")
