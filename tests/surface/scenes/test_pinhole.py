"""Photographs through bent lenses, resampled."""

import numpy as np
import pytest
from PIL import Image

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens, distort
from clinometer.surface.scenes.pinhole import WIDEST, pinhole, resampled

SIZE = (320, 240)
PLAIN = Lens((250.0, 240.0), (165.0, 117.5), SIZE)
LENSES = {
    "barrel": {"radial": (-0.25, 0.05)},
    "pincushion": {"radial": (0.15,), "tangential": (2e-3, -1e-3)},
    "rational": {"radial": (0.1, 0.02, 0.0, 0.2, -0.01, 0.0)},
    "fisheye": {"radial": (0.02, -0.01), "fisheye": True},
    "skewed": {"skew": 6.0},
}


def bent(name):
    return Lens(PLAIN.focal, PLAIN.centre, SIZE, **LENSES[name])


def spots(lens, at):
    """A photograph of white spots in the directions `at`, on black.

    A spot is a Gaussian of 2 pixels; its middle is known to a hundredth of a pixel.
    """
    columns, rows = distort(lens, at[:, 0], at[:, 1])
    j, i = np.indices((lens.size[1], lens.size[0])) + 0.5
    light = sum(
        np.exp(-((i - x) ** 2 + (j - y) ** 2) / 8)
        for x, y in zip(columns, rows, strict=True)
    )
    return Image.fromarray(np.rint(250 * np.minimum(light, 1)).astype(np.uint8))


def middle_of_spot(image, near):
    """(2) centroid of what is within 7 pixels of a place."""
    pixels = np.asarray(image, dtype=float)
    j, i = np.indices(pixels.shape) + 0.5
    weight = pixels * ((i - near[0]) ** 2 + (j - near[1]) ** 2 < 49)
    return np.array([(i * weight).sum(), (j * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("name", LENSES)
def test_spots_move_to_where_a_pinhole_camera_sees_them(name):
    """To a tenth of a pixel: a spot is stretched by the lens, which moves its centroid
    by its size (2 pixels) squared times the curvature of the map, and cut at 7 pixels.
    """
    lens = bent(name)
    at = np.array([[0.0, 0.0], [0.3, 0.2], [-0.35, 0.15], [0.2, -0.3], [-0.3, -0.25]])

    image = resampled(spots(lens, at).convert("L"), lens)

    new = pinhole(lens)
    for direction in at:
        wanted = direction * new.focal + new.centre
        assert np.allclose(middle_of_spot(image, wanted), wanted, rtol=0, atol=0.1)


@pytest.mark.parametrize("name", LENSES)
def test_no_pixel_shows_a_place_outside_of_the_photograph(name):
    """A white photograph stays white, and places asked for lie in it."""
    lens = bent(name)
    new = pinhole(lens)
    j, i = np.indices((new.size[1], new.size[0]))
    x = (i + 0.5 - new.centre[0]) / new.focal[0]
    y = (j + 0.5 - new.centre[1]) / new.focal[1]

    columns, rows = distort(lens, x, y)

    assert 0 <= columns.min() < columns.max() <= SIZE[0]
    assert 0 <= rows.min() < rows.max() <= SIZE[1]


@pytest.mark.parametrize("name", LENSES)
def test_little_of_the_photograph_is_lost(name):
    """Each side is within two pixels of touching the old border, or at 60 degrees."""
    lens = bent(name)
    new = pinhole(lens)
    (fx, fy), (cx, cy), (width, height) = new.focal, new.centre, new.size
    x, y = (
        np.linspace(-cx, width - cx, 200) / fx,
        np.linspace(-cy, height - cy, 200) / fy,
    )
    left = distort(lens, np.full(200, x[0]), y)[0].min()
    right = SIZE[0] - distort(lens, np.full(200, x[-1]), y)[0].max()
    top = distort(lens, x, np.full(200, y[0]))[1].min()
    bottom = SIZE[1] - distort(lens, x, np.full(200, y[-1]))[1].max()

    assert max(left, right, top, bottom) < 2


def test_a_wide_fisheye_is_cut_at_sixty_degrees():
    """Equidistant over 180 degrees: the radius in the image is f times the angle."""
    lens = Lens((100.0, 100.0), (157.0, 157.0), (314, 314), fisheye=True)

    new = pinhole(lens)

    assert new.centre[0] / 100 <= WIDEST
    # the image's border lies at 90 degrees, so the side in the middle is not limited by
    # it, and a corner lies at 67.8 degrees: all is cut at 60
    assert new.size[0] == pytest.approx(2 * 100 * WIDEST, abs=2)


def test_a_plain_lens_leaves_its_image_alone():
    image = spots(PLAIN, np.zeros((1, 2)))

    assert resampled(image, PLAIN) is image
    assert pinhole(PLAIN) == PLAIN


def test_transparent_colours_do_not_bleed_into_others():
    """Left half red, right half transparent green: nothing opaque turns green."""
    pixels = np.zeros((240, 320, 4), dtype=np.uint8)
    pixels[:, :160] = [200, 0, 0, 255]
    pixels[:, 160:] = [0, 200, 0, 0]

    found = np.asarray(resampled(Image.fromarray(pixels), bent("barrel")))

    shown = found[found[..., 3] > 16]
    assert shown[:, 1].max() == 0
    assert np.abs(shown[:, 0].astype(int) - 200).max() <= 8  # 255 / 2 / 16, rounding


def test_a_lens_that_folds_near_its_middle_is_refused():
    """r (1 - 400 r²) turns at r = 0.03, a twentieth of what the image shows."""
    with pytest.raises(InputError, match="folds"):
        pinhole(Lens(PLAIN.focal, PLAIN.centre, SIZE, radial=(-400.0,)))


def test_a_lens_that_folds_in_its_corners_is_cut_before_them():
    """r (1 - r²) turns at r = 0.577, and its largest value is 0.385: no rectangle of
    the new image reaches further.
    """
    lens = Lens((250.0, 250.0), (160.0, 120.0), SIZE, radial=(-1.0,))

    new = pinhole(lens)

    corner = np.hypot(new.centre[0] / 250, new.centre[1] / 250)
    assert 0.5 < corner <= 0.577 + 1 / 250
