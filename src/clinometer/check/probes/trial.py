"""One rule at one point, recorded once: what every probe starts from.

Tolerance of the probes. Two gradients that a law makes equal are computed by the same
operations in the same dtype, but sums may run in another order. So leaf by leaf the
largest gap must stay below the sum of

1.  SHARE of the leaf's largest entry (or rtol, if that is more). A rule that breaks a
    law is off by about as much as it contributes, not by rounding;
2.  what rounding explains where a leaf's gradient is nothing but rounding, as that of a
    bias in front of a normalisation: 1024 unit roundoffs, at most the square root of
    one, of the size a gradient would naturally have there: <u, f> or another leaf's
    gradient times x, divided by x.

Both scale with f, x and u, so units change no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer.arrays import from_float64, to_float64
from clinometer.check.probes.rule import Pulled, Rule, cotangents
from clinometer.check.verdict import default_rtol

__all__ = ["OTHER_ORDER", "SHARE", "Trial", "beside", "gap_of"]

Floats: TypeAlias = NDArray[np.float64]

SHARE = 1e-4
"""Gap that a probe calls different, relative to the leaf's largest entry."""

OTHER_ORDER = 100.0
"""Factor on it where sums run in another order (other strides, compiled): cancellation
amplifies their rounding. Who ignores strides reads other numbers altogether."""

NEARER = (0.875, 0.9375)
"""Factors on the entries of x, in turn, that give another point of most domains: each
entry keeps its sign and comes nearer to zero."""

MOVED = 4
"""Units in the last place that entries of x move, at most, to see what rounding does:
what a sum of a few hundred terms gathers."""

DRAWS = 3
"""Such moves that are tried: one may by chance round to the same."""

FAR_BEYOND = 10.0
"""Factor by which a gap exceeds what a roundoff of x does, to be no rounding itself."""

NOISE = 2.0**10
"""Unit roundoffs of its natural size that a gradient may hold, see above."""


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """A recorded forward pass with its gradient for base cotangents.

    rule : what is probed.
    u : the base cotangents, one array for each value of f; 1 where f is scalar.
    pull : from raw cotangents to raw gradients, on the graph recorded first.
    values : f(x) as recorded.
    base : gradient for u.
    share : relative gap that counts.
    floor : for each leaf, gap that rounding alone explains, in units of the gradient.
    seed : of all random cotangents.
    """

    rule: Rule
    u: tuple[Floats, ...]
    pull: Callable[[Sequence[Any]], list[Any]]
    values: tuple[Floats, ...]
    base: Pulled
    share: float
    floor: tuple[float, ...]
    seed: int

    @classmethod
    def of(cls, rule: Rule, *, rtol: float | None, seed: int) -> Trial:
        """Record f at x and pull the base cotangents through.

        rtol : relative difference that is material; None for that of the dtype.
        """
        u = [np.ones(())] if rule.scalar else cotangents(rule.values, seed)
        raw, pull, gradients = rule.begun(u)
        values = tuple(to_float64(value) for value in raw)
        base = rule.flat(gradients)
        material = default_rtol(rule.roundoff) if rtol is None else rtol
        return cls(
            rule,
            tuple(u),
            pull,
            values,
            base,
            max(SHARE, material),
            _floors(rule, u, base),
            seed,
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the leaves of x."""
        return self.rule.layout.paths

    def scaled(self, factor: float) -> list[Any]:
        """The base cotangents times a factor, as raw arrays."""
        return self.rule.like_values([factor * part for part in self.u])

    @cached_property
    def writable(self) -> bool:
        """Whether an array of x can be changed in place at all."""
        return any(map(self.rule.engine.disturb, self.rule.leaves()))

    @cached_property
    def steadfast(self) -> bool:
        """Whether two changes after the forward together leave the gradient as it is.

        A forward at another point, and f(x) changed in place: what passes both at once
        passes either. False says nothing: not even that both could be tried.
        """
        rule = self.rule
        if rule.by_user or not self.writable:
            return False
        try:
            values, pull = rule.record(rule.leaves())
            rule.visit(beside(rule))
            done = [rule.engine.disturb(value) for value in values]
            if not any(done):
                return False
            got = rule.flat(pull(self.scaled(1.0)))
        except Exception:  # noqa: BLE001 - each probe alone says what may raise and why
            return False
        return not self.apart(got, self.base)

    @cached_property
    def negated(self) -> Pulled:
        """Gradient for the negated base cotangents."""
        return self.pulled(self.scaled(-1.0))

    def pulled(self, cotangents: Sequence[Any]) -> Pulled:
        """Gradient for raw cotangents, on the graph recorded first."""
        return self.rule.flat(self.pull(cotangents))

    def apart(self, one: Pulled, other: Pulled, *, factor: float = 1.0) -> list[int]:
        """Leaves in which two gradients differ, the worst first.

        factor : on what is allowed.
        Entries where the base gradient is not finite say nothing and are left out.
        """
        if all(map(np.array_equal, one, other)):  # as where all is well, bit by bit
            return []
        gaps = {k: self.gap(one, other, k) for k in range(len(self.base))}
        order = sorted(gaps, key=lambda k: -gaps[k])
        return [k for k in order if gaps[k] > factor]

    def gap(self, one: Pulled, other: Pulled, k: int) -> float:
        """Largest gap in leaf k, relative to what is allowed; +inf for a NaN."""
        known, most = self._finite[k]
        a, b = one[k], other[k]
        if known is not None:
            a, b = a[known], b[known]
        largest = max(_largest(a), _largest(b), most)
        allowed = self.share * largest + self.floor[k]
        return gap_of(a, b) / allowed if allowed > 0 else 0.0

    @cached_property
    def _finite(self) -> list[tuple[NDArray[np.bool_] | None, float]]:
        """Leaf by leaf where the base gradient is finite, None for everywhere, and its
        largest finite entry.
        """
        found: list[tuple[NDArray[np.bool_] | None, float]] = []
        for part in self.base:
            known = np.isfinite(part)
            found.append((None if known.all() else known, _largest(part)))
        return found

    def worst(self, one: Pulled, other: Pulled, k: int) -> int:
        """Entry of leaf k in which two gradients lie furthest apart."""
        with np.errstate(invalid="ignore"):
            gap = np.abs(one[k] - other[k])
        gap[~np.isfinite(self.base[k])] = -1.0
        return int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))

    def beyond_rounding(self, wrong: Sequence[int], got: Pulled) -> list[int]:
        """Those leaves whose gradient is off by far more than rounding of x makes it.

        wrong : leaves in which a gradient is not the base one.
        got : that gradient.
        A backward pass that cancels almost all of its digits gives another gradient
        whenever its sums run in another order; so it does when x moves by a roundoff.
        Costs DRAWS forward and backward passes, and nothing if no leaf is wrong.
        """
        if not wrong:
            return []
        rounding = {
            k: max((self.gap(g, self.base, k) for _, g in self._moved), default=0.0)
            for k in wrong
        }
        return [
            k
            for k in wrong
            if rounding[k] <= OTHER_ORDER  # else rounding decides all digits
            and self.gap(got, self.base, k) > FAR_BEYOND * rounding[k]
        ]

    def rounds_to(self, values: Sequence[Floats]) -> bool:
        """Whether f(x) with these values is off by no more than rounding of x does."""
        for k, (got, own) in enumerate(zip(values, self.values, strict=True)):
            most = max((gap_of(other[k], own) for other, _ in self._moved), default=0.0)
            if gap_of(got, own) > FAR_BEYOND * most:
                return False
        return True

    @cached_property
    def _moved(self) -> list[tuple[list[Floats], Pulled]]:
        """f and its gradient where x is moved by rounding, where that succeeds."""
        rule = self.rule
        rng = np.random.default_rng([self.seed, 0x0DD])
        found: list[tuple[list[Floats], Pulled]] = []
        for _ in range(DRAWS):
            leaves: list[Any] = []
            for leaf, roundoff in zip(rule.leaves(), rule.layout.roundoff, strict=True):
                own = to_float64(leaf)
                ulps = rng.integers(-MOVED, MOVED, own.shape, endpoint=True)
                leaves.append(from_float64(own * (1 + 2 * roundoff * ulps), leaf))
            try:
                raw, pull = rule.record(leaves)
                values = [to_float64(value) for value in raw]
                found.append((values, rule.flat(pull(self.scaled(1.0)))))
            except Exception:  # noqa: BLE001 - x lies at the edge of f's domain
                continue
        return found

    def place(self, k: int, entry: int) -> str:
        """Printable place of an entry of leaf k."""
        layout = self.rule.layout
        return layout.place(layout.starts[k] + entry)


def beside(rule: Rule) -> list[Any]:
    """The leaves at another point, near x."""
    found: list[Any] = []
    for leaf in rule.layout.leaves:
        own = to_float64(leaf)
        factor = np.resize(np.array(NEARER), own.shape)
        found.append(from_float64(own * factor, leaf))
    return found


def gap_of(a: Floats, b: Floats) -> float:
    """Largest |a - b|; +inf where one is not finite and they are not the same."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    largest = float(gap.max(initial=0.0))
    if largest < math.inf:  # what is finite in the difference is so in both
        return largest
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    gap = np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))
    return float(gap.max(initial=0.0))


def _largest(values: Floats) -> float:
    """Largest finite entry in size."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest < math.inf:  # neither an infinity nor a NaN among them
        return largest
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _floors(rule: Rule, u: Sequence[Floats], base: Pulled) -> tuple[float, ...]:
    """Gap in each leaf that rounding explains, in units of the gradient."""
    pairs = zip(u, rule.values, strict=True)
    with np.errstate(over="ignore", invalid="ignore"):
        natural = math.hypot(
            *(float(np.linalg.norm(a * to_float64(value))) for a, value in pairs)
        )
    sizes = [_largest(to_float64(leaf)) or 1.0 for leaf in rule.layout.leaves]
    for gradient, size in zip(base, sizes, strict=True):
        natural = max(natural, _largest(gradient) * size)
    lost = min(NOISE * rule.roundoff, math.sqrt(rule.roundoff))
    return tuple(lost * natural / size if size else 0.0 for size in sizes)
