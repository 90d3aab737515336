"""What stands behind the box."""

import numpy as np
import pytest

from clinometer.errors import InputError
from clinometer.surface.scenes.backdrop import backdrop, silhouette
from clinometer.surface.scenes.scene import Camera, View

POSE = np.eye(4)[:3]


def view(image, mask=None):
    height, width = image.shape[:2]
    camera = Camera((50.0, 50.0), (width / 2, height / 2), POSE, width, height)
    return View("a", camera, image.astype(np.uint8), mask)


def disc(colour, *, noise=0, seed=2):
    """A grey disc of radius 12 on a colour, with noise up to some steps of 255."""
    rng = np.random.default_rng(seed)
    j, i = np.indices((48, 64))
    inside = (i - 30) ** 2 + (j - 22) ** 2 <= 144
    image = np.full((48, 64, 3), colour) + rng.integers(-noise, noise + 1, (48, 64, 3))
    image[inside] = 130
    return np.clip(image, 0, 255), inside


@pytest.mark.parametrize(
    ("colour", "wanted"), [(255, "white"), (0, "black"), (90, "learned")]
)
def test_the_colour_of_the_borders_is_the_background(colour, wanted):
    image, _ = disc(colour, noise=15)

    assert backdrop([view(image)] * 3, None) == wanted


def test_an_object_that_runs_out_of_some_images_changes_nothing():
    """Of 4 borders of 220 pixels, 64 show the object: 7 per cent."""
    image, _ = disc(0)
    cut = image.copy()
    cut[-1] = 130

    assert backdrop([view(image)] * 3 + [view(cut)], None) == "black"


def test_masks_for_all_images_make_it_random():
    image, inside = disc(0)
    mask = np.where(inside, 255, 0).astype(np.uint8)

    assert backdrop([view(image, mask)] * 2, None) == "random"
    assert backdrop([view(image, mask), view(image)], None) == "black"


def test_what_was_asked_for_stands():
    image, _ = disc(0)

    assert backdrop([view(image)] * 2, "learned") == "learned"


def test_what_cannot_be_is_refused():
    image, _ = disc(0)

    with pytest.raises(InputError, match="a mask for every image, and 2 have none"):
        backdrop([view(image)] * 2, "random")
    with pytest.raises(InputError, match="background must be one of"):
        backdrop([view(image)] * 2, "green")


@pytest.mark.parametrize(("colour", "name"), [(255, "white"), (0, "black")])
def test_a_silhouette_is_what_differs_without_specks_and_gaps(colour, name):
    """One pixel of dust and one dark line across the object; the rim, where opening and
    closing round it, may differ.
    """
    image, inside = disc(colour, noise=15)
    image[3, 5] = 130
    image[22, 22:38] = colour

    found = silhouette(view(image), name)

    assert not found[3, 5]
    assert found[22, 22:38].all()
    assert np.count_nonzero(found != inside) < 0.05 * np.count_nonzero(inside)
