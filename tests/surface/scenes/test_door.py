"""Scenes from files, as a whole."""

import logging

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from tests.surface.scenes import folders

BOX = (folders.MIDDLE, 0.8)
BENDS = {
    "OPENCV": [90.0, 88.0, 30.5, 25.25, -0.3, 0.1, 1e-3, -2e-3],
    "SIMPLE_RADIAL": [90.0, 30.5, 25.25, 0.2],
    "OPENCV_FISHEYE": [90.0, 88.0, 30.5, 25.25, 0.05, -0.01, 0.02, 0.0],
}


@pytest.mark.parametrize("model", BENDS)
def test_cameras_of_bent_lenses_see_points_as_pinhole_cameras_do(tmp_path, model):
    """Undistorted places are worked out by pycolmap's own inverse of the lens."""
    import pycolmap

    lens = {"model": model, "parameters": BENDS[model]}
    cameras, cloud = folders.ring(), folders.points()
    folders.write_colmap(tmp_path, cameras, **lens)
    bent = pycolmap.Camera(model=model, width=64, height=48, params=BENDS[model])
    scene = load_scene(tmp_path, hold_out=0, box=BOX)
    new = scene.views[0].camera

    def see(camera, points):
        local = points @ camera.turn.T + camera.shift
        flat = bent.cam_from_img(bent.img_from_cam(local))
        return flat * new.focal + new.centre

    # the inverse is found by iteration, to about 1e-10 of the focal length
    assert folders.farthest_miss(scene, cameras, cloud, see) < 1e-6


def test_what_was_found_and_left_out_is_said(tmp_path, caplog):
    folders.write_transforms(tmp_path, folders.ring(9), aabb_scale=4)

    with caplog.at_level(logging.INFO, "clinometer"):
        load_scene(tmp_path)

    assert "7 views to train on, 2 held out, background learned" in caplog.text
    assert "where the cameras' axes meet: centre (0.3, -0.2, 0.5)" in caplog.text
    assert "aabb_scale 4: not used" in caplog.text


def test_views_past_the_box_are_left_out_aloud(tmp_path, caplog):
    aside = folders.looking(
        folders.MIDDLE + np.array([5, 0, 0]), np.array([9.0, 0, 1]), "x.png"
    )
    folders.write_transforms(tmp_path, [*folders.ring(), aside])

    with caplog.at_level(logging.WARNING, "clinometer"):
        scene = load_scene(tmp_path, box=BOX, hold_out=0)

    assert len(scene.views) == 6
    assert "1 views do not show the box: images/x.png" in caplog.text


def test_transparent_images_give_masks_and_a_random_background(tmp_path):
    cameras = folders.ring()
    folders.write_transforms(tmp_path, cameras, images=False)
    for camera in cameras:
        path = tmp_path / "images" / camera.name
        path.parent.mkdir(exist_ok=True)
        folders.picture(path, mode="RGBA", colour=(90, 90, 90, 0))
        from PIL import Image

        image = Image.open(path)
        image.paste((200, 30, 30, 255), (20, 15, 41, 36))
        image.save(path)

    scene = load_scene(tmp_path)
    bare = load_scene(tmp_path, mask="none")
    black = load_scene(tmp_path, background="black")

    assert scene.background == "random"
    assert all(view.mask is not None for view in scene.views)
    # some tenth of what the images show, so the box is far smaller than they are wide
    assert scene.frame.radius < 0.9
    assert bare.background == "white"
    assert bare.views[0].mask is None
    assert bare.views[0].image[0, 0].tolist() == [255, 255, 255]
    assert black.background == "black"
    assert black.views[0].image[0, 0].tolist() == [0, 0, 0]


def test_the_scene_is_the_world_moved_and_scaled(tmp_path):
    folders.write_transforms(tmp_path, folders.ring())

    scene = load_scene(tmp_path, box=([0.2, 0.0, 0.3], 0.5), hold_out=0)

    world = -folders.ring()[1].turn.T @ folders.ring()[1].shift
    assert np.allclose(scene.views[1].camera.place, (world - [0.2, 0.0, 0.3]) / 0.5)
    assert scene.frame.radius == 0.5


def test_two_loads_are_the_same(tmp_path):
    folders.write_colmap(tmp_path, folders.ring(), folders.points())

    one, two = load_scene(tmp_path), load_scene(tmp_path)

    assert np.array_equal(one.frame.centre, two.frame.centre)
    assert [v.name for v in one.views] == [v.name for v in two.views]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_size": 0}, "max_size must be at least 1"),
        ({"box": (1.0,)}, "box must be"),
        ({"box": ([0, 0], 1.0)}, "centre must be 3 finite numbers"),
        ({"box": ([0, 0, np.nan], 1.0)}, "centre must be 3 finite numbers"),
        ({"box": ([0, 0, 0], 0.0)}, "radius must be positive"),
        ({"box": (folders.MIDDLE, 9.0)}, "6 of 6 cameras stand in the scene's box"),
        ({"box": ([0, 0, 99.0], 1.0)}, "0 of 6 cameras have the scene's box in view"),
        ({"background": "green"}, "background must be one of"),
        ({"background": "random"}, "a mask for every image"),
        ({"mask": "nowhere"}, "has none for"),
        ({"hold_out": ["nobody"]}, "not there: nobody"),
    ],
)
def test_options_that_break_a_rule_are_refused(tmp_path, options, words):
    folders.write_transforms(tmp_path, folders.ring())

    with pytest.raises(InputError, match=words):
        load_scene(tmp_path, **options)


def test_one_view_is_refused(tmp_path):
    folders.write_transforms(tmp_path, folders.ring(1))

    with pytest.raises(InputError, match="at least two views, got 1"):
        load_scene(tmp_path)


def test_two_cameras_of_one_image_are_refused(tmp_path):
    frames = folders.frames_of(folders.ring())
    frames[2]["file_path"] = frames[1]["file_path"]
    folders.write_transforms(tmp_path, folders.ring(), frames=frames)

    with pytest.raises(InputError, match=r"several for images/view01\.png"):
        load_scene(tmp_path)


def test_images_may_be_written_to_as_torch_wants(tmp_path):
    folders.write_transforms(tmp_path, folders.ring())

    assert load_scene(tmp_path).views[0].image.flags.writeable


def test_a_truncated_image_is_refused_by_name(tmp_path):
    folders.write_transforms(tmp_path, folders.ring())
    path = tmp_path / "images" / "view04.png"
    path.write_bytes(path.read_bytes()[:90])

    with pytest.raises(InputError, match=r"images/view04\.png: .*breaks off"):
        load_scene(tmp_path)


def test_masks_that_vanish_are_refused_by_name(tmp_path):
    """One pixel of a mask of 64 x 48 is lost in the mean over 8 x 8."""
    from PIL import Image

    folders.write_transforms(tmp_path, folders.ring())
    for known in folders.ring():
        mask = Image.new("L", folders.SIZE, 0)
        mask.putpixel((30, 20), 255)
        (tmp_path / "masks").mkdir(exist_ok=True)
        mask.save(tmp_path / "masks" / known.name)

    with pytest.raises(InputError, match=r"nothing is left of those of images/view00"):
        load_scene(tmp_path, max_size=8)


def test_poses_from_world_to_camera_are_refused(tmp_path):
    """The usual mistake: a matrix that is the inverse of what it should be."""
    frames = folders.frames_of(folders.ring())
    for frame in frames:
        matrix = np.linalg.inv(np.array(frame["transform_matrix"]))
        frame["transform_matrix"] = matrix.tolist()
    folders.write_transforms(tmp_path, folders.ring(), frames=frames)

    with pytest.raises(InputError, match=r"camera.*box"):
        load_scene(tmp_path)
