"""The visual hull of a ball, whose outlines are known."""

import numpy as np

from clinometer.surface.scenes.hull import hull_points
from clinometer.surface.scenes.outlook import project
from clinometer.surface.scenes.scene import Camera
from tests.surface.scenes import folders


def camera(known):
    pose = np.column_stack([known.turn.T, -known.turn.T @ known.shift])
    (fx, _, cx), (_, fy, cy), _ = folders.K
    return Camera((fx, fy), (cx, cy), pose, *folders.SIZE)


def outline(known, centre, radius):
    """Pixels whose rays pass a centre within a radius."""
    seen = camera(known)
    width, height = folders.SIZE
    j, i = np.indices((height, width)) + 0.5
    local = np.stack(
        [
            (i - seen.centre[0]) / seen.focal[0],
            (j - seen.centre[1]) / seen.focal[1],
            np.ones_like(i),
        ]
    )
    rays = np.einsum("ij,jkl->kli", seen.pose[:, :3], local)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    away = centre - seen.place
    along = rays @ away
    return seen, away @ away - along**2 <= radius**2


def test_the_hull_of_a_ball_holds_it_and_little_more():
    """A cell is 0.03 wide, a pixel 4 / 90 = 0.044; the hull of 12 cones that touch a
    ball of 0.4 reaches beyond it, most along the axis that no camera looks along.
    """
    centre = folders.ASIDE
    outlines = [outline(known, centre, 0.4) for known in folders.ring(12, height=1.5)]

    found = hull_points(outlines, folders.MIDDLE, 1.0)

    assert found is not None
    low, high = found.min(axis=0), found.max(axis=0)
    assert np.all(low <= centre - 0.4 + 0.044)
    assert np.all(high >= centre + 0.4 - 0.044)
    assert np.allclose((low + high) / 2, centre, rtol=0, atol=0.044)
    assert np.max(np.linalg.norm(found - centre, axis=1)) < 1.5 * 0.4


def test_one_outline_in_ten_may_miss_the_object():
    outlines = [outline(known, folders.MIDDLE, 0.4) for known in folders.ring(12)]
    seen, whole = outlines[3]
    outlines[3] = (seen, np.zeros_like(whole))

    assert hull_points(outlines, folders.MIDDLE, 1.0) is None
    assert hull_points(outlines, folders.MIDDLE, 1.0, share=0.9) is not None


def test_outlines_that_show_everything_have_no_hull():
    outlines = [
        (camera(known), np.ones(folders.SIZE[::-1], dtype=bool))
        for known in folders.ring(4)
    ]

    assert hull_points(outlines, folders.MIDDLE, 0.1) is None


def test_points_are_seen_where_the_formula_of_the_camera_says():
    known, cloud = folders.ring()[2], folders.points()

    columns, rows, depth = project(camera(known), cloud)

    assert np.allclose(np.column_stack([columns, rows]), known.see(cloud), rtol=1e-12)
    assert np.allclose(depth, (cloud @ known.turn.T + known.shift)[:, 2], rtol=1e-12)
