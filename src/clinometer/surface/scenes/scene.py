"""The scene as a value: photographs, cameras, and the box that holds what is looked at.

Conventions: a camera looks along its +z axis, +x runs right and +y down in its image
(OpenCV, COLMAP). The pixel in column i and row j covers i ... i + 1 and j ... j + 1, so
that its centre lies at (i + 0.5, j + 0.5) in the units of fx, fy, cx, cy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError

__all__ = ["Background", "Camera", "Floats", "Frame", "Scene", "Truth", "View", "rays"]

Floats: TypeAlias = NDArray[np.float64]

Background: TypeAlias = Literal["white", "black", "random", "learned"]
"""What stands behind the box. white, black: that colour, in the photographs, too.
random: photographs are cut out by their masks and laid on chance colours, which nothing
but the surface can cover. learned: something unknown, which is trained beside it."""

ORTHONORMAL = 1e-4
"""Largest entry of RᵀR - 1 of a rotation; files hold six digits or more."""


@final
@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera.

    focal : (fx, fy) in pixels, > 0. centre : (cx, cy), the principal point in pixels.
    pose : (3, 4) float64 [R | o]: R turns the camera's axes into the scene's, o is
        where it stands, in the units of its scene.
    width, height : of its image in pixels.
    Raises InputError where a number is not finite, a focal length is not positive, or R
    is no rotation.
    """

    focal: tuple[float, float]
    centre: tuple[float, float]
    pose: Floats
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.pose.shape != (3, 4) or not np.all(np.isfinite(self.pose)):
            raise InputError(
                f"a pose must be 3 x 4 finite numbers, got {self.pose.tolist()}"
            )
        if not np.all(np.isfinite([*self.focal, *self.centre])) or min(self.focal) <= 0:
            raise InputError(
                "focal lengths must be positive and all intrinsics finite, got "
                f"focal {self.focal} and centre {self.centre}"
            )
        if self.width < 1 or self.height < 1:
            raise InputError(
                f"an image has at least one pixel, got {self.width} x {self.height}"
            )
        turn = self.pose[:, :3]
        off = float(np.max(np.abs(turn.T @ turn - np.eye(3))))
        if off > ORTHONORMAL or np.linalg.det(turn) < 0:
            raise InputError(
                "the left three columns of a pose must be a rotation (orthonormal, "
                f"determinant 1), got {turn.tolist()}, off by {off:.2g}; a pose with a "
                "scale or a mirror image in it must be brought into this form"
            )

    @property
    def place(self) -> Floats:
        """(3) where it stands."""
        return self.pose[:, 3]

    @property
    def axis(self) -> Floats:
        """(3) where it looks, of length 1."""
        return self.pose[:, 2]


@final
@dataclass(frozen=True, eq=False)
class View:
    """A photograph with its camera.

    name : what to call it in messages.
    image : (height, width, 3) uint8, sRGB as in the file.
    mask : (height, width) uint8, 255 on what is to be reconstructed; None if unknown.
    """

    name: str
    camera: Camera
    image: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        size = (self.camera.height, self.camera.width)
        if self.image.shape != (*size, 3) or self.image.dtype != np.uint8:
            raise InputError(
                f"{self.name}: the image must be {size[0]} x {size[1]} x 3 of uint8, "
                f"as its camera says, got {self.image.shape} of {self.image.dtype}"
            )
        if self.mask is not None and (
            self.mask.shape != size or self.mask.dtype != np.uint8
        ):
            raise InputError(
                f"{self.name}: the mask must be {size[0]} x {size[1]} of uint8, got "
                f"{self.mask.shape} of {self.mask.dtype}"
            )


@final
@dataclass(frozen=True, eq=False)
class Frame:
    """From scene units back to the units of the files: world = centre + radius * x.

    centre : (3) world units. radius : of the scene's box, world units, > 0.
    """

    centre: Floats = field(default_factory=lambda: np.zeros(3))
    radius: float = 1.0

    def __post_init__(self) -> None:
        if self.centre.shape != (3,) or not np.all(np.isfinite(self.centre)):
            raise InputError(f"centre must be 3 finite numbers, got {self.centre}")
        if not 0.0 < self.radius < np.inf:
            raise InputError(f"radius must be positive and finite, got {self.radius}")

    def to_world(self, x: Floats) -> Floats:
        """(..., 3) points in world units."""
        return self.centre + self.radius * x

    def to_scene(self, x: Floats) -> Floats:
        """(..., 3) points in scene units."""
        return (x - self.centre) / self.radius

    def camera(self, given: Camera) -> Camera:
        """A camera of the world as one of the scene."""
        pose = np.concatenate(
            [given.pose[:, :3], self.to_scene(given.place)[:, None]], axis=1
        )
        return Camera(given.focal, given.centre, pose, given.width, given.height)


@final
@dataclass(frozen=True, eq=False)
class Truth:
    """The surface that a synthetic scene was made of, in scene units.

    vertices : (V, 3) float64. faces : (F, 3) int64.
    seen : (F) bool, whether any training view sees the face; None if all count.
    """

    vertices: Floats
    faces: NDArray[np.int64]
    seen: NDArray[np.bool_] | None = None


@final
@dataclass(frozen=True, eq=False)
class Scene:
    """What training needs.

    name : what to call it.
    views : those to train on, at least two; held_out : those to judge by, may be none.
        Their cameras are in scene units.
    frame : where the scene's box lies in the world.
    background : what stands behind the box.
    truth : the true surface, where known.
    Raises InputError where there are fewer than two views.
    """

    name: str
    views: tuple[View, ...]
    held_out: tuple[View, ...] = ()
    frame: Frame = field(default_factory=Frame)
    background: Background = "learned"
    truth: Truth | None = None

    def __post_init__(self) -> None:
        if len(self.views) < 2:
            raise InputError(
                f"{self.name}: a surface needs at least two views to train on, got "
                f"{len(self.views)}: depth cannot be seen from one side"
            )


def rays(camera: Camera, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Where the rays through places in an image begin and run.

    columns, rows : (N) in pixels; i + 0.5 is the centre of a pixel.
    Returns origins (N, 3) and directions (N, 3) of length 1, in the camera's scene.
    """
    (fx, fy), (cx, cy) = camera.focal, camera.centre
    local = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones_like(columns)], -1)
    directions = local @ camera.pose[:, :3].T
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.broadcast_to(camera.place, directions.shape), directions
