"""From photographs in files to views."""

import numpy as np
import pytest
from PIL import Image

from clinometer.errors import InputError
from clinometer.surface.scenes.develop import develop, mask_files
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.shots import Shot
from tests.surface.scenes import folders

POSE = np.eye(4)[:3]
LENS = Lens((90.0, 88.0), (30.5, 25.25), folders.SIZE)


def shot(path, *, lens=LENS, name="images/a.png", mask=None):
    return Shot(name, path, lens, POSE, mask)


def made(given, mask=None, **options):
    rest = {"alpha": True, "background": None, "max_size": None}
    return develop(given, mask, **{**rest, **options})


def test_a_smaller_image_holds_means_and_its_camera_sees_the_same(tmp_path):
    """Blocks of 2 x 2 pixels, whose means are known; places are halved."""
    rng = np.random.default_rng(6)
    pixels = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")

    view = made(shot(tmp_path / "a.png"), max_size=32)

    means = pixels.reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    # Pillow rounds twice, along rows and along columns
    assert np.abs(view.image - means).max() <= 1.0
    assert view.camera.focal == (45.0, 44.0)
    assert view.camera.centre == (15.25, 12.625)
    assert (view.camera.width, view.camera.height) == (32, 24)


def test_an_image_that_is_small_enough_stays(tmp_path):
    folders.picture(tmp_path / "a.png")

    view = made(shot(tmp_path / "a.png"), max_size=64)

    wanted = np.asarray(Image.open(tmp_path / "a.png"))
    assert np.array_equal(view.image, wanted)
    assert view.mask is None


def half(path):
    """Left half opaque red, right half transparent green."""
    pixels = np.zeros((48, 64, 4), dtype=np.uint8)
    pixels[:, :32], pixels[:, 32:] = [200, 0, 0, 255], [0, 200, 0, 0]
    Image.fromarray(pixels).save(path)
    return np.where(np.arange(64) < 32, 255, 0).astype(np.uint8)


def test_transparency_is_a_mask(tmp_path):
    wanted = half(tmp_path / "a.png")

    view = made(shot(tmp_path / "a.png"))

    assert np.array_equal(view.mask, np.broadcast_to(wanted, (48, 64)))
    assert np.array_equal(view.image[0, 0], [200, 0, 0])


@pytest.mark.parametrize(
    ("options", "colour"),
    [
        ({"background": "white"}, 255),
        ({"background": "black"}, 0),
        ({"alpha": False}, 255),
        ({"alpha": False, "background": "black"}, 0),
    ],
)
def test_colours_are_laid_behind_what_is_transparent(tmp_path, options, colour):
    half(tmp_path / "a.png")

    view = made(shot(tmp_path / "a.png"), **options)

    assert np.all(view.image[:, 32:] == colour)
    assert (view.mask is None) == (options.get("alpha") is False)


def test_a_mask_and_transparency_must_both_allow_a_pixel(tmp_path):
    half(tmp_path / "a.png")
    mask = np.zeros((48, 64), dtype=np.uint8)
    mask[:10] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")

    view = made(shot(tmp_path / "a.png"), tmp_path / "m.png")

    assert np.count_nonzero(view.mask) == 10 * 32


def test_a_bent_photograph_and_its_mask_are_made_pinhole_and_small(tmp_path):
    lens = Lens((250.0, 250.0), (160.0, 120.0), (320, 240), radial=(-0.2,))
    folders.picture(tmp_path / "a.png", size=(320, 240))
    folders.picture(tmp_path / "m.png", size=(320, 240), mode="L", colour=255)

    view = made(shot(tmp_path / "a.png", lens=lens), tmp_path / "m.png", max_size=80)

    assert max(view.camera.width, view.camera.height) == 80
    assert view.mask is not None
    assert view.mask.min() == 255


@pytest.mark.parametrize("name", ["a.png", "a.png.png", "images/a.png", "a.jpg"])
def test_masks_are_found_by_the_name_of_the_image(tmp_path, name):
    mask = tmp_path / "masks" / name
    folders.picture(mask, mode="L", colour=255)

    assert mask_files((shot(tmp_path / "images" / "a.png"),), tmp_path, "auto") == [
        mask
    ]
    assert mask_files((shot(tmp_path / "a.png"),), tmp_path, "none") == [None]


def test_a_mask_that_the_files_name_comes_first(tmp_path):
    folders.picture(tmp_path / "masks" / "a.png", mode="L", colour=255)
    named = tmp_path / "other.png"

    found = mask_files((shot(tmp_path / "a.png", mask=named),), tmp_path, "auto")

    assert found == [named]


def test_a_folder_of_masks_must_have_one_for_every_image(tmp_path):
    shots = (shot(tmp_path / "a.png"), shot(tmp_path / "b.png", name="b.png"))
    folders.picture(tmp_path / "mine" / "a.png", mode="L", colour=255)

    with pytest.raises(InputError, match=r"has none for b\.png"):
        mask_files(shots, tmp_path, tmp_path / "mine")
