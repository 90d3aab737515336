"""Surfaces whose area, volume and topology are known, taken from their distances."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from clinometer.errors import InputError
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.grid import Grid
from clinometer.surface.mesh.extract import extract


def sphere(radius, centre=(0.0, 0.0, 0.0)):
    place = torch.tensor(centre, dtype=torch.float32)
    return lambda x: (x - place).norm(dim=1) - radius


def torus(x, major=0.5, minor=0.2):
    ring = torch.hypot(x[:, 0], x[:, 1]) - major
    return torch.hypot(ring, x[:, 2]) - minor


def box(half, centre=(0.0, 0.0, 0.0)):
    size, place = torch.tensor(half), torch.tensor(centre)

    def distance(x):
        q = (x - place).abs() - size
        return q.clamp_min(0).norm(dim=1) + q.amax(dim=1).clamp_max(0)

    return distance


def union(*solids):
    return lambda x: torch.stack([solid(x) for solid in solids]).amin(dim=0)


def noise(resolution, seed):
    """A chance number at every vertex of a lattice, linear in between on its edges.

    It lies inside a ball of radius 0.9: outside of it all is empty.
    """
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn((resolution + 1,) * 3, generator=draw)

    def distance(x):
        i = ((x + 1) * (resolution / 2)).round().long()
        found = values[i[:, 0], i[:, 1], i[:, 2]]
        return torch.where(x.norm(dim=1) < 0.9, found, 1.0)

    return distance


class Counted:
    """A distance, and the points at which it was asked for."""

    def __init__(self, distance):
        self.distance, self.count = distance, 0

    def __call__(self, x):
        self.count += len(x)
        return self.distance(x)


SOLIDS = {
    # distance, area, volume, Euler characteristic; the mesh errs by O(h²).
    "sphere": (sphere(0.61, (0.013, 0.07, -0.03)), 4 * math.pi * 0.61**2, None, 2),
    "torus": (torus, 4 * math.pi**2 * 0.5 * 0.2, 2 * math.pi**2 * 0.5 * 0.04, 0),
    "two": (
        union(sphere(0.2, (0.4, 0, 0)), sphere(0.3, (-0.4, 0.1, 0))),
        4 * math.pi * (0.04 + 0.09),
        4 / 3 * math.pi * (0.008 + 0.027),
        4,
    ),
}


@pytest.mark.parametrize("name", SOLIDS)
@pytest.mark.parametrize("resolution", [96, 128, 256])
def test_solids_are_closed_with_the_area_and_genus_of_the_formula(name, resolution):
    distance, area, volume, euler = SOLIDS[name]

    mesh = extract(distance, resolution)

    assert mesh.is_watertight
    assert mesh.euler == euler
    # A chord of length h at curvature 1 / r cuts h² / (8 r²) off; r ≥ 0.2.
    off = (2 / resolution / 0.2) ** 2 / 2
    assert mesh.area == pytest.approx(area, rel=off)
    expected = 4 / 3 * math.pi * 0.61**3 if volume is None else volume
    assert mesh.volume == pytest.approx(expected, rel=off)


@pytest.mark.parametrize("half", [(0.3, 0.4, 0.5), (0.25, 0.25, 0.25)])
def test_a_box_is_closed_even_where_its_faces_lie_in_the_lattice(half):
    """0.25 is a plane of lattice vertices, where the distance is zero exactly."""
    mesh = extract(box(half), 128)
    a, b, c = (2 * h for h in half)

    assert mesh.is_watertight
    assert mesh.euler == 2
    assert np.all(mesh.areas > 0)
    # Every edge is bevelled by a prism of half a cell of 1 / 64; 1 % for the crossings
    # that are kept off the ends.
    full = 2 * (a * b + b * c + c * a)
    assert mesh.volume == pytest.approx(a * b * c, abs=2.02 * (a + b + c) / 64**2)
    # The area loses 2 - √2 cells a unit of edge, and less than 3 cells² at a corner.
    off = 4.04 * (a + b + c) * (2 - 2**0.5) / 64 + 8 * 3 / 64**2
    assert mesh.area == pytest.approx(full, abs=off)


def test_normals_point_where_the_distance_grows():
    mesh = extract(sphere(0.5), 64)
    middle = mesh.vertices[mesh.faces].mean(axis=1)

    outward = middle / np.linalg.norm(middle, axis=1, keepdims=True)

    assert np.einsum("fk,fk->f", mesh.face_normals, outward).min() > 0.9


@pytest.mark.parametrize("name", SOLIDS)
def test_the_surface_is_that_of_dense_marching_cubes(name):
    """Both put a vertex on each crossed edge: the same places, whatever the table."""
    distance = SOLIDS[name][0]
    axis = torch.linspace(-1, 1, 129)
    points = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    volume = distance(points.reshape(-1, 3)).reshape(129, 129, 129).numpy()

    dense = marching_cubes(volume, 0.0, spacing=(2 / 128,) * 3)[0] - 1
    mesh = extract(distance, 128)

    assert len(mesh.vertices) == pytest.approx(len(dense), abs=2)
    # skimage works in float32 and keeps crossings off ends, we by 1e-4 of a cell.
    assert cKDTree(dense).query(mesh.vertices)[0].max() < 2e-4 * 2 / 128
    assert cKDTree(mesh.vertices).query(dense)[0].max() < 2e-4 * 2 / 128


@pytest.mark.parametrize("seed", range(4))
def test_chance_numbers_give_a_closed_surface(seed):
    """All 256 cases stand beside each other, and no edge has one face or three."""
    mesh = extract(noise(32, seed), 32)

    assert len(mesh.faces) > 10_000
    assert mesh.is_watertight


@pytest.mark.parametrize("shift", [*itertools.product((-1e-3, 0.0, 1 / 8), repeat=2)])
def test_surfaces_that_run_along_the_faces_of_blocks_stay_whole(shift):
    """A block of 8 cells of 1 / 64 ends at multiples of 1 / 8."""
    mesh = extract(box((0.25, 0.125, 0.375), (*shift, 1e-4)), 128)

    assert mesh.is_watertight
    assert mesh.euler == 2


@pytest.mark.parametrize("thickness", [0.012, 0.03])
def test_a_plate_thinner_than_the_coarsest_cell_is_found(thickness):
    """The first lattice has cells of 1 / 32, and the plate lies across its middles."""
    mesh = extract(box((0.6, 0.5, thickness / 2), (0.0, 0.0, 0.011)), 512)

    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(1.2 * 1.0 * thickness, rel=5e-3)


def test_a_part_is_followed_beyond_the_cells_that_were_thought_near():
    """The field is far steeper than it is said to be: the bound finds a few places."""

    def saturated(x):
        return torch.tanh(50 * (x.norm(dim=1) - 0.5))

    mesh = extract(saturated, 256, steepest=1.0)

    assert mesh.is_watertight
    assert mesh.area == pytest.approx(math.pi, rel=1e-3)


@pytest.mark.parametrize("resolution", [64, 256])
def test_a_surface_that_leaves_the_ball_ends_at_it(resolution):
    """A plane at x = 0.3 leaves a disc of radius √(1 - 0.09)."""
    mesh = extract(lambda x: x[:, 0] - 0.3, resolution)
    away = np.linalg.norm(mesh.vertices, axis=1)

    assert not mesh.is_watertight
    assert mesh.euler == 1
    assert mesh.area == pytest.approx(math.pi * (1 - 0.09), rel=8 / resolution**1.5)
    assert away.max() <= 1 + 1e-3  # chords of a cell: h² / 8


def test_a_capped_surface_is_closed_by_the_ball():
    """The part of the ball left of x = 0.3: π (1 + a)² (2 - a) / 3 of a = 0.3."""
    mesh = extract(lambda x: x[:, 0] - 0.3, 128, cap=True)

    assert mesh.is_watertight
    assert mesh.euler == 2
    assert mesh.volume == pytest.approx(math.pi * 1.3**2 * 1.7 / 3, rel=1e-3)


def test_a_trained_field_is_asked_near_its_surface_only():
    field = Counted(PlainField(FieldShape(Grid(levels=4, finest=64))).distances)

    mesh = extract(field, 256)

    assert mesh.is_watertight
    assert field.count < 257**3 / 10


@pytest.mark.parametrize(
    ("distance", "sign"),
    [(sphere(-0.1), "positive"), (sphere(3.0), "negative")],
)
@pytest.mark.parametrize("cap", [True, False])
def test_a_field_of_one_sign_is_refused(distance, sign, cap):
    with pytest.raises(InputError, match=f"no zero set.* it is {sign} at all"):
        extract(distance, 64, cap=cap)


def test_a_field_that_is_zero_outside_of_the_ball_only_is_refused():
    with pytest.raises(InputError, match="no zero set"):
        extract(lambda x: x.abs().amax(dim=1) * 0 + x.norm(dim=1) - 1.05, 64)


def test_distances_must_be_finite():
    with pytest.raises(InputError, match=r"must be finite, got nan at \["):
        extract(lambda x: torch.where(x[:, 0] > 0.5, torch.nan, x[:, 1]), 64)


def test_distances_must_be_one_a_point():
    with pytest.raises(InputError, match="one number for each"):
        extract(lambda x: x, 64)


@pytest.mark.parametrize("resolution", [0, 100, 4096, 64.0, True])
def test_resolutions_are_multiples_of_32(resolution):
    with pytest.raises(InputError, match="multiple of 32 from 32 to 2048, got"):
        extract(sphere(0.5), resolution)


def test_steepness_is_at_least_that_of_a_distance():
    with pytest.raises(InputError, match="steepest must be at least 1"):
        extract(sphere(0.5), 64, steepest=0.5)
