"""Images and masks from files, each as stored, or refused.

Pixels stand as they lie in the file, for that is what programs that find cameras see. A
tag that asks for a turned image (EXIF orientation) is followed only if that is what
gives the size the camera says.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from clinometer.errors import InputError

__all__ = ["read_mask", "read_photograph", "size_of", "upright"]

LOG = logging.getLogger("clinometer")

ORIENTATION = 0x0112
"""The EXIF tag that says how to turn an image; 1 is not at all."""

DEEP = 257
"""65535 / 255: from 16 bits to 8."""

READ = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "I;16", "I;16B", "I;16L"}
"""Pillow's modes that have one meaning in sRGB."""


def size_of(path: Path) -> tuple[int, int]:
    """(width, height) of an image as stored; only its head is read."""
    with _opened(path) as image:
        return image.size


def read_photograph(path: Path, size: tuple[int, int]) -> Image.Image:
    """An image in mode RGB, or RGBA where some pixel is not opaque.

    size : (width, height) that its camera says.
    Grey is repeated in three channels, 16 bits are rounded to 8.
    Raises InputError where the file cannot be read, its colours have no meaning in
    sRGB, or its size is another.
    """
    image = _fitting(_loaded(path), path, size)
    if image.mode not in READ:
        raise InputError(
            f"{path}: images must be grey, RGB or RGBA of 8 or 16 bits, got Pillow's "
            f"mode {image.mode!r}; convert it"
        )
    clear = "transparency" in image.info or image.mode in {"LA", "PA", "RGBA"}
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if not clear:
        return image.convert("RGB")
    image = image.convert("RGBA")
    opaque = image.getchannel("A").getextrema() == (255, 255)
    return image.convert("RGB") if opaque else image


def read_mask(path: Path, size: tuple[int, int]) -> Image.Image:
    """A mask in mode L, 255 where it is brightest.

    size : (width, height) that it must have. Masks whose largest number is 1 are taken
    for 0 and 1. Raises InputError where the file cannot be read, its size is another,
    or it is zero everywhere.
    """
    image = _fitting(_loaded(path), path, size)
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA"}:
        alpha = image.convert("RGBA").getchannel("A")
        image = image.convert("L") if alpha.getextrema() == (255, 255) else alpha
    mask = image.convert("L")
    top = int(np.asarray(mask).max())
    if top == 0:
        raise InputError(
            f"{path}: a mask must show something of what is to be reconstructed, and "
            "this one is zero everywhere; leave out its view, or all masks "
            "(mask='none')"
        )
    return mask.point(lambda value: 255 * value) if top == 1 else mask


def upright(path: Path) -> Image.Image:
    """An image turned as its EXIF orientation asks.

    Raises InputError where the file cannot be read.
    """
    return ImageOps.exif_transpose(_loaded(path))


def _opened(path: Path) -> Image.Image:
    if not path.is_file():
        raise InputError(f"there is no image {path}; the files of the scene name it")
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as an image ({error}); is it whole?"
        ) from error


def _loaded(path: Path) -> Image.Image:
    try:
        with _opened(path) as image:
            image.load()
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: the image breaks off or is damaged ({error}); write it again, or "
            "leave it out of the scene"
        ) from error
    return image


def _fitting(image: Image.Image, path: Path, size: tuple[int, int]) -> Image.Image:
    asked = int(image.getexif().get(ORIENTATION, 1))
    if image.size == size:
        if asked != 1:
            LOG.info(
                "%s asks to be turned (EXIF orientation %d); its camera has the size "
                "of the stored pixels, which stay as they are",
                *(path.name, asked),
            )
        return image
    turned = ImageOps.exif_transpose(image)
    if asked != 1 and turned.size == size:
        LOG.warning(
            "%s is turned as its EXIF orientation %d asks: only so it has the size "
            "of its camera, %d x %d",
            *(path.name, asked, *size),
        )
        return turned
    raise InputError(
        f"{path}: the image is {image.size[0]} x {image.size[1]} pixels, its camera "
        f"{size[0]} x {size[1]}; give the images that the cameras were found for, or "
        "intrinsics for this size"
    )


def _eight_bits(image: Image.Image) -> Image.Image:
    deep: NDArray[np.uint16] = np.asarray(image).astype(np.uint16)
    return Image.fromarray(np.rint(deep / DEEP).astype(np.uint8))
