"""How far a mesh is from the truth. The protocol stands in docs/surface-metrics.md.

Distances are exact, from points on one surface to the triangles of the other. Points
to points would never measure less than the spacing of the points.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import igl
import numpy as np
from numpy.typing import NDArray

from clinometer.errors import InputError
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.scenes.scene import Truth
from clinometer.table import Json, aligned, plain, quantity

__all__ = ["Bar", "FScore", "Measures", "distances", "measure", "psnr", "sampled"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SAMPLES = 50_000
"""Points on either surface. The standard error of a mean distance is then its spread
over 224, below 1 % for the spreads seen."""

THRESHOLDS = (1e-3, 2e-3, 5e-3)
"""Of the F-score, in scene units."""

PEAK = 255.0


@final
@dataclass(frozen=True)
class Bar:
    """A mean over samples with its standard error: one sigma, of the sampling alone."""

    value: float
    error: float

    def as_dict(self) -> dict[str, Json]:
        """In types that JSON knows."""
        return {"value": plain(self.value), "error": plain(self.error)}


@final
@dataclass(frozen=True)
class FScore:
    """The F-score at a threshold.

    threshold : in scene units. precision : share of the mesh that is nearer to the
    truth than that. recall : share of the seen truth that is nearer to the mesh.
    value : 2 P R / (P + R); 0 where both are.
    """

    threshold: float
    precision: Bar
    recall: Bar

    @property
    def value(self) -> Bar:
        """The harmonic mean, its error propagated to first order."""
        p, r = self.precision.value, self.recall.value
        if p + r == 0:
            return Bar(0.0, 0.0)
        by_p, by_r = 2 * (r / (p + r)) ** 2, 2 * (p / (p + r)) ** 2
        error = math.hypot(by_p * self.precision.error, by_r * self.recall.error)
        return Bar(2 * p * r / (p + r), error)

    def as_dict(self) -> dict[str, Json]:
        """In types that JSON knows."""
        return {
            "threshold": self.threshold,
            "precision": self.precision.as_dict(),
            "recall": self.recall.as_dict(),
            "value": self.value.as_dict(),
        }


@final
@dataclass(frozen=True)
class Measures:
    """What `measure` found. Lengths in scene units, angles in degrees.

    accuracy : mean distance from the mesh to the truth.
    completeness : mean distance from the seen truth to the mesh.
    chamfer : the mean of the two.
    normal_error : mean angle between normals, from the mesh to the truth, 0 ... 90.
    normal_consistency : mean |cos| of that angle, both directions halved.
    scores : the F-score at each threshold.
    samples, seed : of the points on either surface.
    """

    accuracy: Bar
    completeness: Bar
    chamfer: Bar
    normal_error: Bar
    normal_consistency: Bar
    scores: tuple[FScore, ...]
    samples: int
    seed: int

    def as_dict(self) -> dict[str, Json]:
        """In types that JSON knows."""
        return {
            "accuracy": self.accuracy.as_dict(),
            "completeness": self.completeness.as_dict(),
            "chamfer": self.chamfer.as_dict(),
            "normal_error": self.normal_error.as_dict(),
            "normal_consistency": self.normal_consistency.as_dict(),
            "f_scores": [score.as_dict() for score in self.scores],
            "samples": self.samples,
            "seed": self.seed,
        }

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(self.as_dict(), indent=2)

    def __str__(self) -> str:
        rows = [
            ("Chamfer", self.chamfer, "scene radii"),
            ("accuracy", self.accuracy, "scene radii, mesh to truth"),
            ("completeness", self.completeness, "scene radii, seen truth to mesh"),
            ("normal error", self.normal_error, "degrees, mesh to truth"),
            ("normal consistency", self.normal_consistency, "mean |cos|"),
            *((f"F at {s.threshold:g}", s.value, "share") for s in self.scores),
        ]
        cells = [
            (name, quantity(bar.value, bar.error), unit) for name, bar, unit in rows
        ]
        return "\n".join(aligned(("measure", "value", "unit"), cells))


def measure(
    mesh: Mesh,
    truth: Truth | None,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Measures:
    """How far a mesh in scene units is from the truth.

    thresholds : of the F-score, > 0. samples : points on either surface, at least 2.
    seed : of their places.
    Raises InputError where there is no truth, no face of it was seen, the mesh has no
    area, or an option is out of its range.
    """
    _require(thresholds, samples)
    if truth is None:
        raise InputError(
            "the scene has no true surface to measure against; only synthetic scenes "
            "and scans have one: compare held-out photographs instead (PSNR)"
        )
    surface = Mesh(truth.vertices, truth.faces)
    seen = np.ones(len(truth.faces), bool) if truth.seen is None else truth.seen
    if seen.shape != (len(truth.faces),):
        raise InputError(
            f"seen must hold one bool for each of {len(truth.faces)} faces, got an "
            f"array of shape {seen.shape}"
        )
    draw = np.random.default_rng(seed)
    points, own = sampled(mesh, samples, draw=draw)
    there, met = distances(points, surface)
    wanted, of = sampled(surface, samples, draw=draw, weights=surface.areas * seen)
    back, hit = distances(wanted, mesh)
    cosine = _cosine(mesh.face_normals[own], surface.face_normals[met])
    returned = _cosine(surface.face_normals[of], mesh.face_normals[hit])
    accuracy, completeness = _mean(there), _mean(back)
    return Measures(
        accuracy=accuracy,
        completeness=completeness,
        chamfer=_half(accuracy, completeness),
        normal_error=_mean(np.degrees(np.arccos(cosine))),
        normal_consistency=_half(_mean(cosine), _mean(returned)),
        scores=tuple(
            FScore(t, _share(there < t), _share(back < t)) for t in thresholds
        ),
        samples=samples,
        seed=seed,
    )


def sampled(
    mesh: Mesh,
    count: int,
    *,
    draw: np.random.Generator,
    weights: Floats | None = None,
) -> tuple[Floats, Ints]:
    """Points (count, 3) spread evenly over a mesh, and the faces (count) they lie on.

    weights : (F) how much each face counts; its area unless given.
    Raises InputError where all weights are zero.
    Source: Osada et al. 2002, ACM Trans. Graph. 21(4), equation 1, for the place in a
    triangle.
    """
    weights = mesh.areas if weights is None else weights
    total = np.cumsum(weights)
    if not len(total) or total[-1] <= 0:
        raise InputError(
            "a surface must have area to be measured: got "
            f"{len(mesh.faces)} faces, none that counts with any area"
        )
    place: Floats = draw.random(count) * total[-1]
    face: Ints = np.searchsorted(total, place, side="right").astype(np.int64)
    np.minimum(face, len(total) - 1, out=face)
    root, along = np.sqrt(draw.random((count, 1))), draw.random((count, 1))
    a, b, c = (mesh.vertices[mesh.faces[face, k]] for k in range(3))
    return (1 - root) * a + root * (1 - along) * b + root * along * c, face


def distances(points: Floats, mesh: Mesh) -> tuple[Floats, Ints]:
    """(N) distances from points to the nearest triangle, and which one (N) that is."""
    found = igl.point_mesh_squared_distance(
        np.ascontiguousarray(points), mesh.vertices, mesh.faces
    )
    return np.sqrt(found[0]), np.asarray(found[1], dtype=np.int64)


def psnr(image: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of two images in decibels; inf where they are equal.

    image, truth : of one shape, uint8. 10 log10(255² / mean square difference).
    Raises InputError where they are of different shapes, other dtypes, or empty.
    """
    same = image.shape == truth.shape and image.dtype == truth.dtype == np.uint8
    if not same or not image.size:
        raise InputError(
            "two images of one shape, of uint8 and with pixels can be compared, got "
            f"{image.shape} of {image.dtype} and {truth.shape} of {truth.dtype}"
        )
    square = float(np.mean((image.astype(np.float64) - truth) ** 2))
    return math.inf if square == 0 else 10 * math.log10(PEAK**2 / square)


def _mean(values: Floats) -> Bar:
    """The mean and its standard error: spread of the samples over √count."""
    return Bar(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))))


def _share(hits: NDArray[np.bool_]) -> Bar:
    """How many of the samples, from 0 to 1."""
    return _mean(hits.astype(np.float64))


def _half(a: Bar, b: Bar) -> Bar:
    """The mean of two that were sampled apart."""
    return Bar((a.value + b.value) / 2, math.hypot(a.error, b.error) / 2)


def _cosine(a: Floats, b: Floats) -> Floats:
    """|cos| of the angle between unit vectors: rounding alone can take it beyond 1."""
    return np.minimum(np.abs(np.einsum("nk,nk->n", a, b)), 1.0)


def _require(thresholds: Sequence[float], samples: int) -> None:
    if samples < 2:
        raise InputError(f"samples must be at least 2 for an error bar, got {samples}")
    if not all(0 < t < math.inf for t in thresholds):
        raise InputError(f"thresholds must be positive and finite, got {thresholds}")
