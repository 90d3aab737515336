"""A camera's lens as files describe it: from a direction to a place in the image.

Pixels are those of `scene`: the pixel in column i covers i ... i + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Floats

__all__ = ["Lens", "determinants", "distort"]

STRAIGHT = 0.05
"""Pixels that skew may move a place by and still be left out: a tenth of the error of
good calibrations, which is half a pixel."""

DIFFERENCE = 1e-5
"""Step of the differences that judge whether a lens folds: their error, 1e-10 of the
third derivative, is far below any determinant of a lens that does not."""


@final
@dataclass(frozen=True)
class Lens:
    """Intrinsics of a camera.

    focal : (fx, fy) in pixels, > 0. centre : (cx, cy), the principal point in pixels.
    size : (width, height) of its image in pixels.
    radial : k1, k2, k3 of the numerator, then k4, k5, k6 of the denominator; if
        fisheye, k1 ... k4 of the angle. Those left out are zero.
    tangential : p1, p2. skew : K[0, 1] in pixels.
    fisheye : whether the radius in the image follows the angle, not its tangent.
    Raises InputError where a number is not finite, a focal length is not positive, or
    the principal point lies outside the image.
    Source: OpenCV's manual, camera calibration, for the meaning of the coefficients.
    """

    focal: tuple[float, float]
    centre: tuple[float, float]
    size: tuple[int, int]
    radial: tuple[float, ...] = ()
    tangential: tuple[float, float] = (0.0, 0.0)
    skew: float = 0.0
    fisheye: bool = False

    def __post_init__(self) -> None:
        numbers = [*self.focal, *self.centre, *self.radial, *self.tangential, self.skew]
        if not np.all(np.isfinite(numbers)) or min(self.focal) <= 0:
            raise InputError(
                "focal lengths must be positive and all intrinsics finite, got focal "
                f"{self.focal}, centre {self.centre}, radial {self.radial}, "
                f"tangential {self.tangential} and skew {self.skew}"
            )
        (cx, cy), (width, height) = self.centre, self.size
        if width < 1 or height < 1:
            raise InputError(f"an image has at least one pixel, got {width} x {height}")
        if not (0 <= cx <= width and 0 <= cy <= height):
            raise InputError(
                f"the principal point ({cx:g}, {cy:g}) must lie in the image of "
                f"{width} x {height}; are these intrinsics for another size?"
            )

    @property
    def is_pinhole(self) -> bool:
        """Whether lines stay straight, and axes square, to within STRAIGHT pixels."""
        bent = self.fisheye or any(self.radial) or any(self.tangential)
        slant = abs(self.skew) * self.size[1] / self.focal[1]
        return not bent and slant <= STRAIGHT

    def scaled(self, size: tuple[int, int]) -> Lens:
        """The same lens before an image of another size (width, height)."""
        across, down = size[0] / self.size[0], size[1] / self.size[1]
        return Lens(
            focal=(self.focal[0] * across, self.focal[1] * down),
            centre=(self.centre[0] * across, self.centre[1] * down),
            size=size,
            radial=self.radial,
            tangential=self.tangential,
            skew=self.skew * across,
            fisheye=self.fisheye,
        )


def distort(lens: Lens, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Columns and rows, in pixels, where a lens shows directions (x, y, 1).

    x, y : any one shape, tangents of the angles to the optical axis.
    Source: as for Lens; r² = x² + y², θ = arctan r,
        fisheye: (x, y) · θ (1 + k1 θ² + k2 θ⁴ + k3 θ⁶ + k4 θ⁸) / r;
        else: (x, y) · (1 + k1 r² + k2 r⁴ + k3 r⁶) / (1 + k4 r² + k5 r⁴ + k6 r⁶)
        + (2 p1 x y + p2 (r² + 2 x²), p1 (r² + 2 y²) + 2 p2 x y).
    """
    square = x * x + y * y
    k = (*lens.radial, *(0.0,) * (6 - len(lens.radial)))
    if lens.fisheye:
        r = np.sqrt(square)
        angle = np.arctan(r)
        power = angle * angle
        bend = 1 + power * (k[0] + power * (k[1] + power * (k[2] + power * k[3])))
        # where r = 0, θ / r is 1
        factor = bend * np.divide(angle, r, out=np.ones_like(r), where=r > 0)
        across, down = x * factor, y * factor
    else:
        factor = (1 + square * (k[0] + square * (k[1] + square * k[2]))) / (
            1 + square * (k[3] + square * (k[4] + square * k[5]))
        )
        p1, p2 = lens.tangential
        across = x * factor + 2 * p1 * x * y + p2 * (square + 2 * x * x)
        down = y * factor + p1 * (square + 2 * y * y) + 2 * p2 * x * y
    (fx, fy), (cx, cy) = lens.focal, lens.centre
    return fx * across + lens.skew * down + cx, fy * down + cy


def determinants(lens: Lens, x: Floats, y: Floats) -> Floats:
    """Pixel area per area of the plane z = 1, of a lens without distortion 1.

    Where it is not positive, the formula of the lens folds the image over itself.
    """
    h = DIFFERENCE
    right, left = distort(lens, x + h, y), distort(lens, x - h, y)
    below, above = distort(lens, x, y + h), distort(lens, x, y - h)
    xx, yx = (right[0] - left[0]) / (2 * h), (right[1] - left[1]) / (2 * h)
    xy, yy = (below[0] - above[0]) / (2 * h), (below[1] - above[1]) / (2 * h)
    return (xx * yy - xy * yx) / (lens.focal[0] * lens.focal[1])
