"""Pictures of a model: rays through every pixel, their light, and its mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clinometer.surface.scenes.scene import Camera, Floats, Truth, View, rays
from clinometer.surface.synth.casting import Caster, Hits
from clinometer.surface.synth.light import shade, sky
from clinometer.surface.synth.model import Model, face_normals
from clinometer.surface.synth.studio import Studio

__all__ = ["depths", "photograph", "seen"]

SLACK = 1e-4
"""By how much, scene units, something may stand before a face that still counts as
seen: a hundred times the rounding of a depth in float32."""


def photograph(
    model: Model, caster: Caster, camera: Camera, *, studio: Studio, name: str
) -> View:
    """The picture of a model by a camera, with its mask.

    caster : the model's mesh. A pixel is the mean of samples x samples rays; so is its
    mask, which lies between 0 and 255 where an outline crosses the pixel.
    """
    n = studio.samples
    origins, directions = _pixels(camera, n)
    near = _near(camera.place, directions, model.reach)
    hits = caster.first(origins[near], directions[near])
    met = near[hits.rays]
    colours = _surrounding(directions, studio)
    colours[met] = _lit(model, hits, directions[met], highlight=studio.highlight)
    inside = np.zeros(len(colours))
    inside[met] = 1.0
    size = (camera.height, camera.width)
    image = colours.reshape(-1, n * n, 3).mean(axis=1).reshape(*size, 3)
    mask = inside.reshape(-1, n * n).mean(axis=1).reshape(size)
    return View(name, camera, _bytes(image), _bytes(mask))


def depths(caster: Caster, camera: Camera) -> Floats:
    """(height, width) lengths of the rays through the pixels' centres, scene units.

    They are inf where they miss.
    """
    hits = caster.first(*_pixels(camera, 1))
    found = np.full(camera.height * camera.width, np.inf)
    found[hits.rays] = hits.depths
    return found.reshape(camera.height, camera.width)


def seen(
    caster: Caster, truth: Truth, cameras: tuple[Camera, ...]
) -> NDArray[np.bool_]:
    """(F) whether the middle of a face is seen, from its front, by any camera."""
    middles = truth.vertices[truth.faces].mean(axis=1)
    normals = face_normals(truth.vertices, truth.faces)
    found = np.zeros(len(middles), dtype=np.bool_)
    for camera in cameras:
        asked = np.flatnonzero(~found)  # those seen once are not asked again
        way = middles[asked] - camera.place
        turned = np.einsum("nk,nk->n", way, normals[asked]) < 0
        asked, way = asked[turned], way[turned]
        inside = _inside(camera, way)
        asked, way = asked[inside], way[inside]
        length = np.linalg.norm(way, axis=1)
        directions = way / length[:, None]
        hits = caster.first(np.broadcast_to(camera.place, way.shape), directions)
        first = np.full(len(asked), np.inf)
        first[hits.rays] = hits.depths
        found[asked[first > length - SLACK]] = True
    return found


def _pixels(camera: Camera, n: int) -> tuple[Floats, Floats]:
    """Rays through the middles of n x n parts of every pixel, pixel after pixel."""
    part = (np.arange(n, dtype=np.float64) + 0.5) / n
    columns = np.arange(camera.width)[None, :, None, None] + part
    rows = np.arange(camera.height)[:, None, None, None] + part[:, None]
    columns, rows = np.broadcast_arrays(columns, rows)
    return rays(camera, columns.ravel(), rows.ravel())


def _near(place: Floats, directions: Floats, radius: float) -> NDArray[np.int64]:
    """Which rays from place pass the ball of that radius round the origin."""
    along = directions @ place
    return np.flatnonzero(place @ place - along**2 <= radius**2)


def _surrounding(directions: Floats, studio: Studio) -> Floats:
    if studio.background == "learned":
        return sky(directions)
    return np.full(directions.shape, 1.0 if studio.background == "white" else 0.0)


def _lit(model: Model, hits: Hits, directions: Floats, *, highlight: float) -> Floats:
    """(H, 3) what hits look like, 0 ... 1: a highlight brighter than white is white."""
    normals = np.einsum("hc,hck->hk", hits.weights, model.normals[hits.faces])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    own = model.flat[hits.faces]
    behind = np.einsum("hk,hk->h", own, directions) > 0  # an open mesh from inside
    normals[behind] *= -1
    albedo = model.albedo.colours(hits)
    return np.minimum(shade(albedo, normals, directions, highlight=highlight), 1.0)


def _inside(camera: Camera, way: Floats) -> NDArray[np.bool_]:
    """(N) whether points, way (N, 3) from the camera, lie in its picture."""
    x, y, z = (way @ camera.pose[:, :3]).T
    ahead = np.where(z > 0, z, np.nan)  # NaN compares as false: not in the picture
    column = camera.focal[0] * x / ahead + camera.centre[0]
    row = camera.focal[1] * y / ahead + camera.centre[1]
    across = (column >= 0) & (column <= camera.width)
    return across & (row >= 0) & (row <= camera.height)


def _bytes(share: Floats) -> NDArray[np.uint8]:
    return np.rint(255.0 * share).astype(np.uint8)
