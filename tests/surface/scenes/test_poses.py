"""Poses for photographs that have none."""

import logging

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from clinometer.surface.scenes.poses import find_poses
from tests.surface.scenes import folders

WIDTH, HEIGHT, FOCAL = 240, 180, 288.0


def texture(seed):
    """(512, 512) spots of many sizes, which features are found on."""
    rng = np.random.default_rng(seed)
    layers = [
        sigma * ndimage.gaussian_filter(rng.standard_normal((512, 512)), sigma)
        for sigma in (2, 4, 8)
    ]
    total = sum(layers)
    return 128 + 60 * total / np.abs(total).std()


def corner_of_a_room(known):
    """What a camera sees of the planes x = 0, y = 0, z = 0, two units wide."""
    j, i = np.indices((HEIGHT, WIDTH)) + 0.5
    local = np.stack(
        [(i - WIDTH / 2) / FOCAL, (j - HEIGHT / 2) / FOCAL, np.ones_like(i)]
    )
    rays = np.einsum("ij,jkl->ikl", known.turn.T, local)
    place = -known.turn.T @ known.shift
    ways = -place[:, None, None] / rays
    ways[ways <= 0] = np.inf
    plane, way = ways.argmin(axis=0), ways.min(axis=0)
    hit = place[:, None, None] + way * rays
    image = np.zeros((HEIGHT, WIDTH))
    for axis in range(3):
        across = np.delete(hit, axis, axis=0)
        values = ndimage.map_coordinates(
            texture(axis), 200 * across, order=1, mode="wrap"
        )
        image = np.where(plane == axis, values, image)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).convert("RGB")


def photographs(folder, count):
    """Photographs of the corner, 5 degrees apart, and where they were taken."""
    folder.mkdir()
    at = np.array([0.5, 0.5, 0.5])
    knowns = []
    for k in range(count):
        angle = np.radians(35 + 5 * k)
        away = np.array([np.cos(angle), np.sin(angle), 0.6 + 0.04 * k])
        knowns.append(folders.looking(3.2 * away, at, f"shot{k}.png"))
        corner_of_a_room(knowns[-1]).save(folder / f"shot{k}.png")
    return np.array([-known.turn.T @ known.shift for known in knowns])


@pytest.mark.slow
def test_photographs_of_a_textured_corner_find_their_places(tmp_path, caplog):
    """Up to a similarity, which is found by least squares (Umeyama 1991): what is left
    is a hundredth of the distance to what they show.
    """
    truth = photographs(tmp_path / "shots", 4)

    with caplog.at_level(logging.INFO, "clinometer"):
        out = find_poses(tmp_path / "shots", tmp_path / "found")
    scene = load_scene(out, hold_out=0)

    assert "4 of 4 photographs found their place" in caplog.text
    found = np.array([scene.frame.to_world(v.camera.place) for v in scene.views])
    a, b = found - found.mean(axis=0), truth - truth.mean(axis=0)
    u, s, v = np.linalg.svd(b.T @ a)
    sign = np.diag([1.0, 1.0, np.linalg.det(u @ v)])
    scale = np.trace(np.diag(s) @ sign) / np.sum(a**2)
    left = b - scale * a @ (u @ sign @ v).T
    assert np.abs(left).max() < 0.03


def test_photographs_that_do_not_join_are_refused(tmp_path):
    for k in range(3):
        folders.picture(tmp_path / "shots" / f"{k}.png", colour=(50 * k, 90, 30))

    with pytest.raises(InputError, match="do not join"):
        find_poses(tmp_path / "shots", tmp_path / "found")


def test_too_few_photographs_are_refused(tmp_path):
    folders.picture(tmp_path / "shots" / "a.png")

    with pytest.raises(InputError, match="at least 3 photographs, got 1"):
        find_poses(tmp_path / "shots", tmp_path / "found")
    with pytest.raises(InputError, match="must be a folder"):
        find_poses(tmp_path / "nowhere", tmp_path / "found")


def test_nothing_is_overwritten(tmp_path):
    for k in range(3):
        folders.picture(tmp_path / "shots" / f"{k}.png")

    with pytest.raises(InputError, match="nothing is overwritten"):
        find_poses(tmp_path / "shots", tmp_path / "shots")


def test_damaged_photographs_are_refused_by_name(tmp_path):
    for k in range(3):
        folders.picture(tmp_path / "shots" / f"{k}.png")
    path = tmp_path / "shots" / "1.png"
    path.write_bytes(path.read_bytes()[:70])

    with pytest.raises(InputError, match=r"1\.png"):
        find_poses(tmp_path / "shots", tmp_path / "found")
