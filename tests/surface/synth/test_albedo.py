"""Colours of a surface: within range, exact where a formula is known."""

import numpy as np
import pytest

from clinometer.surface.synth.albedo import CornerColours, Pattern, Plain, Texture
from clinometer.surface.synth.casting import Hits

RNG = np.random.default_rng(0)
COUNT = 50_000


def hits(weights, places=None):
    """On the only face."""
    n = len(weights)
    return Hits(
        rays=np.arange(n),
        faces=np.zeros(n, dtype=np.int64),
        weights=weights,
        depths=np.ones(n),
        places=np.zeros((n, 3)) if places is None else places,
    )


def test_the_pattern_stays_between_black_and_white_and_uses_most_of_it():
    places = RNG.uniform(-1, 1, (COUNT, 3))
    found = Pattern().colours(hits(np.ones((COUNT, 3)) / 3, places))

    assert found.min() > 0
    assert found.max() < 1
    assert np.all(np.ptp(found, axis=0) > 0.4)


def test_plain_is_one_colour():
    found = Plain((0.1, 0.2, 0.3)).colours(hits(np.ones((7, 3)) / 3))

    assert np.array_equal(found, np.tile([0.1, 0.2, 0.3], (7, 1)))


def test_colours_of_corners_are_linear_in_between():
    corners = np.eye(3)[None]
    weights = RNG.dirichlet([1, 1, 1], 20)

    np.testing.assert_allclose(CornerColours(corners).colours(hits(weights)), weights)


IMAGE = RNG.uniform(size=(4, 5, 3)).astype(np.float32)
SQUARE = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])


def at(u, v):
    """Weights on the face that lead to texture coordinates u, v."""
    u, v = np.broadcast_arrays(np.asarray(u, float), np.asarray(v, float))
    return hits(np.stack([1 - u - v, u, v], axis=-1).reshape(-1, 3))


def test_a_texture_at_the_middle_of_a_texel_is_that_texel_with_v_up():
    u, v = (np.arange(5) + 0.5) / 5, 1 - (np.arange(4)[:, None] + 0.5) / 4
    found = Texture(IMAGE, SQUARE).colours(at(u, v)).reshape(4, 5, 3)

    np.testing.assert_allclose(found, IMAGE, atol=1e-6)


def test_a_texture_between_four_texels_is_their_mean():
    found = Texture(IMAGE, SQUARE).colours(at(2 / 5, 1 - 3 / 4))

    np.testing.assert_allclose(found[0], IMAGE[2:4, 1:3].mean(axis=(0, 1)), atol=1e-6)


@pytest.mark.parametrize("turn", [-3.0, 1.0, 2.0])
def test_a_texture_repeats_beyond_its_square(turn):
    u, v = RNG.uniform(0, 1, (2, 30))
    texture = Texture(IMAGE, SQUARE)

    np.testing.assert_allclose(
        texture.colours(at(u + turn, v - turn)), texture.colours(at(u, v)), atol=1e-5
    )
