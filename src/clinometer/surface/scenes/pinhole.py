"""Photographs through a bent lens, resampled as a pinhole camera would have taken them.

Every pixel of the new image asks the lens's own formula where it lies in the old one;
no lens is inverted. The new image keeps the focal lengths, so that scale is kept at the
principal point, and holds the largest rectangle that shows no place outside the old.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens, determinants, distort
from clinometer.surface.scenes.scene import Floats

__all__ = ["pinhole", "resampled"]

WIDEST = math.tan(math.radians(60))
"""Tangent beyond which a pinhole image spends pixels on nothing: at 60 degrees, one
takes a quarter of the angle, across and along, that it takes in the middle."""

GENEROUS = 2.0
"""How much more than the old image the first rectangle holds, in each direction."""

SHRINK = 0.005
"""By which a side moves in, of its distance, until it shows nothing outside."""

ALONG, OUTWARD = 65, 16
"""Places looked at on each side, and on the way to each from the middle."""


@lru_cache(maxsize=8)
def pinhole(lens: Lens) -> Lens:
    """The lens of the resampled image.

    Raises InputError where the formula of the lens folds so near the middle that less
    than a tenth of the old image's width or height is left.
    """
    if lens.is_pinhole:
        return Lens(lens.focal, lens.centre, lens.size)
    (fx, fy), (cx, cy), (width, height) = lens.focal, lens.centre, lens.size
    # left, top, right, bottom: distances from the optical axis at z = 1
    sides = np.array([cx / fx, cy / fy, (width - cx) / fx, (height - cy) / fy])
    sides = np.minimum(GENEROUS * sides, WIDEST)
    while np.any(outside := _outside(lens, sides)):
        sides = np.where(outside, sides * (1 - SHRINK), sides)
        across, down = (sides[0] + sides[2]) * fx, (sides[1] + sides[3]) * fy
        if across < width / 10 or down < height / 10:
            raise InputError(
                f"the distortion (radial {lens.radial}, tangential {lens.tangential}) "
                "folds the image over itself near its middle; calibrate again"
            )
    left, top, right, bottom = np.floor(sides * [fx, fy, fx, fy]).astype(int).tolist()
    return Lens((fx, fy), (float(left), float(top)), (left + right, top + bottom))


def resampled(image: Image.Image, lens: Lens) -> Image.Image:
    """What `pinhole(lens)` shows of an image (modes L, RGB, RGBA) behind lens.

    Between pixels colours are interpolated linearly; those of RGBA weigh as much as
    they cover.
    """
    if lens.is_pinhole:
        return image
    given = image.convert("RGBa") if image.mode == "RGBA" else image
    pixels = np.asarray(given)
    channels = pixels.reshape(*pixels.shape[:2], -1)
    places = _places(lens)
    moved = [
        cast("Any", ndimage).map_coordinates(
            channels[..., k], places, output=np.float32, order=1, mode="nearest"
        )
        for k in range(channels.shape[2])
    ]
    found = np.rint(np.stack(moved, axis=-1)).astype(np.uint8)
    if image.mode == "RGBA":
        height, width = found.shape[:2]
        data = np.ascontiguousarray(found).tobytes()
        return Image.frombytes("RGBa", (width, height), data).convert("RGBA")
    return Image.fromarray(found[..., 0] if image.mode == "L" else found)


@lru_cache(maxsize=2)
def _places(lens: Lens) -> NDArray[np.float32]:
    """(2, height, width) row and column in the old image of the new one's pixels, in
    units where whole numbers are the centres of pixels; float32 errs by 2e-4 pixel in
    an image of 4000.
    """
    new = pinhole(lens)
    (fx, fy), (cx, cy), (width, height) = new.focal, new.centre, new.size
    j, i = np.indices((height, width), dtype=np.float64)
    x: Floats = (i + 0.5 - cx) / fx
    y: Floats = (j + 0.5 - cy) / fy
    columns, rows = distort(lens, x, y)
    return np.stack([rows - 0.5, columns - 0.5]).astype(np.float32)


def _outside(lens: Lens, sides: Floats) -> NDArray[np.bool_]:
    """(4) whether left, top, right, bottom must move in: whether anything lies beyond
    that side of the old image, or the formula folds on the way to some place of it.
    """
    left, top, right, bottom = sides.tolist()
    share: Floats = np.linspace(0.0, 1.0, ALONG)
    across, down = (right + left) * share - left, (bottom + top) * share - top
    ones = np.ones(ALONG)
    x = np.stack([-left * ones, across, right * ones, across])
    y = np.stack([down, -top * ones, down, bottom * ones])
    way: Floats = np.linspace(0.0, 1.0, OUTWARD)[:, None, None]
    folded = np.any(determinants(lens, way * x, way * y) <= 0, axis=0)
    columns, rows = distort(lens, x, y)
    width, height = lens.size
    beyond = np.stack([columns < 0, rows < 0, columns > width, rows > height])
    return np.any(beyond & ~folded, axis=(1, 2)) | np.any(folded, axis=1)
