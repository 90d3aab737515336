"""Images and masks from files."""

import logging

import numpy as np
import pytest
from PIL import Image

from clinometer.errors import InputError
from clinometer.surface.scenes.photographs import read_mask, read_photograph, size_of
from tests.surface.scenes import folders

ORIENTATION = 0x0112


def turned(path, size, orientation):
    """A JPEG that asks to be turned."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.new("RGB", size, (10, 200, 30)).save(path, exif=exif)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_grey_and_palettes_become_rgb(tmp_path, mode):
    path = tmp_path / "a.png"
    folders.picture(path, mode=mode)
    wanted = np.asarray(Image.open(path).convert("RGB"))

    image = read_photograph(path, folders.SIZE)

    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image), wanted)


def test_sixteen_bits_of_grey_are_rounded_to_eight(tmp_path):
    """257 k is k in 8 bits exactly, and 128 more is not yet k + 1."""
    steps = np.arange(0, 255, dtype=np.uint16)
    deep = np.stack([257 * steps, 257 * steps + 128])
    Image.fromarray(deep).save(tmp_path / "a.png")

    found = np.asarray(read_photograph(tmp_path / "a.png", (255, 2)))

    assert np.array_equal(found[..., 0], np.stack([steps, steps]))


def test_opaque_images_lose_their_alpha_and_others_keep_it(tmp_path):
    folders.picture(tmp_path / "a.png", mode="RGBA", colour=(9, 9, 9, 255))
    folders.picture(tmp_path / "b.png", mode="RGBA", colour=(9, 9, 9, 254))

    assert read_photograph(tmp_path / "a.png", folders.SIZE).mode == "RGB"
    assert read_photograph(tmp_path / "b.png", folders.SIZE).mode == "RGBA"


def test_colours_without_a_meaning_are_refused(tmp_path):
    folders.picture(tmp_path / "a.tif", mode="F")

    with pytest.raises(InputError, match="mode 'F'; convert it"):
        read_photograph(tmp_path / "a.tif", folders.SIZE)


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_an_image_that_breaks_off_is_refused_by_name(tmp_path, ending, share):
    path = tmp_path / f"a.{ending}"
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(InputError, match=rf"a\.{ending}"):
        read_photograph(path, folders.SIZE)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("not an image")

    with pytest.raises(InputError, match="cannot be read as an image"):
        size_of(tmp_path / "a.png")
    with pytest.raises(InputError, match="there is no image"):
        size_of(tmp_path / "b.png")


def test_another_size_is_refused_with_both(tmp_path):
    folders.picture(tmp_path / "a.png", size=(32, 24))

    with pytest.raises(InputError, match="is 32 x 24 pixels, its camera 64 x 48"):
        read_photograph(tmp_path / "a.png", (64, 48))


def test_an_orientation_is_not_followed_if_the_stored_size_is_the_cameras(
    tmp_path, caplog
):
    turned(tmp_path / "a.jpg", (64, 48), 6)

    with caplog.at_level(logging.INFO, "clinometer"):
        image = read_photograph(tmp_path / "a.jpg", (64, 48))

    assert image.size == (64, 48)
    assert "stay as they are" in caplog.text


def test_an_orientation_is_followed_aloud_if_only_so_the_size_fits(tmp_path, caplog):
    turned(tmp_path / "a.jpg", (64, 48), 6)

    with caplog.at_level(logging.WARNING, "clinometer"):
        image = read_photograph(tmp_path / "a.jpg", (48, 64))

    assert image.size == (48, 64)
    assert "is turned as its EXIF orientation 6 asks" in caplog.text


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "LA", "I;16"])
def test_masks_of_any_mode_are_the_same(tmp_path, mode):
    wanted = np.zeros((48, 64), dtype=np.uint8)
    wanted[10:30, 20:40] = 255
    image = Image.fromarray(wanted)
    if mode == "I;16":
        image = Image.fromarray(wanted.astype(np.uint16) * 257)
    elif mode in {"RGBA", "LA"}:  # cut out by transparency
        image = Image.new(mode, (64, 48), 255)
        image.putalpha(Image.fromarray(wanted))
    else:
        image = image.convert(mode)
    image.save(tmp_path / "m.png")

    found = np.asarray(read_mask(tmp_path / "m.png", (64, 48)))

    assert np.array_equal(found, wanted)


def test_masks_of_zeros_and_ones_are_read(tmp_path):
    ones = np.eye(48, dtype=np.uint8)
    Image.fromarray(ones).save(tmp_path / "m.png")

    assert np.array_equal(
        np.asarray(read_mask(tmp_path / "m.png", (48, 48))), 255 * ones
    )


def test_an_empty_mask_is_refused(tmp_path):
    folders.picture(tmp_path / "m.png", mode="L", colour=0)

    with pytest.raises(InputError, match="zero everywhere"):
        read_mask(tmp_path / "m.png", folders.SIZE)


def test_a_mask_of_another_size_is_refused_with_both(tmp_path):
    folders.picture(tmp_path / "m.png", mode="L", size=(32, 24), colour=255)

    with pytest.raises(InputError, match="32 x 24 pixels, its camera 64 x 48"):
        read_mask(tmp_path / "m.png", folders.SIZE)
