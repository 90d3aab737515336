"""Distances of solids are those to meshes made by others, to curves, and bounds."""

import igl
import numpy as np
import pytest
import trimesh

from clinometer import InputError
from clinometer.surface.synth.knot import Trefoil, _curve
from clinometer.surface.synth.named import SOLIDS
from clinometer.surface.synth.solids import (
    Capsule,
    Difference,
    Moved,
    RoundedBox,
    SmoothUnion,
    Sphere,
    Torus,
    Union,
    slopes,
)

X = np.random.default_rng(0).uniform(-1.0, 1.0, (4000, 3))
ROUNDING = 1e-12
"""Some tens of roundings of 1e-16 each, of lengths near 1, with room to spare."""

UPRIGHT = trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0])
SECTIONS = 256


def centred(mesh):
    return mesh.apply_translation(-mesh.bounds.mean(axis=0))


def to_mesh(mesh):
    """Signed distances of X to a mesh, exact for its triangles."""
    squares, _, _ = igl.point_mesh_squared_distance(X, mesh.vertices, mesh.faces)
    return np.sqrt(squares) * np.where(mesh.contains(X), -1, 1)


MADE = {
    "sphere": (
        Sphere(0.6),
        trimesh.creation.icosphere(subdivisions=6, radius=0.6),
    ),
    "torus": (
        Torus(0.5, 0.2),
        trimesh.creation.torus(
            0.5,
            0.2,
            major_sections=SECTIONS,
            minor_sections=SECTIONS,
            transform=UPRIGHT,
        ),
    ),
    "box": (
        RoundedBox((0.5, 0.3, 0.2)),
        trimesh.creation.box(extents=(1.0, 0.6, 0.4)),
    ),
    "capsule": (
        Capsule((0.0, 0.0, -0.3), (0.0, 0.0, 0.3), 0.25),
        centred(trimesh.creation.capsule(0.6, 0.25, count=[SECTIONS, SECTIONS])),
    ),
}

COMBINED = {
    "rounded box": RoundedBox((0.5, 0.3, 0.2), 0.1),
    "union": Union((Sphere(0.4), Torus(0.6, 0.1))),
    "smooth": SmoothUnion(
        (Sphere(0.4), Torus(0.6, 0.1), Sphere(0.2, (0.0, 0.4, 0))), 0.2
    ),
    "difference": Difference(Sphere(0.6), RoundedBox((0.3, 0.3, 0.9))),
    "moved": Moved(Torus(0.5, 0.2), (0.1, 0.2, 0.3), (1.0, 2.0, 0.5), 1.0),
    **{name: solid for name, (solid, _) in MADE.items()},
    **SOLIDS,
}


@pytest.mark.parametrize("name", MADE)
def test_distances_are_those_to_a_mesh_of_the_shape_made_by_another_library(name):
    """The meshes are inscribed: 256 facets round a radius of 0.7 cut 0.7 (π/256)²/2."""
    solid, mesh = MADE[name]
    away = to_mesh(mesh)
    sure = np.abs(away) > 1e-3  # nearer by, the mesh's inside is not the solid's

    np.testing.assert_allclose(solid.distance(X)[sure], away[sure], atol=1.1e-4)


def test_a_rounded_box_is_a_smaller_one_grown_by_the_rounding():
    """A box of triangles is exact."""
    core = trimesh.creation.box(extents=(0.8, 0.4, 0.2))
    rounded = RoundedBox((0.5, 0.3, 0.2), 0.1)

    np.testing.assert_allclose(rounded.distance(X), to_mesh(core) - 0.1, atol=1e-7)


def test_the_knots_distance_is_that_to_a_hundred_thousand_points_of_it():
    """They lie 0.22 · 5.84 · 2π / 1e5 = 8e-5 apart; the nearest is off by at most half
    of that, squared, over twice the distance, for which 0.01 is assumed.
    """
    curve = 0.22 * _curve(2 * np.pi * np.arange(100_000) / 100_000)[0]
    tree = trimesh.proximity.cKDTree(curve)
    near, _ = tree.query(X)
    far = near > 0.01

    found = Trefoil(0.22, 0.1).distance(X)

    np.testing.assert_allclose(found[far], near[far] - 0.1, atol=1e-7)


@pytest.mark.parametrize("name", COMBINED)
def test_no_distance_changes_by_more_than_the_way_gone(name):
    """On pairs of points near and far; this is what makes it a bound."""
    solid = COMBINED[name]
    step = np.random.default_rng(1).normal(size=X.shape)
    for length in (1e-3, 0.05, 0.5):
        other = X + length * step
        change = np.abs(solid.distance(other) - solid.distance(X))

        assert np.all(change <= np.linalg.norm(other - X, axis=1) + ROUNDING)


@pytest.mark.parametrize("name", [n for n, s in COMBINED.items() if s.exact])
def test_where_a_distance_is_exact_a_walk_of_its_length_ends_on_the_surface(name):
    """Against the slope; where two places of the surface are as near as each other, the
    slope's length is not 1, and nothing is claimed of the walk.
    """
    solid = COMBINED[name]
    distance, slope = solid.distance(X), slopes(solid, X)
    one = np.abs(np.linalg.norm(slope, axis=1) - 1) < 1e-7
    end = X[one] - distance[one, None] * slope[one]

    assert one.mean() > 0.95
    np.testing.assert_allclose(solid.distance(end), 0, atol=1e-7)


def test_a_union_holds_what_any_part_holds_and_a_difference_leaves_the_hole_out():
    a, b = Sphere(0.6), Torus(0.6, 0.2)
    in_a, in_b = a.distance(X) < 0, b.distance(X) < 0

    assert np.array_equal(Union((a, b)).distance(X) < 0, in_a | in_b)
    assert np.array_equal(Difference(a, b).distance(X) < 0, in_a & ~in_b)


def test_a_smooth_union_adds_at_most_a_quarter_of_its_width_and_nothing_far_off():
    a, b = Sphere(0.3), Sphere(0.3, (0.5, 0.0, 0.0))
    sharp, smooth = Union((a, b)).distance(X), SmoothUnion((a, b), 0.2).distance(X)
    apart = np.abs(a.distance(X) - b.distance(X)) >= 0.2

    assert np.array_equal(sharp[apart], smooth[apart])
    assert np.all((smooth <= sharp) & (smooth >= sharp - 0.05 - ROUNDING))
    middle = np.array([[0.25, 0.4, 0.0]])  # as far from both: the whole quarter
    np.testing.assert_allclose(
        SmoothUnion((a, b), 0.2).distance(middle), a.distance(middle) - 0.05
    )


def test_moving_turns_by_the_right_hand_and_then_shifts():
    """A quarter turn about z takes x to y."""
    rod = Capsule((0.0, 0.0, 0.0), (0.5, 0.0, 0.0), 0.1)
    moved = Moved(rod, (0.0, 0.0, 0.2), (0.0, 0.0, 2.0), np.pi / 2)
    there = Capsule((0.0, 0.0, 0.2), (0.0, 0.5, 0.2), 0.1)

    np.testing.assert_allclose(moved.distance(X), there.distance(X), atol=ROUNDING)
    np.testing.assert_allclose(moved.turn @ moved.turn.T, np.eye(3), atol=ROUNDING)
    assert moved.exact
    assert not Moved(Union((rod,))).exact


def test_slopes_of_a_sphere_point_away_from_its_centre():
    x = X[np.linalg.norm(X, axis=1) > 0.1]
    away = x / np.linalg.norm(x, axis=1, keepdims=True)

    np.testing.assert_allclose(slopes(Sphere(0.5), x), away, atol=1e-8)


def test_solids_are_values():
    assert Sphere(0.5) == Sphere(0.5)
    assert Union((Sphere(0.5), Torus(0.5, 0.1))) != Union((Sphere(0.5),))
    assert hash(SOLIDS["creature"]) is not None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Sphere(0.0), "radius must be positive"),
        (lambda: Sphere(np.nan), "radius must be positive"),
        (lambda: Sphere(1.0, (0.0, np.inf, 0.0)), "centre must be three finite"),
        (lambda: Torus(0.2, 0.3), "hole would be closed"),
        (lambda: RoundedBox((0.1, 0.2, 0.3), 0.15), "rounding between 0 and"),
        (lambda: RoundedBox((0.0, 0.2, 0.3)), "positive half lengths"),
        (lambda: Capsule((0, 0, 0), (0, 0, 0), 0.1), "ends must differ"),
        (lambda: Union(()), "at least one part"),
        (lambda: SmoothUnion((Sphere(1.0),), 0.0), "width must be positive"),
        (lambda: Moved(Sphere(1.0), axis=(0.0, 0.0, 0.0)), "an axis other than 0"),
        (lambda: Trefoil(0.2, 0.13), "beyond which it meets itself"),
    ],
)
def test_what_is_no_solid_is_refused(make, says):
    with pytest.raises(InputError, match=says):
        make()
