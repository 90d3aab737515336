"""Meshes of solids: vertices on the surface, closed, as of the whole lattice."""

import numpy as np
import pytest
import trimesh
from skimage import measure

from clinometer import InputError
from clinometer.surface.synth import truth as room
from clinometer.surface.synth.named import SOLIDS
from clinometer.surface.synth.solids import RoundedBox, Sphere, Torus, Union
from clinometer.surface.synth.truth import mesh_of, projected


def as_mesh(truth):
    return trimesh.Trimesh(truth.vertices, truth.faces, process=False)


def test_vertices_of_a_sphere_lie_on_it():
    found = np.linalg.norm(mesh_of(Sphere(0.6)).vertices, axis=1)

    np.testing.assert_allclose(found, 0.6, rtol=0, atol=room.CLOSE)


def test_volume_and_area_of_a_torus_are_those_of_the_formula():
    """Inside by at most 3 h² / 8 r on a tube of r = 0.2, h = 2/192: 2e-4, a tenth of a
    per cent of r, twice that in volume; no more in area.
    """
    mesh = as_mesh(mesh_of(Torus(0.5, 0.2)))

    assert mesh.volume == pytest.approx(2 * np.pi**2 * 0.5 * 0.2**2, rel=2e-3)
    assert mesh.area == pytest.approx(4 * np.pi**2 * 0.5 * 0.2, rel=2e-3)
    assert mesh.euler_number == 0


HANDLES = {"torus_and_ball": 2, "blocks": 1, "creature": 0, "knot": 1, "cup": 1}


@pytest.mark.parametrize("name", SOLIDS)
def test_named_solids_are_closed_and_their_meshes_lie_on_them(name):
    """A millionth of the radius, 0.8, is asked for. Euler's number is 2 - 2 · handles:
    nothing meets that should not.
    """
    truth = mesh_of(SOLIDS[name])
    mesh = as_mesh(truth)

    assert np.max(np.abs(SOLIDS[name].distance(truth.vertices))) <= 1e-9
    assert 0.6 < np.max(np.linalg.norm(truth.vertices, axis=1)) < 0.85
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    assert mesh.body_count == 1
    assert mesh.euler_number == 2 - 2 * HANDLES[name]


@pytest.mark.parametrize("name", ["blocks", "creature"])
def test_leaving_blocks_out_changes_no_face(name):
    """Against marching cubes of the whole lattice."""
    cells, solid = 48, SOLIDS[name]
    step = 2 / cells
    start = -1 - room.SHIFT * step
    axis = start + step * np.arange(cells + room.BLOCK + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    values = solid.distance(points.reshape(-1, 3)).reshape(points.shape[:3])
    corners, faces, *_ = measure.marching_cubes(values, 0.0)
    whole = projected(solid, start + step * corners.astype(np.float64))

    found = mesh_of(solid, cells=cells)

    assert np.array_equal(found.faces, faces)
    np.testing.assert_allclose(found.vertices, whole, atol=1e-8)


def test_points_near_a_sharp_edge_come_to_lie_on_the_box():
    """A box's surface by formula: the largest of |x| / half is 1."""
    box = RoundedBox((0.5, 0.3, 0.4))
    rng = np.random.default_rng(0)
    edge = np.stack(
        [np.full(500, 0.5), np.full(500, 0.3), rng.uniform(-0.4, 0.4, 500)], axis=1
    )

    found = projected(box, edge + rng.uniform(-0.02, 0.02, edge.shape))

    np.testing.assert_allclose(
        np.max(np.abs(found) / (0.5, 0.3, 0.4), axis=1), 1.0, atol=1e-8
    )


class Millimetres:
    """What looks like a distance, but in another unit than the points."""

    exact = False

    def distance(self, x):
        return 1e-3 * Sphere(0.5).distance(x)


@pytest.mark.parametrize(
    ("solid", "says"),
    [
        (Sphere(0.3, (4.0, 0.0, 0.0)), "empty, or smaller than a cell"),
        (Sphere(1.01), "must lie in the ball of radius 1"),
        (Union((Sphere(0.3), Sphere(0.1, (0.95, 0.0, 0.0)))), "reaches 1.05"),
        (Millimetres(), "do not come to lie on the solid's surface"),
    ],
)
def test_solids_without_a_mesh_in_the_box_are_refused(solid, says):
    with pytest.raises(InputError, match=says):
        mesh_of(solid, cells=48)


def test_too_few_cells_are_refused():
    with pytest.raises(InputError, match="cells must be at least 16"):
        mesh_of(Sphere(0.5), cells=8)
