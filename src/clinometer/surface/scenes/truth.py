"""A true surface in a file: binary PLY with float64 vertices in world units.

On every face stands `seen`: 1 if any training view sees it, or this is not known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clinometer.errors import InputError
from clinometer.surface.scenes.scene import Frame, Truth

__all__ = ["read_truth", "write_truth"]

FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3), ("seen", "u1")])

HEADER = (
    "ply\nformat binary_little_endian 1.0\n"
    "element vertex {}\n"
    "property double x\nproperty double y\nproperty double z\n"
    "element face {}\n"
    "property list uchar int vertex_indices\nproperty uchar seen\nend_header\n"
)
"""Vertices and faces are counted in it; what has another header is not ours."""


def write_truth(path: Path, truth: Truth, frame: Frame) -> None:
    """Write a truth in scene units. Raises OSError where the disk does not take it."""
    faces = np.zeros(len(truth.faces), dtype=FACE)
    faces["count"] = 3
    faces["corners"] = truth.faces
    faces["seen"] = 1 if truth.seen is None else truth.seen
    vertices = frame.to_world(truth.vertices).astype("<f8")
    header = HEADER.format(len(vertices), len(faces)).encode("ascii")
    path.write_bytes(header + vertices.tobytes() + faces.tobytes())


def read_truth(path: Path, frame: Frame) -> Truth:
    """What `write_truth` wrote, in scene units.

    Raises InputError where the file is not there, not whole, or not ours.
    """
    try:
        header, found, data = path.read_bytes().partition(b"end_header\n")
    except OSError as reason:
        raise InputError(
            f"{path}, the scene's true surface, cannot be read ({reason.strerror})"
        ) from reason
    counts = [
        int(line.split()[-1])
        for line in header.decode("ascii", "replace").splitlines()
        if line.startswith("element") and line.split()[-1].isdigit()
    ]
    ours = len(counts) == 2 and header + found == HEADER.format(*counts).encode()
    size = sum(n * width for n, width in zip(counts, (24, FACE.itemsize), strict=False))
    if not ours or len(data) != size:
        raise InputError(
            f"{path} is no true surface that this program wrote, or cut off"
        )
    vertices = np.frombuffer(data, "<f8", 3 * counts[0]).reshape(-1, 3)
    faces = np.frombuffer(data, FACE, counts[1], offset=24 * counts[0])
    return Truth(
        frame.to_scene(vertices),
        faces["corners"].astype(np.int64),
        faces["seen"].astype(bool),
    )
