"""Why a kernel's array fails: the cause of what is wrong in the part that is blamed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.check.diagnosis import Cause, Diagnosis
from clinometer.check.twin.cells import Sample
from clinometer.check.twin.judge import Part
from clinometer.check.verdict import Verdict

__all__ = ["Known", "diagnose", "finite"]

Floats: TypeAlias = NDArray[np.float64]

FEW = 0.05
"""Share of an array up to which wrong entries count as single ones."""

PROPORTIONAL = 4.0
"""What may be left of an error without its factor, beside a healthy one."""

GROSS = 0.25
"""Relative error beyond which lost digits are no explanation."""

SINGLE = 1e-3
"""Relative error that a kernel given float64 may show if it is float32 inside and loses
half of its digits."""

PATTERN = 0.95
"""Share of an error that a pattern must explain before it is named."""

LONG = 8
"""Length of an axis along which a pattern of two terms cannot be chance."""


@final
@dataclass(frozen=True, eq=False)
class Known:
    """What is known beside the array itself.

    double : relative error of the kernel in float64; None if it does not run there.
    inputs : path and values of the inputs.
    """

    double: float | None
    inputs: tuple[tuple[str, Floats], ...] = ()


@final
@dataclass(frozen=True)
class Fit:
    """The error of a part as a multiple of the exact values.

    slope : relative scale error, -2 for a flipped sign.
    error : its standard error.
    proportional : whether nothing else is left of the error than rounding explains.
    relative : size of the error beside that of the exact values.
    """

    slope: float
    error: float
    proportional: bool
    relative: float


def diagnose(sample: Sample, part: Part, known: Known) -> Diagnosis:
    """The cause, with the numbers that show it."""
    cause, evidence = _cause(sample, part, known)
    return Diagnosis(cause, sample.path, part.name, Verdict.DIFFERS, evidence)


def _cause(sample: Sample, part: Part, known: Known) -> tuple[Cause, str]:
    kernel = sample.kernel[:, part.where]
    fit = _fit(sample, part)
    size = f"relative error {fit.relative:.2g} there, eager {_eager(sample, part):.2g}"
    if not kernel.any():
        if part.tail:
            return Cause.TAIL, f"all {kernel.shape[1]} values there are zero"
        return Cause.ZERO, f"all {kernel.shape[1]} values there are zero"
    if fit.proportional and abs(fit.slope + 2) < 0.2:
        return Cause.SIGN, f"kernel / exact = {1 + fit.slope:.4f} ± {fit.error:.1g}"
    if fit.proportional:
        name = _named(1 + fit.slope, fit.error, sample.shape)
        ratio = f"kernel / exact = {1 + fit.slope:.5g} ± {fit.error:.1g}{name}"
        return Cause.FACTOR, ratio
    if part.tail:
        return Cause.TAIL, size
    if part.where.mean() <= FEW:
        return Cause.ENTRIES, size
    return _broad(sample, part, known=known, fit=fit, size=size)


def _broad(
    sample: Sample, part: Part, *, known: Known, fit: Fit, size: str
) -> tuple[Cause, str]:
    """The cause of an error all over a large part: digits lost, or a wrong formula."""
    if known.double is not None:
        size = f"{size}; the kernel in float64 is off by {known.double:.1g}"
        half = math.sqrt(sample.roundoff)
        inside = known.double < SINGLE and fit.relative < half
        if known.double < fit.relative / 8 or inside:
            return Cause.PRECISION, size
    pattern = _pattern(sample, part, known)
    if pattern:
        return Cause.MISSING_TERM, f"{size}; {pattern}"
    if known.double is None and fit.relative < GROSS:
        return Cause.PRECISION, size
    return Cause.UNEXPLAINED, size


def _fit(sample: Sample, part: Part) -> Fit:
    exact = sample.exact[:, part.where]
    error = sample.kernel[:, part.where] - exact
    healthy = sample.eager[:, part.where] - exact
    total = float((exact**2).sum())
    if total == 0:
        return Fit(0.0, math.inf, proportional=False, relative=math.inf)
    slope = float((error * exact).sum()) / total
    rest = error - slope * exact
    left = float((rest**2).sum())
    least = (sample.grain * max(1.0, abs(1 + slope))) ** 2 * total
    allowed = PROPORTIONAL**2 * max(float((healthy**2).sum()), least)
    scatter = math.sqrt(float(((rest * exact) ** 2).sum())) / total
    own = float((healthy * exact).sum()) / total
    return Fit(
        slope,
        scatter,
        left <= allowed and abs(slope) > max(3 * scatter, abs(own)),
        math.sqrt(float((error**2).sum()) / total),
    )


def _eager(sample: Sample, part: Part) -> float:
    exact = sample.exact[:, part.where]
    total = float((exact**2).sum())
    lost = float(((sample.eager[:, part.where] - exact) ** 2).sum())
    return math.sqrt(lost / total) if total else math.inf


def _pattern(sample: Sample, part: Part, known: Known) -> str:
    """What the error looks like, in words, but for rounding; empty for nothing known.

    Such is what is left when a mean, or a projection on an input, has been forgotten.
    """
    error = np.where(part.where, sample.kernel - sample.exact, 0.0)
    total = float((error**2).sum())
    for axis, length in enumerate(sample.shape):
        mean = error.mean(axis=axis + 1)
        if length >= LONG and length * float((mean**2).sum()) > PATTERN * total:
            return f"the error is constant along axis {axis}"
    if not sample.shape or sample.shape[-1] < LONG:
        return ""
    mean = error.mean(axis=-1)
    for path, values in known.inputs:
        if values.shape != sample.shape:
            continue
        apart = values - values.mean(axis=-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (error * apart).sum(-1) ** 2 / (apart**2).sum(-1)
        explained = np.nansum(along) + sample.shape[-1] * (mean**2).sum()
        if explained > PATTERN * total:
            return f"in each row the error is a multiple of {path}, plus a constant"
    return ""


def _named(ratio: float, error: float, shape: tuple[int, ...]) -> str:
    """What a ratio may stand for, in words; empty if nothing known."""
    for value, name in _constants(shape):
        if abs(ratio - value) <= max(3 * error, 1e-3 * abs(value)):
            return f", perhaps {name}"
    return ""


def _constants(shape: tuple[int, ...]) -> Iterator[tuple[float, str]]:
    """Factors that kernels forget."""
    yield from [(2.0, "2"), (0.5, "1/2")]
    yield from [(math.log2(math.e), "log2(e)"), (math.log(2), "log(2)")]
    for axis, length in enumerate(shape):
        if length > 1:
            yield length, f"{length}, the length of axis {axis}"
            yield 1 / length, f"1/{length}, of axis {axis}"
            yield math.sqrt(length), f"sqrt({length}), of axis {axis}"
            yield 1 / math.sqrt(length), f"1/sqrt({length}), of axis {axis}"
    count = math.prod(shape)
    if len(shape) > 1:
        yield count, f"{count}, the count of entries"
        yield 1 / count, f"1/{count}, of all entries"


def finite(sample: Sample) -> tuple[Sample, list[Diagnosis], str]:
    """The sample without NaN and infinities, and what the kernel has too many of.

    Where the exact or an eager run is not finite, nothing can be told, and the entry
    counts as zero in all runs.
    """
    known = np.isfinite(sample.exact) & np.isfinite(sample.eager)
    known = np.asarray(known.all(axis=0))
    wrong = known & ~np.asarray(np.isfinite(sample.kernel).all(axis=0))
    found: list[Diagnosis] = []
    if wrong.any():
        first = np.argwhere(wrong)[0].tolist()
        evidence = f"{_counted(wrong)} not finite; the reference is, eager and exact"
        place = f"at {first}" if first else ""
        found.append(
            Diagnosis(Cause.NOT_FINITE, sample.path, place, Verdict.DIFFERS, evidence)
        )
    keep = known & ~wrong
    if keep.all():
        return sample, found, ""
    reason = ""
    if not known.all():
        reason = f"{_counted(~known)} not finite in the reference; left out"
    runs = [
        np.where(keep, run, 0.0) for run in (sample.exact, sample.kernel, sample.eager)
    ]
    clean = Sample(
        sample.path, runs[0], runs[1], runs[2], sample.roundoff, sample.smallest
    )
    return clean, found, reason


def _counted(mask: NDArray[np.bool_]) -> str:
    """How many of an array's entries a mask holds, in words."""
    return f"{int(mask.sum()):,} of {mask.size:,} entries"
