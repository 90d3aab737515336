"""What stands behind the box: asked for, or found in the photographs."""

from __future__ import annotations

from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Background, View
from clinometer.surface.scenes.shots import few

__all__ = ["backdrop", "silhouette"]

NEAR = 24
"""Steps of 255 within which a pixel is white or black; noise and compression of a
studio's black stay below."""

MOST = 0.9
"""Share of the pixels at images' borders that must be so: objects may run out of some
images."""


def backdrop(views: list[View], asked: Background | None) -> Background:
    """What was asked for; else "random" where every view has a mask, "white" or "black"
    where the borders of the images are, "learned" otherwise.

    Raises InputError where it is none of these, or "random" without a mask for all.
    """
    known = get_args(Background)
    if asked is not None and asked not in known:
        raise InputError(f"background must be one of {known} or None, got {asked!r}")
    bare = [view.name for view in views if view.mask is None]
    if asked == "random" and bare:
        raise InputError(
            f"background 'random' needs a mask for every image, and {len(bare)} have "
            f"none: {few(bare)}"
        )
    if asked is not None:
        return asked
    if not bare:
        return "random"
    border = np.concatenate([_border(view) for view in views])
    if np.mean(np.all(border >= 255 - NEAR, axis=1)) >= MOST:
        return "white"
    if np.mean(np.all(border <= NEAR, axis=1)) >= MOST:
        return "black"
    return "learned"


def silhouette(view: View, background: Background) -> NDArray[np.bool_]:
    """(height, width) where an image before white or black shows something else, made
    whole: specks are gone, gaps as wide as a thirtieth of the image are closed.
    """
    image = view.image
    far = image < 255 - NEAR if background == "white" else image > NEAR
    tool = cast("Any", ndimage)
    found = tool.binary_opening(np.any(far, axis=2), iterations=1)
    gap = max(1, max(image.shape[:2]) // 60)
    # padding, for what lies outside is neither background nor object
    wide = tool.binary_closing(np.pad(found, gap, mode="edge"), iterations=gap)
    return np.asarray(wide[gap:-gap, gap:-gap], dtype=bool)


def _border(view: View) -> NDArray[np.uint8]:
    """(N, 3) the outermost pixels."""
    image = view.image
    sides = (image[0], image[-1], image[1:-1, 0], image[1:-1, -1])
    return np.concatenate(sides)
