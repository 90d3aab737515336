"""Pictures of a sphere are what formulas say; outlines are those of the truth."""

import numpy as np
import pytest

from clinometer.surface.scenes.scene import Camera, Truth, rays
from clinometer.surface.synth.albedo import Plain
from clinometer.surface.synth.casting import Caster
from clinometer.surface.synth.light import shade, sky
from clinometer.surface.synth.model import Model
from clinometer.surface.synth.pictures import depths, photograph, seen
from clinometer.surface.synth.solids import Sphere
from clinometer.surface.synth.studio import Studio, camera_at
from clinometer.surface.synth.truth import mesh_of

RADIUS = 0.6
SAG = 3 / 8 * (2 / 192) ** 2 / RADIUS
"""How far inside the sphere a face lies at most: 7e-5 (`mesh_of`)."""

TRUTH = mesh_of(Sphere(RADIUS))
CASTER = Caster(TRUTH.vertices, TRUTH.faces)
NORMALS = (TRUTH.vertices / RADIUS)[TRUTH.faces]
MODEL = Model(TRUTH.vertices, TRUTH.faces, NORMALS, Plain())
CAMERA = camera_at(np.array([1.2, 1.6, -1.8]), size=64)
PLACE = CAMERA.place


def through_pixels():
    """Directions through the pixels' middles, and the depths of the sphere there."""
    columns, rows = np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5)
    _, d = rays(CAMERA, columns.ravel(), rows.ravel())
    ahead = -d @ PLACE
    square = ahead**2 - PLACE @ PLACE + RADIUS**2  # of half the chord
    half = np.sqrt(square, out=np.full(len(d), np.nan), where=square > 0)
    return d, ahead - half, half / RADIUS  # its share is the cosine to the normal


def test_depths_of_a_sphere_are_those_of_the_formula():
    """A face lies deeper by its sag over the cosine between ray and normal."""
    _, true, cosine = through_pixels()
    found = depths(CASTER, CAMERA).ravel()
    steep = cosine > 0.2

    assert np.array_equal(np.isfinite(found)[~(cosine < 0.2)], steep[~(cosine < 0.2)])
    np.testing.assert_allclose(found[steep], true[steep], atol=SAG / 0.2 + 1e-5)


@pytest.mark.parametrize("highlight", [0.0, 0.15])
def test_a_plain_spheres_shading_is_that_of_the_formula(highlight):
    """One ray a pixel. A byte rounds by half a step; the normal of a mesh is good to
    (2/192)² / 4 and moves the light by as much: nothing beside it.
    """
    studio = Studio(samples=1, highlight=highlight, background="black")
    view = photograph(MODEL, CASTER, CAMERA, studio=studio, name="one")
    d, true, cosine = through_pixels()
    on = cosine > 0.2
    normals = (PLACE + true[on, None] * d[on]) / RADIUS
    albedo = np.broadcast_to(Plain().colour, normals.shape)
    expected = shade(albedo, normals, d[on], highlight=highlight)

    image = view.image.reshape(-1, 3)
    np.testing.assert_allclose(image[on] / 255, expected, atol=0.75 / 255)
    assert np.all(image[np.isnan(true)] == 0)


def test_a_pixel_is_the_mean_of_its_samples():
    """The same picture in four times the pixels and with one ray each, averaged."""
    fine = Camera(
        (4 * CAMERA.focal[0], 4 * CAMERA.focal[1]), (128, 128), CAMERA.pose, 256, 256
    )
    coarse = photograph(MODEL, CASTER, CAMERA, studio=Studio(), name="coarse")
    single = photograph(MODEL, CASTER, fine, studio=Studio(samples=1), name="fine")
    mean = single.image.reshape(64, 4, 64, 4, 3).astype(float).mean(axis=(1, 3))
    cover = single.mask.reshape(64, 4, 64, 4).astype(float).mean(axis=(1, 3))

    np.testing.assert_allclose(coarse.image, mean, atol=1.0)  # two roundings of a half
    np.testing.assert_allclose(coarse.mask, cover, atol=0.5)


def test_a_mask_counts_the_rays_that_pass_the_sphere():
    """By the formula: |o × d| less than the radius. Faces lie inside by a sag at most,
    and a byte rounds by half a step.
    """
    view = photograph(MODEL, CASTER, CAMERA, studio=Studio(), name="one")
    middles = (np.arange(256) + 0.5) / 4
    columns, rows = np.meshgrid(middles, middles)
    origins, d = rays(CAMERA, columns.ravel(), rows.ravel())
    passes = np.linalg.norm(np.cross(origins, d), axis=1).reshape(64, 4, 64, 4)
    least = 255 * np.mean(passes < RADIUS - 2 * SAG, axis=(1, 3))
    most = 255 * np.mean(passes < RADIUS, axis=(1, 3))

    assert np.all(view.mask >= least - 0.5)
    assert np.all(view.mask <= most + 0.5)
    assert np.mean(least == most) > 0.98


def test_masks_cover_the_projected_truth_and_nothing_else():
    """Pixels in which no vertex falls have no mask but in the truth's inner part: every
    vertex falls into the mask, and the mask ends where the outermost ones do.
    """
    view = photograph(MODEL, CASTER, CAMERA, studio=Studio(), name="one")
    x, y, z = ((TRUTH.vertices - PLACE) @ CAMERA.pose[:, :3]).T
    column = CAMERA.focal[0] * x / z + CAMERA.centre[0]
    row = CAMERA.focal[1] * y / z + CAMERA.centre[1]
    rows, columns = np.nonzero(view.mask)
    i, j = np.floor(column).astype(int), np.floor(row).astype(int)
    grown = np.pad(view.mask, 1) > 0  # a sliver thinner than a sample has no mask
    near = np.any([grown[j + 1 + a, i + 1 + b] for a, b in SHIFTS], axis=0)

    assert np.all(near)
    for found, true in ((columns, column), (rows, row)):
        assert abs(found.min() - np.floor(true.min())) <= 1
        assert abs(found.max() - np.floor(true.max())) <= 1


SHIFTS = [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)]


@pytest.mark.parametrize(("background", "colour"), [("white", 255), ("black", 0)])
def test_backgrounds_are_as_asked(background, colour):
    studio = Studio(background=background)
    view = photograph(MODEL, CASTER, CAMERA, studio=studio, name="one")

    assert np.all(view.image[view.mask == 0] == colour)


def test_a_learned_background_depends_on_the_direction_alone():
    studio = Studio(background="learned", samples=1)
    view = photograph(MODEL, CASTER, CAMERA, studio=studio, name="one")
    d, _, _ = through_pixels()
    free = view.mask.ravel() == 0

    np.testing.assert_allclose(
        view.image.reshape(-1, 3)[free] / 255, sky(d[free]), atol=0.51 / 255
    )


def cosines(truth, place):
    """Between the middles of faces, seen from the origin, and a place."""
    middles = truth.vertices[truth.faces].mean(axis=1)
    return middles @ place / np.linalg.norm(middles, axis=1) / np.linalg.norm(place)


LEAN = 0.13
"""Sine of the angle by which slivers of marching cubes lean off the sphere, at most."""


def test_from_one_side_only_the_near_cap_of_a_sphere_is_seen():
    """It ends where the ray touches: at cosine r / D."""
    found = seen(CASTER, TRUTH, (CAMERA,))
    cosine = cosines(TRUTH, PLACE) - RADIUS / np.linalg.norm(PLACE)

    assert np.all(found[cosine > LEAN])
    assert not np.any(found[cosine < -LEAN])
    assert found.mean() == pytest.approx((1 - RADIUS / 2.7) / 2, abs=0.02)  # of a cap


def test_from_two_opposite_sides_all_is_seen_but_the_belt_between():
    found = seen(CASTER, TRUTH, (CAMERA, camera_at(-PLACE, size=64)))
    cosine = np.abs(cosines(TRUTH, PLACE)) - RADIUS / np.linalg.norm(PLACE)
    sure = np.abs(cosine) > LEAN

    assert np.array_equal(found[sure], cosine[sure] > 0)


def test_what_stands_behind_something_is_not_seen():
    """A small ball in the shadow of the large one."""
    small = mesh_of(Sphere(0.1), cells=64)
    behind = small.vertices - 0.8 * PLACE / np.linalg.norm(PLACE)
    both = Truth(
        np.concatenate([TRUTH.vertices, behind]),
        np.concatenate([TRUTH.faces, small.faces + len(TRUTH.vertices)]),
    )
    caster = Caster(both.vertices, both.faces)
    part = slice(len(TRUTH.faces), None)

    assert not np.any(seen(caster, both, (CAMERA,))[part])
    assert np.any(seen(caster, both, (camera_at(-PLACE, size=64),))[part])


def test_what_lies_outside_of_the_picture_is_not_seen():
    """A camera of ten times the focal length sees a tenth of the width."""
    narrow = Camera(
        (10 * CAMERA.focal[0], 10 * CAMERA.focal[1]), (32, 32), CAMERA.pose, 64, 64
    )
    found = seen(CASTER, TRUTH, (narrow,))
    middles = TRUTH.vertices[TRUTH.faces].mean(axis=1)
    x, y, z = ((middles - PLACE) @ CAMERA.pose[:, :3]).T
    inside = np.maximum(np.abs(x / z), np.abs(y / z)) <= 3.2 / CAMERA.focal[0]

    near = cosines(TRUTH, PLACE) > 0.5
    assert np.array_equal(found[near], inside[near])
    assert not np.any(found & ~inside)
