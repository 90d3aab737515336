"""Pixels and rays: against the cameras of their scene, in float64."""

import numpy as np
import torch

from clinometer.surface.pixels import Pixels, rays_of
from clinometer.surface.scenes.scene import rays


def test_rays_run_where_the_cameras_say(scene):
    pixels = Pixels(scene.views, torch.device("cpu"))
    size = scene.views[0].camera.width
    which = torch.arange(pixels.count)[::97]
    found = pixels.rays(which)
    at = 0
    for number in which.tolist():
        view, place = divmod(number, size * size)
        row, column = divmod(place, size)
        camera = scene.views[view].camera
        origin, direction = rays(
            camera, np.array([column + 0.5]), np.array([row + 0.5])
        )
        closest = np.linalg.norm(np.cross(origin[0], direction[0]))
        if closest >= 1 - 1e-6:
            continue
        np.testing.assert_allclose(found.origin[at], origin[0], atol=1e-6)
        np.testing.assert_allclose(found.direction[at], direction[0], atol=1e-6)
        colour = scene.views[view].image[row, column] / 255
        np.testing.assert_allclose(found.colour[at], colour, atol=1e-6)
        assert int(found.view[at]) == view
        at += 1
    assert at == len(found)
    assert at > 10


def test_rays_enter_and_leave_the_ball(scene):
    draw = torch.Generator().manual_seed(0)
    found = Pixels(scene.views, torch.device("cpu")).draw(500, draw)
    for t in (found.near, found.far):
        end = found.origin + t[:, None] * found.direction
        np.testing.assert_allclose(end.norm(dim=1), 1, atol=1e-5)
    assert bool((found.near < found.far).all())


def test_views_of_several_sizes_are_told_apart(scene):
    views = scene.views[:2] + scene.held_out
    pixels = Pixels(views, torch.device("cpu"))
    numbers = [pixels.of_view(view) for view in range(3)]
    assert torch.equal(torch.cat(numbers), torch.arange(pixels.count))
    assert bool((pixels.rays(numbers[1]).view == 1).all())


def test_all_pixels_of_a_camera_that_see_the_ball_are_there(scene):
    camera = scene.held_out[0].camera
    found, which = rays_of(camera, torch.device("cpu"))
    assert len(found) == len(which) > 0.5 * camera.width * camera.height
    assert bool((which[1:] > which[:-1]).all())


def test_masks_count_where_every_view_has_one(scene):
    draw = torch.Generator().manual_seed(0)
    found = Pixels(scene.views, torch.device("cpu")).draw(200, draw)
    assert found.mask is not None
    assert 0 <= float(found.mask.min()) < float(found.mask.max()) <= 1
