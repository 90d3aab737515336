"""Parts, crops, holes, colours and fewer faces, on solids of known size."""

import math

import numpy as np
import pytest
import trimesh

from clinometer.errors import InputError
from clinometer.surface.mesh.finish import (
    coloured,
    cropped,
    decimated,
    filled,
    largest,
    parts,
)
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.scenes.scene import Frame


def ball(radius=0.5, centre=(0.0, 0.0, 0.0), fine=4):
    solid = trimesh.creation.icosphere(subdivisions=fine, radius=radius)
    return Mesh(
        np.array(solid.vertices) + np.array(centre),
        np.array(solid.faces, dtype=np.int64),
    )


def together(*meshes):
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate(
            [mesh.faces + s for mesh, s in zip(meshes, starts[:-1], strict=True)]
        ),
    )


THREE = together(ball(0.1), ball(0.4, (2, 0, 0)), ball(0.3, (-2, 0, 0)))


def test_parts_are_told_apart():
    assert np.bincount(parts(THREE)).tolist() == [20 * 4**4] * 3


def test_the_largest_part_is_that_of_most_area():
    left = largest(THREE)

    assert left.is_watertight
    assert left.vertices.mean(axis=0) == pytest.approx([2, 0, 0], abs=1e-9)


@pytest.mark.parametrize(("share", "count"), [(0.0, 3), (0.05, 3), (0.5, 2), (1.0, 1)])
def test_parts_above_a_share_stay(share, count):
    """Their areas are to the largest as 1 / 16, 1 and 9 / 16."""
    left = largest(THREE, share=share)

    assert parts(left).max() + 1 == count
    assert left.euler == 2 * count


def test_a_crop_cuts_at_the_plane():
    """Half a ball, and the piece of it left of 0.2: a zone's area is 2 π r h."""
    left = cropped(ball(), [-1, -1, -1], [0.2, 1, 1])

    assert left.vertices[:, 0].max() == pytest.approx(0.2, abs=1e-12)
    assert left.area == pytest.approx(2 * math.pi * 0.5 * 0.7, rel=2e-3)
    assert left.euler == 1


def test_a_crop_with_six_sides_keeps_colours_and_normals():
    whole = coloured(ball(), lambda x, n: (n * 127 + 128).astype(np.uint8))

    left = cropped(whole.with_normals(), [-0.3] * 3, [0.3] * 3)

    assert np.abs(left.vertices).max() <= 0.3 + 1e-12
    assert left.colours.shape == left.vertices.shape
    assert left.colours.dtype == np.uint8
    assert np.linalg.norm(left.normals, axis=1) == pytest.approx(1.0)


def test_a_crop_that_leaves_nothing_is_named():
    with pytest.raises(InputError, match=r"nothing of the mesh lies in the box.*spans"):
        cropped(ball(), [2, 2, 2], [3, 3, 3])


def test_a_box_must_have_room():
    with pytest.raises(InputError, match="first below the second"):
        cropped(ball(), [1, 0, 0], [0, 1, 1])


def test_small_holes_are_closed_and_large_ones_stay():
    whole = ball()
    pricked = Mesh(whole.vertices, whole.faces[1:])
    halved = cropped(whole, [-1, -1, -1], [0.1, 1, 1])

    assert not pricked.is_watertight
    assert filled(pricked).is_watertight
    assert filled(pricked).volume == pytest.approx(whole.volume, rel=1e-3)
    assert not filled(halved).is_watertight
    assert filled(halved, edges=10_000).is_watertight


def test_colours_are_given_by_place_and_normal():
    red = coloured(ball(), lambda x, n: np.uint8([255, 0, 0]) + 0 * x.astype(np.uint8))

    assert np.all(red.colours == [255, 0, 0])


def test_vertex_normals_of_a_ball_point_away_from_its_middle():
    mesh = ball().with_normals()

    outward = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)

    assert np.einsum("vk,vk->v", mesh.normals, outward).min() > 0.9999


def test_decimation_keeps_the_shape():
    mesh = decimated(ball(), 1000)

    assert len(mesh.faces) == pytest.approx(1000, abs=10)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(ball().volume, rel=0.02)


def test_a_mesh_with_few_faces_is_not_decimated():
    mesh = ball(fine=1)

    assert decimated(mesh, 1000) is mesh


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: largest(ball(), share=2.0), "share must be None or from 0 to 1"),
        (lambda: decimated(ball(), 3), "at least 4 faces"),
        (lambda: largest(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int))), "empty"),
    ],
)
def test_options_are_checked(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_a_mesh_in_the_world_has_the_frame_applied():
    frame = Frame(np.array([1.0, 2.0, 3.0]), 4.0)

    world = ball().in_world(frame)

    assert world.vertices.mean(axis=0) == pytest.approx([1, 2, 3])
    assert world.area == pytest.approx(16 * ball().area)


@pytest.mark.parametrize(
    ("vertices", "faces", "words"),
    [
        (np.full((3, 3), np.nan), np.zeros((1, 3), int), "finite"),
        (np.zeros((3, 2)), np.zeros((1, 3), int), "V x 3"),
        (np.zeros((3, 3)), np.zeros((1, 4), int), "F x 3"),
        (np.zeros((3, 3)), np.full((1, 3), 3), "name vertices 0 to 2"),
    ],
)
def test_a_broken_mesh_is_refused(vertices, faces, words):
    with pytest.raises(InputError, match=words):
        Mesh(vertices, faces)


def test_two_faces_of_one_sense_at_an_edge_are_not_watertight():
    whole = ball(fine=1)
    faces = whole.faces.copy()
    faces[0] = faces[0, ::-1]

    assert whole.is_watertight
    assert not Mesh(whole.vertices, faces).is_watertight
