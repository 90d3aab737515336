"""Lenses, against COLMAP's own formulas."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.colmap import LENSES, _lens
from clinometer.surface.scenes.colmap_files import COUNTS, Photographer
from clinometer.surface.scenes.lens import Lens, determinants, distort

SIZE = (640, 480)


def directions():
    """(50, 2) tangents up to 0.6, the optical axis among them."""
    rng = np.random.default_rng(5)
    return np.vstack([[0.0, 0.0], rng.uniform(-0.6, 0.6, (49, 2))])


@pytest.mark.parametrize("model", sorted(LENSES))
def test_a_lens_shows_directions_where_colmap_does(model):
    import pycolmap

    count = LENSES[model][0]
    bend = [0.03, -0.02, 0.004, -0.003, 0.02, 0.01, -0.02, 0.005]
    focal = [500.0, 510.0][:count]
    given = [*focal, 320.5, 239.0, *bend][: COUNTS[model]]
    theirs = pycolmap.Camera(model=model, width=640, height=480, params=given)
    ours = _lens(Photographer(model, SIZE, tuple(given)))
    at = directions()

    columns, rows = distort(ours, at[:, 0], at[:, 1])

    wanted = theirs.img_from_cam(np.column_stack([at, np.ones(len(at))]))
    # both in float64: rounding of numbers near 1000
    assert np.allclose(np.column_stack([columns, rows]), wanted, rtol=0, atol=1e-10)


def test_determinants_are_those_of_a_plain_lens_where_there_is_no_bend():
    at = directions()
    plain = Lens((500.0, 510.0), (320.0, 240.0), SIZE, skew=3.0)

    # differences of numbers near 1000 with a step of 1e-5, over focal lengths of 500
    assert np.allclose(determinants(plain, at[:, 0], at[:, 1]), 1, rtol=0, atol=1e-7)


def test_the_determinant_turns_where_the_formula_folds():
    """r (1 + k r²) turns at r² = -1 / (3 k), which is 0.5² for k = -4/3."""
    lens = Lens((500.0, 500.0), (320.0, 240.0), SIZE, radial=(-4 / 3,))

    found = determinants(lens, np.array([0.49, 0.51]), np.zeros(2))

    assert found[0] > 0 > found[1]


def test_a_scaled_lens_shows_everything_at_the_scaled_place():
    lens = Lens((500.0, 510.0), (320.0, 240.0), SIZE, (0.1, -0.02), (1e-3, 2e-3), 2.0)
    at = directions()

    whole = distort(lens, at[:, 0], at[:, 1])
    half = distort(lens.scaled((320, 160)), at[:, 0], at[:, 1])

    assert np.allclose(half[0], whole[0] / 2, rtol=1e-14)
    assert np.allclose(half[1], whole[1] / 3, rtol=1e-14)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"focal": (0.0, 1.0)}, "positive"),
        ({"focal": (np.nan, 1.0)}, "finite"),
        ({"radial": (np.inf,)}, "finite"),
        ({"centre": (700.0, 240.0)}, "principal point"),
        ({"centre": (320.0, -1.0)}, "principal point"),
        ({"size": (0, 480)}, "at least one pixel"),
    ],
)
def test_intrinsics_that_no_camera_has_are_refused(given, words):
    whole = {"focal": (500.0, 500.0), "centre": (320.0, 240.0), "size": SIZE}

    with pytest.raises(InputError, match=words):
        Lens(**{**whole, **given})
