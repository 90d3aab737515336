"""Light never exceeds what a picture can hold, and falls as the formulas say."""

import numpy as np
import pytest

from clinometer.surface.synth.light import AMBIENT, LIGHTS, shade, sky

N = np.random.default_rng(0).normal(size=(100_000, 3))
N /= np.linalg.norm(N, axis=1, keepdims=True)
WHITE = np.ones_like(N)


def test_no_normal_of_a_white_surface_is_brighter_than_white_or_quite_dark():
    found = shade(WHITE, N, -N)

    assert found.max() <= 1.0
    assert found.min() >= AMBIENT


def test_the_sky_lies_between_black_and_white():
    assert np.all((sky(N) > 0) & (sky(N) < 1))


def test_the_highlight_is_brightest_where_the_light_is_mirrored_to_the_camera():
    """A normal half-way between light and camera. The other lights add 0.3 at most, and
    there nothing: their own highlights lie elsewhere.
    """
    towards, intensity = LIGHTS[0]
    light = np.asarray(towards) / np.linalg.norm(towards)
    camera = np.array([0.0, 1.0, 0.0])
    half = (light + camera) / np.linalg.norm(light + camera)
    dull = shade(np.zeros((1, 3)), half[None], -camera[None])
    bright = shade(np.zeros((1, 3)), half[None], -camera[None], highlight=0.2)

    np.testing.assert_array_equal(dull, 0.0)
    np.testing.assert_allclose(bright, 0.2 * intensity, atol=1e-3)


@pytest.mark.parametrize("albedo", [0.2, 0.7])
def test_what_is_reflected_is_in_proportion_to_the_albedo(albedo):
    np.testing.assert_allclose(
        shade(albedo * WHITE, N, -N), albedo * shade(WHITE, N, -N), rtol=1e-14
    )
