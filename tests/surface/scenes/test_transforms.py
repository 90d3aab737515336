"""transforms.json of nerfstudio, instant-ngp and Blender."""

import json
import math

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes import load_scene
from clinometer.surface.scenes.transforms import read_transforms
from tests.surface.scenes import folders

EXACT = 1e-6
"""Pixels; float64 and JSON's 17 digits leave 1e-12."""

BOX = (folders.MIDDLE, 0.8)


def test_rays_meet_the_points_that_were_seen(tmp_path):
    cameras, cloud = folders.ring(), folders.points()
    folders.write_transforms(tmp_path, cameras)

    scene = load_scene(tmp_path, hold_out=0, box=BOX)

    assert folders.farthest_miss(scene, cameras, cloud) < EXACT


def test_intrinsics_of_a_frame_stand_before_those_of_all(tmp_path):
    cameras, cloud = folders.ring(), folders.points()
    frames = [{**frame, **folders.INTRINSICS} for frame in folders.frames_of(cameras)]
    folders.write_transforms(tmp_path, cameras, frames=frames, fl_x=1.0, cx=2.0)

    scene = load_scene(tmp_path, hold_out=0, box=BOX)

    assert folders.farthest_miss(scene, cameras, cloud) < EXACT


def test_an_angle_of_view_gives_the_focal_length(tmp_path):
    """tan(angle / 2) is half the width over the focal length, by definition."""
    angle = 0.6
    wanted = 32 / math.tan(0.3)
    rest = dict.fromkeys(("fl_x", "fl_y", "cx", "cy", "w", "h"))
    folders.write_transforms(tmp_path, folders.ring(), camera_angle_x=angle, **rest)

    lens = read_transforms(tmp_path / "transforms.json").shots[0].lens

    assert lens.focal == pytest.approx((wanted, wanted))
    assert lens.centre == (32.0, 24.0)


def test_test_views_that_the_file_names_are_held_out(tmp_path):
    apart = ["images/view01.png", "./images/view04.png"]
    folders.write_transforms(tmp_path, folders.ring(), test_filenames=apart)

    scene = load_scene(tmp_path, box=BOX)

    assert [view.name for view in scene.held_out] == [
        "images/view01.png",
        "images/view04.png",
    ]
    assert len(scene.views) == 4


def test_blenders_splits_are_read_with_endings_left_out(tmp_path):
    cameras = folders.ring(6)
    for split, part in (("train", cameras[:4]), ("test", cameras[4:])):
        frames = folders.frames_of(part)
        for frame, camera in zip(frames, part, strict=True):
            folders.picture(tmp_path / split / camera.name)
            frame["file_path"] = f"./{split}/{camera.name.removesuffix('.png')}"
        content = {"camera_angle_x": 0.7, "frames": frames}
        (tmp_path / f"transforms_{split}.json").write_text(json.dumps(content))

    scene = load_scene(tmp_path, box=BOX)

    assert [view.name for view in scene.held_out] == ["test/view04", "test/view05"]
    assert len(scene.views) == 4


def test_points_that_the_file_names_are_read(tmp_path):
    cloud = folders.points(5)
    rows = "\n".join(" ".join(map(repr, row)) for row in cloud.tolist())
    head = "ply\nformat ascii 1.0\nelement vertex 5\n"
    head += "".join(f"property double {axis}\n" for axis in "xyz") + "end_header\n"
    (tmp_path / "cloud.ply").write_text(head + rows + "\n")
    folders.write_transforms(tmp_path, folders.ring(), ply_file_path="cloud.ply")

    found = read_transforms(tmp_path / "transforms.json").points

    assert np.allclose(found, cloud, rtol=0, atol=1e-6)  # some readers keep float32


def test_distortion_is_read_by_the_name_of_the_model(tmp_path):
    bend = {"k1": 0.1, "k2": -0.02, "p1": 1e-3, "p2": 2e-3}
    cameras = folders.ring()
    path = tmp_path / "transforms.json"

    folders.write_transforms(tmp_path, cameras, **bend)
    opencv = read_transforms(path).shots[0].lens
    folders.write_transforms(tmp_path, cameras, camera_model="OPENCV_FISHEYE", **bend)
    fisheye = read_transforms(path).shots[0].lens
    folders.write_transforms(tmp_path, cameras, camera_model="PINHOLE", **bend)
    pinhole = read_transforms(path).shots[0].lens

    assert opencv.radial == (0.1, -0.02, 0.0)
    assert opencv.tangential == (1e-3, 2e-3)
    assert fisheye.fisheye
    assert fisheye.radial == (0.1, -0.02, 0.0, 0.0)
    assert pinhole.is_pinhole


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"frames": []}, "list 'frames'"),
        ({"frames": [{"file_path": "a"}]}, "transform_matrix"),
        ({"camera_model": "EQUIRECTANGULAR"}, "camera_model must be one of"),
        ({"fl_x": None, "fl_y": None}, "intrinsics are missing"),
        ({"fl_x": 0.0}, "positive"),
        ({"fl_x": float("nan")}, "finite"),
        ({"fl_x": "wide"}, "fl_x must be a number"),
        ({"w": float("nan")}, "w must be a number of pixels"),
        ({"cx": 900.0}, "principal point"),
        ({"k4": 0.1}, "k4"),
        ({"w": 128, "h": 96}, "64 x 48 pixels, its camera 128 x 96"),
        ({"camera_angle_x": 4.0, "fl_x": None}, "between 0 and pi"),
        ({"ply_file_path": "none.ply"}, "cannot be read"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(tmp_path, meta, words):
    folders.write_transforms(tmp_path, folders.ring(), **meta)

    with pytest.raises(InputError, match=words):
        load_scene(tmp_path)


def broken(change):
    frames = folders.frames_of(folders.ring())
    matrix = np.array(frames[2]["transform_matrix"])
    frames[2]["transform_matrix"] = change(matrix).tolist()
    return frames


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m * [[np.nan], [1], [1], [1]], "finite"),
        (lambda m: np.where(m == m[0, 0], np.inf, m), "finite"),
        (lambda m: m @ np.diag([1.0, 1.0, -1.0, 1.0]), "determinant 1"),
        (lambda m: m @ np.diag([2.0, 2.0, 2.0, 1.0]), "rotation"),
        (lambda m: m.T, "last row"),
        (lambda m: m[:2], "4 x 4 or 3 x 4"),
    ],
    ids=["not a number", "infinite", "mirrored", "scaled", "transposed", "cut"],
)
def test_a_pose_that_is_none_is_refused_with_its_image(tmp_path, change, words):
    folders.write_transforms(tmp_path, folders.ring(), frames=broken(change))

    with pytest.raises(InputError, match=words) as caught:
        load_scene(tmp_path)
    assert "view02.png" in str(caught.value)


def test_cameras_without_images_are_refused_and_counted(tmp_path):
    folders.write_transforms(tmp_path, folders.ring())
    (tmp_path / "images" / "view03.png").unlink()

    with pytest.raises(InputError, match="1 of 6 cameras have no image: images/view03"):
        load_scene(tmp_path)


def test_a_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "transforms.json").write_text('{"frames": [')

    with pytest.raises(InputError, match="cannot be read as JSON"):
        load_scene(tmp_path)
