"""How the noisy, coarse and failing functions of the set are made from exact ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Array, Batch, Formula, Plain

Words = NDArray[np.uint64]


@final
class Shape(Enum):
    """How noise is distributed: its size is the half-width or the deviation."""

    UNIFORM = "uniform"
    GAUSSIAN = "gaussian"


def _mix(words: Words) -> Words:
    """Scrambled words; the finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def pseudo_uniform(points: Array, salt: int) -> NDArray[np.float64]:
    """Numbers (P,) in [0, 1) from salt and every bit of the points (P, n)."""
    bits = np.ascontiguousarray(points, dtype=np.float64).view(np.uint64)
    place = np.arange(1, points.shape[1] + 1, dtype=np.uint64)
    keys = _mix(place * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt))
    words = np.bitwise_xor.reduce(_mix(bits + keys), axis=1)
    return (_mix(words + np.uint64(salt)) >> np.uint64(11)) * 2.0**-53


def _refuse_complex(points: Array) -> None:
    if np.iscomplexobj(points):
        raise TypeError("this function takes real points only")


@final
@dataclass(frozen=True)
class HashNoise:
    """f(x) (1 + size * noise), the noise being the same whenever x is the same.

    Like a solver's stopping error: no averaging over repeated calls removes it.
    """

    f: Batch
    size: float
    shape: Shape = Shape.UNIFORM
    salt: int = 0

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n)."""
        _refuse_complex(points)
        u = pseudo_uniform(points, 2 * self.salt)
        if self.shape is Shape.UNIFORM:
            noise = 2 * u - 1
        else:
            angle = 2 * np.pi * pseudo_uniform(points, 2 * self.salt + 1)
            noise = np.sqrt(-2 * np.log1p(-u)) * np.cos(angle)
        return self.f(points) * (1 + self.size * noise)


@final
@dataclass(frozen=True, eq=False)
class RandomNoise:
    """f(x) (1 + size * gaussian), drawn anew at every call.

    Copy it (copy.deepcopy) before use, so that all users meet the same sequence.
    """

    f: Batch
    size: float
    random: np.random.Generator = field(default_factory=lambda: seeded(0))

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n)."""
        _refuse_complex(points)
        return self.f(points) * (1 + self.size * self.random.normal(size=len(points)))


def seeded(seed: int) -> np.random.Generator:
    """A generator of this seed."""
    return np.random.default_rng(seed)


@final
@dataclass(frozen=True)
class Float32:
    """A formula of which the points and all operations are float32.

    widen : return the float32 result as float64, which hides where it comes from.
    """

    formula: Formula
    widen: bool = False

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n)."""
        _refuse_complex(points)
        values = Plain(self.formula)(points.astype(np.float32))
        if values.dtype != np.float32:
            raise TypeError(f"formula left float32 for {values.dtype}")
        return values.astype(np.float64) if self.widen else values


@final
@dataclass(frozen=True)
class Rounded:
    """A float64 formula whose result is stored as float32, then read as float64."""

    formula: Formula

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n)."""
        _refuse_complex(points)
        return Plain(self.formula)(points).astype(np.float32).astype(np.float64)


@final
@dataclass(frozen=True)
class Raises:
    """A formula that raises where its value is not a number, as math.log does."""

    formula: Formula

    def __call__(self, points: Array) -> Array:
        """Values (P,) at points (P, n).

        Raises ValueError at a point outside the domain.
        """
        values: Any = Plain(self.formula)(points)
        if np.isnan(values).any():
            raise ValueError("math domain error")
        return values
