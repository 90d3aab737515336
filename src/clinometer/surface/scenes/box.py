"""Where the scene's box lies, found from masks, points of the surface, or cameras.

The box is a ball. From what says most to what says least:

1. masks: it holds the visual hull, what every mask allows;
2. points of the surface: it holds those that most cameras have in view;
3. a white or black background: it holds the hull of what is not of that colour;
4. cameras: it lies where their optical axes meet, and is as large as their images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.surface.scenes.backdrop import silhouette
from clinometer.surface.scenes.hull import Outline, hull_points
from clinometer.surface.scenes.outlook import clearance, seen
from clinometer.surface.scenes.scene import (
    Background,
    Camera,
    Floats,
    Frame,
    View,
)

__all__ = ["Box", "find_box", "meeting_point"]

SPREAD = 1e-3
"""Least mean square of the sine between axes and the direction that they share: two
degrees, below which the place where they meet is anybody's guess."""

ENOUGH = 30
"""Fewest points of the surface that say where it is."""

FAR = 3.0
"""Points further from the median than this many median distances do not count: in a
filled ball none is further than 1.26, on its surface than 1."""

MARGIN = 1.1
"""Radius of the box over the largest distance of what it holds."""

SURE = 0.9
"""Share of the views whose silhouette must hold a point: one in ten may miss it."""

SHORT_OF = 0.95
"""Most of the way to the nearest camera that a box found here takes."""


@final
@dataclass(frozen=True, eq=False)
class Box:
    """A frame and how it was found, in words."""

    frame: Frame
    source: str


def find_box(views: list[View], points: Floats, background: Background) -> Box:
    """The scene's box.

    views : in world units. points : (N, 3) of the surface, may be none.
    background : what stands behind it.
    Raises InputError where neither masks nor points nor cameras say where it is.
    """
    cameras = [view.camera for view in views]
    found = _from_masks(views)
    if found is None:
        found = _from_points(cameras, points[np.all(np.isfinite(points), axis=1)])
    if found is None:
        found = _from_silhouettes(views, background)
    if found is None:
        found = _from_axes(cameras)
    frame = found.frame
    nearest = min(float(np.linalg.norm(c.place - frame.centre)) for c in cameras)
    radius = min(frame.radius, SHORT_OF * nearest)
    if radius < frame.radius:
        source = f"{found.source}, kept short of the nearest camera"
        return Box(Frame(frame.centre, radius), source)
    return found


def meeting_point(places: Floats, axes: Floats) -> Floats | None:
    """(3) the point nearest to lines in the sense of least squares; None if they are as
    good as parallel.

    places, axes : (N, 3) points on the lines, directions of length 1.
    Source: where the gradient of Σ |(1 - a aᵀ)(x - o)|² is zero.
    """
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    total = across.sum(axis=0)
    if np.linalg.eigvalsh(total)[0] < SPREAD * len(places):
        return None
    wanted: Floats = np.einsum("nij,nj->i", across, places)
    return np.asarray(np.linalg.solve(total, wanted), dtype=np.float64)


def _from_masks(views: list[View]) -> Box | None:
    """From the visual hull, where every view has a mask and the hull is bounded."""
    outlines = [
        (view.camera, view.mask >= 128) for view in views if view.mask is not None
    ]
    if len(outlines) < len(views):
        return None
    return _from_hull(outlines, 1.0, "from the visual hull of the masks")


def _from_silhouettes(views: list[View], background: Background) -> Box | None:
    """From a hull of what does not have the colour of the background. Some views may
    not see all of it, for shadows are black, too.
    """
    if background not in {"white", "black"}:
        return None
    outlines = [(view.camera, silhouette(view, background)) for view in views]
    if not all(np.any(outline) for _, outline in outlines):
        return None
    return _from_hull(outlines, SURE, f"from what is not {background}")


def _from_hull(outlines: list[Outline], share: float, source: str) -> Box | None:
    aims = np.array([_aim(camera, outline) for camera, outline in outlines])
    places = np.array([camera.place for camera, _ in outlines])
    middle = meeting_point(places, aims)
    reach = None
    if middle is not None:
        reach = _reach([camera for camera, _ in outlines], middle)
    if middle is None or reach is None:
        return None
    hull = hull_points(outlines, middle, reach, share=share)
    if hull is None:
        return None
    centre = (hull.min(axis=0) + hull.max(axis=0)) / 2
    radius = MARGIN * float(np.max(np.linalg.norm(hull - centre, axis=1)))
    return Box(Frame(centre, radius), source)


def _aim(camera: Camera, outline: NDArray[np.bool_]) -> Floats:
    """(3) direction of the ray through the middle of an outline."""
    rows, columns = np.nonzero(outline)
    (fx, fy), (cx, cy) = camera.focal, camera.centre
    x, y = float(columns.mean()) + 0.5, float(rows.mean()) + 0.5
    aim = camera.pose[:, :3] @ np.array([(x - cx) / fx, (y - cy) / fy, 1.0])
    return aim / np.linalg.norm(aim)


def _from_points(cameras: list[Camera], points: Floats) -> Box | None:
    """From the points that at least half as many cameras have in view as the most."""
    if len(points) < ENOUGH:
        return None
    counts = np.sum([seen(camera, points) for camera in cameras], axis=0)
    kept = points[counts >= max(2.0, 0.5 * float(np.quantile(counts, 0.95)))]
    if len(kept) < ENOUGH:
        return None
    while True:
        centre = np.median(kept, axis=0)
        distance = np.linalg.norm(kept - centre, axis=1)
        near: NDArray[np.bool_] = distance <= FAR * np.median(distance)
        if bool(np.all(near)):
            break
        kept = kept[near]
    radius = MARGIN * float(np.quantile(distance, 0.98))
    if radius <= 0:
        return None
    return Box(Frame(centre, radius), f"from {len(kept)} points of {len(points)}")


def _from_axes(cameras: list[Camera]) -> Box:
    places = np.array([camera.place for camera in cameras])
    axes = np.array([camera.axis for camera in cameras])
    centre = meeting_point(places, axes)
    if centre is None:
        raise InputError(
            "the cameras look the same way, so their axes do not say where the object "
            "is; give box=(centre, radius) in the units of the cameras"
        )
    ahead = np.sum((centre - places) * axes, axis=1) > 0
    reach = _reach(cameras, centre)
    if np.mean(ahead) < 0.5 or reach is None:
        raise InputError(
            f"{int(np.sum(~ahead))} of {len(cameras)} cameras have the place where "
            "their axes meet behind them, so nothing lies before all; are the poses "
            "from camera to world? If they are right, give box=(centre, radius)"
        )
    return Box(Frame(centre, reach), "from where the cameras' axes meet")


def _reach(cameras: list[Camera], centre: Floats) -> float | None:
    """Radius of a ball round centre that touches the nearer two of an image's four
    sides, along its longer extent; the median over cameras, None if not positive.
    """
    reach: list[float] = []
    for camera in cameras:
        left, top, right, bottom = clearance(camera, centre)
        reach.append(max(min(left, right), min(top, bottom)))
    middle = float(np.median(reach))
    return middle if middle > 0 else None
