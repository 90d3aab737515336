"""What cameras have in view: points, and balls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Camera, Floats, Frame, View
from clinometer.surface.scenes.shots import few

__all__ = ["clearance", "looking_on", "project", "seen"]


ONE_PLACE = 1e-4
"""Largest distance between cameras, of that to the box, that moves what they see by
less than a tenth of a pixel in an image of a thousand."""


def project(camera: Camera, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Columns and rows (N) in pixels where points (N, 3) are seen, and their depths.

    Points with a depth that is not positive are not seen; their places mean nothing.
    """
    local = (points - camera.place) @ camera.pose[:, :3]
    depth = local[:, 2]
    safe = np.where(depth > 0, depth, 1.0)
    columns = camera.focal[0] * local[:, 0] / safe + camera.centre[0]
    rows = camera.focal[1] * local[:, 1] / safe + camera.centre[1]
    return columns, rows, depth


def seen(camera: Camera, points: Floats) -> NDArray[np.bool_]:
    """(N) whether points (N, 3) lie before the camera and in its image."""
    columns, rows, depth = project(camera, points)
    across = (columns >= 0) & (columns <= camera.width)
    return (depth > 0) & across & (rows >= 0) & (rows <= camera.height)


def clearance(camera: Camera, point: Floats) -> tuple[float, float, float, float]:
    """Distances of a point from the planes through the camera and the left, top, right,
    bottom side of its image, negative outside.
    """
    x, y, z = (point - camera.place) @ camera.pose[:, :3]
    (fx, fy), (cx, cy) = camera.focal, camera.centre
    sides = (
        (x, cx / fx),
        (y, cy / fy),
        (-x, (camera.width - cx) / fx),
        (-y, (camera.height - cy) / fy),
    )
    left, top, right, bottom = (
        float((inward + slope * z) / np.hypot(1, slope)) for inward, slope in sides
    )
    return left, top, right, bottom


def looking_on(views: list[View], frame: Frame) -> list[View]:
    """The views that have any of the scene's box in view.

    views : in world units.
    Raises InputError where a camera stands in the box, fewer than two see it, or those
    that do stand in one place.
    """
    distance = {
        view.name: float(np.linalg.norm(view.camera.place - frame.centre))
        for view in views
    }
    inside = [name for name, far in distance.items() if far <= frame.radius]
    if inside:
        raise InputError(
            f"{len(inside)} of {len(views)} cameras stand in the scene's box, centre "
            f"{frame.centre.tolist()} and radius {frame.radius:g}: {few(inside)}; the "
            f"box must leave them out, and the nearest is {min(distance.values()):g} "
            "from its centre: give box=(centre, radius) with a smaller radius"
        )
    found = [view for view in views if _sees(view.camera, frame)]
    _require_parallax(found, min(distance.values()))
    if len(found) < 2:
        raise InputError(
            f"{len(found)} of {len(views)} cameras have the scene's box in view, "
            f"centre {frame.centre.tolist()} and radius {frame.radius:g}; two must. "
            "Check that poses are from camera to world and look along +z, or give "
            "box=(centre, radius)"
        )
    return found


def _require_parallax(views: list[View], distance: float) -> None:
    """Raises InputError where all cameras stand in one place, as seen from a distance
    from the box.
    """
    if len(views) < 2:
        return
    apart = [np.linalg.norm(v.camera.place - views[0].camera.place) for v in views]
    if max(apart) <= ONE_PLACE * distance:
        raise InputError(
            f"all {len(views)} cameras stand in one place, {views[0].camera.place}, "
            "so that depth cannot be seen; photographs must be taken from several"
        )


def _sees(camera: Camera, frame: Frame) -> bool:
    depth = float((frame.centre - camera.place) @ camera.axis)
    return depth > 0 and min(clearance(camera, frame.centre)) > -frame.radius
