"""What memoized differences give: the gradient, and the arithmetic that it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

__all__ = ["MemoizedGradient", "Work"]


@final
@dataclass(frozen=True)
class Work:
    """Arithmetic on floating-point numbers, as `clinometer.operations` counts it.

    multiplications : products and quotients; additions : sums and differences;
    transcendentals : exp, log, tanh, sqrt and their like; comparisons : those of max,
        clip and their like.
    uncounted : operations that are not in these, by name.

    Taking a change from values, and adding it to them, is not counted: it stands beside
    each operation that is not linear, once or twice.
    """

    multiplications: int
    additions: int
    transcendentals: int
    comparisons: int
    uncounted: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All that is counted."""
        arithmetic = self.multiplications + self.additions
        return arithmetic + self.transcendentals + self.comparisons


@final
@dataclass(frozen=True, eq=False)
class MemoizedGradient:
    """A gradient by memoized differences.

    value : tree like x of float64 arrays, in units of f / x.
    step : tree like x, the step of every entry, in units of x; NaN in arrays whose
        derivatives were pulled back from where f was differenced.
    differenced : for each array of x, by its path, the shape of what was differenced
        in its place: its own, or that of the last array that is linear in it.
    work : arithmetic of all, f(x) included.
    forward : arithmetic of f(x), called F.
    perturbations : how many entries were perturbed.
    full : operations that were done again in full for every perturbation, by name,
        though boxes were asked for.
    foreign : those of them, and of f(x), that the library of x had to do.
    """

    value: Any
    step: Any
    differenced: dict[str, tuple[int, ...]]
    work: Work
    forward: Work
    perturbations: int
    full: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def passes(self) -> float:
        """Multiplications in units of those of f(x); inf where f has none."""
        if not self.forward.multiplications:
            return float("inf")
        return self.work.multiplications / self.forward.multiplications

    def __str__(self) -> str:
        """Counts, and what was not memoized."""
        work = self.work
        lines = [
            f"{self.perturbations} perturbations, {work.multiplications:,} "
            f"multiplications ({self.passes:.3g} times f's), {work.additions:,} "
            f"additions, {work.transcendentals:,} transcendentals"
        ]
        if self.full:
            lines.append(f"done again in full: {', '.join(self.full)}")
        if self.foreign:
            lines.append(f"by the library of x: {', '.join(self.foreign)}")
        return "\n".join(lines)
