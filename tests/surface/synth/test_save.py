"""Scenes as files: pictures, cameras and truth come back as they were."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from clinometer import InputError, StorageError
from clinometer.surface.scenes.scene import Camera, Scene, View
from clinometer.surface.synth.save import save_scene
from clinometer.surface.synth.scenes import mesh_scene
from clinometer.surface.synth.studio import Studio

BOX = trimesh.creation.box(extents=(2.0, 4.0, 6.0)).apply_translation([5, 6, 7])
SCENE = mesh_scene(
    (np.asarray(BOX.vertices), np.asarray(BOX.faces)),
    Studio(views=3, held_out=2, size=16, background="black"),
    name="box",
)
"""Its frame is not the world's: centre (5, 6, 7), radius √14 / 0.8."""


@pytest.fixture
def record(tmp_path):
    path = save_scene(SCENE, tmp_path / "new" / "folder")
    return path.parent, json.loads(path.read_text())


def test_pictures_and_masks_come_back(record):
    folder, said = record
    for frame, view in zip(said["frames"], SCENE.views + SCENE.held_out, strict=True):
        image = np.asarray(Image.open(folder / frame["file_path"]))
        mask = np.asarray(Image.open(folder / frame["mask_path"]))

        assert np.array_equal(image, view.image)
        assert np.array_equal(mask, view.mask)


def test_a_point_of_the_truth_falls_where_opengl_says(record):
    """Projected as nerfstudio does: x right, y up, looking along -z, world units."""
    _, said = record
    x = np.array([*BOX.vertices[0], 1.0])
    for frame, view in zip(said["frames"], SCENE.views + SCENE.held_out, strict=True):
        seen = np.linalg.inv(frame["transform_matrix"]) @ x
        column = said["cx"] - said["fl_x"] * seen[0] / seen[2]
        row = said["cy"] + said["fl_y"] * seen[1] / seen[2]
        ours = (SCENE.frame.to_scene(x[:3]) - view.camera.place) @ view.camera.pose[
            :, :3
        ]
        (fx, fy), (cx, cy) = view.camera.focal, view.camera.centre

        assert seen[2] < 0
        assert column == pytest.approx(fx * ours[0] / ours[2] + cx)
        assert row == pytest.approx(fy * ours[1] / ours[2] + cy)


def test_splits_box_and_background_are_named(record):
    _, said = record

    assert said["camera_model"] == "OPENCV"
    assert (said["w"], said["h"]) == (16, 16)
    assert said["train_filenames"] == [f"images/train_00{i}.png" for i in range(3)]
    assert said["test_filenames"] == said["val_filenames"]
    assert said["test_filenames"] == ["images/test_000.png", "images/test_001.png"]
    assert said["clinometer"]["background"] == "black"
    np.testing.assert_allclose(said["clinometer"]["centre"], [5, 6, 7])
    assert said["clinometer"]["radius"] == pytest.approx(np.sqrt(14) / 0.8)


def test_the_truth_is_read_by_another_library(record):
    folder, _ = record
    mesh = trimesh.load(folder / "truth.ply")

    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(48.0)
    np.testing.assert_allclose(mesh.bounds, BOX.bounds)


def test_cameras_that_differ_keep_their_own_numbers(tmp_path):
    """And views without masks, and a scene without a truth."""
    views = tuple(
        View(
            f"{size}",
            Camera((40.0, 41.0), (size / 2, 8.0), SCENE.views[0].camera.pose, size, 16),
            np.zeros((16, size, 3), dtype=np.uint8),
        )
        for size in (16, 20)
    )
    path = save_scene(Scene("two", views), tmp_path)
    said = json.loads(path.read_text())

    assert (said["fl_x"], said["fl_y"], said["h"]) == (40.0, 41.0, 16)
    assert "w" not in said
    assert [frame["w"] for frame in said["frames"]] == [16, 20]
    assert [frame["cx"] for frame in said["frames"]] == [8.0, 10.0]
    assert not any("mask_path" in frame for frame in said["frames"])
    assert said["clinometer"]["truth"] is None
    assert not (tmp_path / "truth.ply").exists()


def test_nothing_is_overwritten(tmp_path):
    path = save_scene(SCENE, tmp_path)
    before = path.read_bytes()

    with pytest.raises(InputError, match="is not overwritten"):
        save_scene(SCENE, tmp_path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="cannot be written"):
        save_scene(SCENE, tmp_path / "file")
