"""What cameras have in view."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.outlook import clearance, looking_on, seen
from clinometer.surface.scenes.scene import Camera, Frame, View

IMAGE = np.zeros((40, 60, 3), dtype=np.uint8)


def at(place, *, name="a"):
    """A camera that looks along z; tangents of its half-angles are 0.6 and 0.4."""
    pose = np.column_stack([np.eye(3), place])
    return View(name, Camera((50.0, 50.0), (30.0, 20.0), pose, 60, 40), IMAGE)


def test_points_in_the_pyramid_of_the_image_are_seen():
    points = np.array(
        [
            [0.0, 0.0, 1.0],
            [0.59, 0.39, 1.0],
            [0.61, 0.0, 1.0],
            [0.0, -0.41, 1.0],
            [0.0, 0.0, -1.0],
        ]
    )

    found = seen(at([0.0, 0.0, 0.0]).camera, points)

    assert found.tolist() == [True, True, False, False, False]


def test_clearance_is_the_distance_from_the_sides_planes():
    """From the axis at depth 2 to a plane of slope s: 2 s / sqrt(1 + s²)."""
    found = clearance(at([0.0, 0.0, 0.0]).camera, np.array([0.0, 0.0, 2.0]))

    across, down = 1.2 / np.hypot(1, 0.6), 0.8 / np.hypot(1, 0.4)
    assert found == pytest.approx((across, down, across, down))


def test_views_that_do_not_show_the_box_are_left_out():
    views = [at([x, 0.0, -4.0], name=str(x)) for x in (-0.5, 0.5, 9.0)]

    kept = looking_on(views, Frame(np.zeros(3), 1.0))

    assert [view.name for view in kept] == ["-0.5", "0.5"]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (
            [[0, 0, 4], [1, 0, 4], [0, 1, 4]],
            "0 of 3 cameras have the scene's box in view",
        ),
        ([[0, 0, -4], [30, 0, -4]], "1 of 2 cameras have the scene's box in view"),
        ([[0, 0, -4], [0, 0, -4]], "all 2 cameras stand in one place"),
        (
            [[0, 0, -4], [1, 0, -4], [0, 0, 0.5]],
            "1 of 3 cameras stand in the scene's box",
        ),
    ],
    ids=["all look away", "one looks past", "one place", "one inside"],
)
def test_a_box_that_cannot_be_trained_is_refused(places, words):
    views = [at(place, name=f"view{k}") for k, place in enumerate(places)]

    with pytest.raises(InputError, match=words):
        looking_on(views, Frame(np.zeros(3), 1.0))
