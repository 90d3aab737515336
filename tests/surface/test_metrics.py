"""Measures against formulas, brute force and counts."""

import json
import math

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from clinometer.errors import InputError
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.metrics import distances, measure, psnr, sampled
from clinometer.surface.scenes.scene import Truth


def ball(radius, fine=4):
    solid = trimesh.creation.icosphere(subdivisions=fine, radius=radius)
    return np.array(solid.vertices), np.array(solid.faces, dtype=np.int64)


def square(z, side=1.0, turn=0.0):
    """A square round the z axis at height z, turned about the x axis."""
    half = side / 2
    plane = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    y, up = plane[:, 1] * math.cos(turn), plane[:, 1] * math.sin(turn)
    vertices = np.stack([plane[:, 0], y, z + up], axis=1)
    return vertices, np.array([(0, 1, 2), (0, 2, 3)])


def chance(count, seed):
    """Triangles of chance, as a soup."""
    corners = np.random.default_rng(seed).normal(size=(3 * count, 3))
    return Mesh(corners, np.arange(3 * count).reshape(-1, 3))


@pytest.mark.parametrize("gap", [0.001, 0.02])
def test_concentric_spheres_lie_their_gap_apart_with_equal_normals(gap):
    found = measure(Mesh(*ball(0.5)), Truth(*ball(0.5 + gap)), samples=4000)

    # Planes of like facets lie gap * inradius apart; the inradius of this icosphere is
    # 0.9991 or more of its radius, and from outside an edge or corner may be nearest.
    assert found.accuracy.value == pytest.approx(gap, rel=1e-3)
    assert found.completeness.value == pytest.approx(gap, rel=1e-3)
    assert found.chamfer.value == pytest.approx(gap, rel=1e-3)
    # Facets differ in inradius, so beside an edge the neighbour's plane, turned by less
    # than 4°, can be the nearer one: for less than a thousandth of the area.
    assert found.normal_error.value < 4 / 1000


def test_shifted_planes_lie_their_shift_apart():
    found = measure(Mesh(*square(0.0)), Truth(*square(0.03)), samples=1000)

    assert found.chamfer.value == pytest.approx(0.03, rel=1e-12)
    assert found.chamfer.error == pytest.approx(0.0, abs=1e-15)
    assert found.normal_consistency.value == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("degrees", [1.0, 5.0, 30.0])
def test_the_normal_error_of_a_turned_plane_is_its_angle(degrees):
    turned = Mesh(*square(0.0, turn=math.radians(degrees)))

    found = measure(turned, Truth(*square(0.0, side=4.0)), samples=1000)

    assert found.normal_error.value == pytest.approx(degrees, rel=1e-6)
    cosine = math.cos(math.radians(degrees))
    assert found.normal_consistency.value == pytest.approx(cosine, rel=1e-9)


def test_a_mesh_that_is_inside_out_has_the_same_normals():
    vertices, faces = square(0.0)

    found = measure(Mesh(vertices, faces[:, ::-1].copy()), Truth(vertices, faces))

    assert found.normal_error.value == pytest.approx(0.0, abs=1e-5)


def test_the_f_score_counts_shares_of_area():
    """A quarter of the mesh lies on the truth, the rest far off; all truth is met."""
    near, faces = square(0.0)
    far = square(0.5, side=math.sqrt(3))[0]
    mesh = Mesh(np.concatenate([near, far]), np.concatenate([faces, faces + 4]))

    found = measure(mesh, Truth(near, faces), thresholds=[0.01], samples=20_000)
    (score,) = found.scores

    assert score.recall.value == 1.0
    # Five sigma of a share of 1 / 4.
    assert abs(score.precision.value - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 20_000)
    assert score.precision.error == pytest.approx(math.sqrt(0.1875 / 20_000), rel=0.05)
    p = score.precision.value
    assert score.value.value == pytest.approx(2 * p / (1 + p), rel=1e-12)
    # By finite difference of 2 P R / (P + R) in P.
    slope = (2 * (p + 1e-6) / (1 + p + 1e-6) - 2 * p / (1 + p)) / 1e-6
    assert score.value.error == pytest.approx(slope * score.precision.error, rel=1e-4)


def test_nothing_near_has_an_f_score_of_zero():
    found = measure(Mesh(*square(0.0)), Truth(*square(0.5)), samples=100)

    assert [score.value.value for score in found.scores] == [0.0, 0.0, 0.0]


def test_truth_that_no_view_saw_does_not_count_for_completeness():
    near, faces = square(0.0)
    hidden = square(-0.4)[0]
    both = np.concatenate([near, hidden]), np.concatenate([faces, faces + 4])
    seen = np.array([True, True, False, False])

    blind = measure(Mesh(near, faces), Truth(*both), samples=1000)
    fair = measure(Mesh(near, faces), Truth(*both, seen), samples=1000)

    assert blind.completeness.value == pytest.approx(0.2, abs=0.05)
    assert fair.completeness.value == pytest.approx(0.0, abs=1e-12)


def test_distances_are_those_of_a_dense_search():
    """Brute force: the nearest of a lattice of points on each triangle."""
    mesh = chance(20, seed=1)
    points = np.random.default_rng(2).normal(size=(50, 3))
    n = 300
    i, j = np.triu_indices(n + 1)
    u, v = i / n, (j - i) / n
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    edge, other = (b - a)[:, None], (c - a)[:, None]
    dense = a[:, None] + u[:, None] * edge + v[:, None] * other

    found, face = distances(points, mesh)
    near, which = cKDTree(dense.reshape(-1, 3)).query(points)

    # The lattice is never nearer, and no coarser than the longest edge over n.
    longest = np.sqrt((np.stack([b - a, c - b, a - c]) ** 2).sum(-1)).max()
    assert np.all(found <= near + 1e-12)
    assert np.all(near**2 <= found**2 + (longest / n) ** 2 + 2 * found * longest / n)
    assert np.mean(face == which // len(u)) > 0.9


def test_samples_lie_on_their_faces_by_area():
    mesh = Mesh(*ball(0.7, fine=2))

    points, face = sampled(mesh, 20_000, draw=np.random.default_rng(0))
    off, _ = distances(points, mesh)
    counts = np.bincount(face, minlength=len(mesh.faces))
    expected = 20_000 * mesh.areas / mesh.area

    assert off.max() < 1e-12
    # Chi-square over 320 faces: mean 319, deviation √(2 * 319) = 25; five of them.
    assert np.sum((counts - expected) ** 2 / expected) < 319 + 5 * 25


def test_the_bar_is_the_scatter_between_seeds():
    mesh, truth = Mesh(*ball(0.5, fine=1)), Truth(*ball(0.5, fine=4))

    runs = [measure(mesh, truth, samples=500, seed=s).accuracy for s in range(60)]

    scatter = np.std([run.value for run in runs], ddof=1)
    # The deviation of 60 values is known to 1 / √118 = 9 %; three of them.
    assert np.mean([run.error for run in runs]) == pytest.approx(scatter, rel=0.28)


def test_a_seed_gives_the_same_measures_again():
    mesh, truth = Mesh(*ball(0.5, fine=2)), Truth(*ball(0.52, fine=2))

    first, second, other = (
        measure(mesh, truth, samples=200, seed=seed) for seed in (3, 3, 4)
    )

    assert first == second
    assert first.accuracy != other.accuracy


def test_points_to_points_would_have_a_floor():
    """A surface against itself: exact distances are zero, those of points are not.

    N points at random on an area A leave a mean nearest distance of √(A / N) / 2.
    """
    mesh, count = Mesh(*ball(0.5)), 50_000
    draw = np.random.default_rng(0)
    one, other = (sampled(mesh, count, draw=draw)[0] for _ in range(2))

    floor = cKDTree(other).query(one)[0].mean()
    exact = measure(mesh, Truth(mesh.vertices, mesh.faces), samples=2000).chamfer

    assert floor == pytest.approx(math.sqrt(mesh.area / count) / 2, rel=0.02)
    assert exact.value < 1e-12


def test_measures_print_as_a_table_and_as_json():
    found = measure(Mesh(*square(0.0)), Truth(*square(0.03)), samples=100)

    data = json.loads(found.to_json())

    assert data["chamfer"]["value"] == found.chamfer.value
    assert [score["threshold"] for score in data["f_scores"]] == [1e-3, 2e-3, 5e-3]
    assert "Chamfer" in str(found)
    assert "normal error" in str(found)


def test_a_scene_without_truth_is_named():
    with pytest.raises(InputError, match="no true surface"):
        measure(Mesh(*square(0.0)), None)


def test_truth_that_nobody_saw_is_named():
    truth = Truth(*square(0.0), np.zeros(2, dtype=bool))

    with pytest.raises(InputError, match="none that counts with any area"):
        measure(Mesh(*square(0.0)), truth)


def test_seen_must_fit_the_faces():
    with pytest.raises(InputError, match="one bool for each of 2 faces"):
        measure(Mesh(*square(0.0)), Truth(*square(0.0), np.zeros(3, dtype=bool)))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"samples": 1}, "at least 2"), ({"thresholds": [0.0]}, "thresholds must be")],
)
def test_options_are_checked(options, words):
    with pytest.raises(InputError, match=words):
        measure(Mesh(*square(0.0)), Truth(*square(0.0)), **options)


def test_an_empty_mesh_cannot_be_measured():
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64))

    with pytest.raises(InputError, match="must have area"):
        measure(empty, Truth(*square(0.0)))


@pytest.mark.parametrize("off", [1, 10, 255])
def test_psnr_of_a_constant_difference(off):
    dark = np.zeros((4, 5, 3), dtype=np.uint8)

    assert psnr(dark + np.uint8(off), dark) == pytest.approx(
        20 * math.log10(255 / off), rel=1e-12
    )


def test_psnr_of_equal_images_is_infinite():
    dark = np.zeros((4, 5, 3), dtype=np.uint8)

    assert psnr(dark, dark) == math.inf


@pytest.mark.parametrize(
    "other", [np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3), np.float64)]
)
def test_psnr_asks_for_two_images_of_a_kind(other):
    with pytest.raises(InputError, match="one shape, of uint8"):
        psnr(np.zeros((4, 5, 3), np.uint8), other)
