"""Normals to shade with: smooth where a mesh is smooth, the faces' own at edges."""

import numpy as np
import trimesh

from clinometer.surface.synth.model import (
    corner_normals,
    face_normals,
    vertex_normals,
)


def test_normals_of_a_ball_are_smooth():
    """From the centre: a mean over the faces round a vertex is off by a second order of
    their size, 0.07 here.
    """
    ball = trimesh.creation.icosphere(subdivisions=4)
    faces = np.asarray(ball.faces)
    smooth = vertex_normals(ball.vertices, faces)

    np.testing.assert_allclose(smooth, ball.vertices, atol=0.07**2)
    assert np.array_equal(corner_normals(ball.vertices, faces, smooth), smooth[faces])


def test_normals_of_a_box_are_those_of_its_faces():
    box = trimesh.creation.box()
    faces = np.asarray(box.faces)
    own = face_normals(box.vertices, faces)
    found = corner_normals(box.vertices, faces, vertex_normals(box.vertices, faces))

    assert np.array_equal(found, np.repeat(own[:, None], 3, axis=1))
    middles = box.vertices[faces].mean(axis=1)
    assert np.all(np.einsum("fk,fk->f", own, middles) > 0)  # outwards


def test_a_face_without_area_has_no_normal():
    line = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])

    assert np.array_equal(face_normals(line, np.array([[0, 1, 2]])), np.zeros((1, 3)))
