"""Parts, crops, holes, colours and fewer faces: what is done to a mesh before use."""

# SciPy and fast-simplification come without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import fast_simplification
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from clinometer.errors import InputError
from clinometer.surface.mesh.cut import cut
from clinometer.surface.mesh.mesh import Faces, Floats, Mesh

__all__ = ["coloured", "cropped", "decimated", "filled", "largest", "parts"]

Colours: TypeAlias = Callable[[Floats, Floats], NDArray[np.uint8]]
"""(V, 3) points and (V, 3) normals -> (V, 3) uint8 colours."""


def parts(mesh: Mesh) -> NDArray[np.int64]:
    """(F) the number of the connected part that each face belongs to, from 0.

    Faces are connected where they share a vertex.
    """
    edges, count = mesh.edges[0], len(mesh.vertices)
    links = coo_array(
        (np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), (count, count)
    )
    label = connected_components(links, directed=False)[1]
    return np.unique(label[mesh.faces[:, 0]], return_inverse=True)[1]


def largest(mesh: Mesh, *, share: float | None = None) -> Mesh:
    """The part of the largest area, or all parts of a share of its area or more.

    share : None, or from 0 to 1.
    Raises InputError for another share, or a mesh without faces.
    """
    if share is not None and not 0.0 <= share <= 1.0:
        raise InputError(f"share must be None or from 0 to 1, got {share}")
    if not len(mesh.faces):
        raise InputError("an empty mesh has no largest part")
    part = parts(mesh)
    area = np.bincount(part, weights=mesh.areas)
    keep = np.arange(len(area)) == np.argmax(area)
    if share is not None:
        keep |= area >= share * area.max()
    return _with(mesh, mesh.faces[keep[part]])


def cropped(mesh: Mesh, low: Floats, high: Floats) -> Mesh:
    """What lies in a box, cut at its sides.

    low, high : (3) corners of the box in the units of the mesh.
    Raises InputError where the box is empty or nothing lies in it.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if low.shape != (3,) or high.shape != (3,) or not np.all(low < high):
        raise InputError(
            "a box has two corners of 3 numbers, the first below the second, got "
            f"{low.tolist()} and {high.tolist()}"
        )
    left = mesh
    for axis in range(3):
        left = _below(left, low[axis] - left.vertices[:, axis])
        left = _below(left, left.vertices[:, axis] - high[axis])
    if not len(left.faces):
        span = (
            "nothing"
            if not len(mesh.vertices)
            else (
                f"{mesh.vertices.min(axis=0).tolist()} to "
                f"{mesh.vertices.max(axis=0).tolist()}"
            )
        )
        raise InputError(
            f"nothing of the mesh lies in the box from {low.tolist()} to "
            f"{high.tolist()}; the mesh spans {span}"
        )
    return left


def coloured(mesh: Mesh, colours: Colours) -> Mesh:
    """The same with a colour at every vertex.

    colours : gives (V, 3) uint8 for points and normals (V, 3).
    """
    known = mesh if mesh.normals is not None else mesh.with_normals()
    assert known.normals is not None, "just made"
    return replace(known, colours=colours(known.vertices, known.normals))


def decimated(mesh: Mesh, faces: int) -> Mesh:
    """About that many faces; colours and normals are dropped.

    faces : wanted, at least 4. A mesh that has no more comes back as it is.
    Source: quadric error, Garland, Heckbert 1997; by fast-simplification.
    """
    if faces < 4:
        raise InputError(f"a closed mesh has at least 4 faces, got {faces}")
    if len(mesh.faces) <= faces:
        return mesh
    # Its types leave out what it takes and gives: faces of any integer, two arrays.
    simplify: Any = fast_simplification.simplify
    vertices, left = simplify(mesh.vertices, mesh.faces, target_count=faces)
    return Mesh(np.asarray(vertices, np.float64), np.asarray(left, np.int64))


def filled(mesh: Mesh, edges: int = 32) -> Mesh:
    """The same with small holes closed by a fan round their middle.

    edges : of the borders that are closed, at most; longer ones stay, and so do borders
        that touch each other in a vertex.
    """
    loops = [loop for loop in _borders(mesh) if len(loop) <= edges]
    if not loops:
        return mesh
    count = len(mesh.vertices)
    middles = np.array([mesh.vertices[loop].mean(axis=0) for loop in loops])
    fans = [
        # A border runs along the faces that are there: fans run against it.
        np.stack([np.roll(loop, -1), loop, np.full(len(loop), count + k)], axis=1)
        for k, loop in enumerate(loops)
    ]
    colours = mesh.colours
    if colours is not None:
        means = [colours[loop].mean(axis=0).round() for loop in loops]
        colours = np.concatenate([colours, np.array(means).astype(np.uint8)])
    closed = Mesh(
        np.concatenate([mesh.vertices, middles]),
        np.concatenate([mesh.faces, *fans]),
        colours,
    )
    return closed if mesh.normals is None else closed.with_normals()


def _borders(mesh: Mesh) -> list[NDArray[np.int64]]:
    """Closed borders as loops of vertices, in the sense of the faces beside them."""
    number = mesh.edges[1]
    sides = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=-1)
    lone = sides.reshape(-1, 2)[np.bincount(number)[number] == 1]
    begins, times = np.unique(lone[:, 0], return_counts=True)
    crowded = set(begins[times > 1].tolist())
    following = dict(lone.tolist())
    loops: list[NDArray[np.int64]] = []
    while following:
        first, at = following.popitem()
        loop = [first]
        while at in following:
            loop.append(at)
            at = following.pop(at)
        if at == first and not crowded.intersection(loop):
            loops.append(np.array(loop))
    return loops


def _below(mesh: Mesh, level: Floats) -> Mesh:
    """What has a level of at most zero."""
    part = cut(mesh.faces, level)
    colours, normals = mesh.colours, mesh.normals
    if colours is not None:
        colours = part.values(colours.astype(np.float64)).round().astype(np.uint8)
    left = Mesh(part.values(mesh.vertices), part.faces, colours)
    return left if normals is None else left.with_normals()


def _with(mesh: Mesh, faces: Faces) -> Mesh:
    """The same with some of its faces, and the vertices that they need."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return Mesh(
        mesh.vertices[used],
        renumbered.reshape(faces.shape),
        None if mesh.colours is None else mesh.colours[used],
        None if mesh.normals is None else mesh.normals[used],
    )
