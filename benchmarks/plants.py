"""Faults planted on random arrays with bars, and which cause the diagnosis names first.

No function is evaluated: claims, slopes and bars are drawn, and the diagnosis of
`clinometer.check.diagnose` is asked. `python -m benchmarks.plants` prints the share of
right causes and the confusion of the others.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinometer.check.diagnose import LeafEvidence, diagnose
from clinometer.check.diagnosis import Cause

__all__ = ["KINDS", "Plant", "confusion", "evidence", "plant", "print_confusion"]

Floats = NDArray[np.float64]
C = Cause

PRECISIONS = ((1e-11, 1e-6), (1e-8, 1e-6), (1e-5, 2.4e-4))
"""Bars relative to the largest slope, and rtol: clean, noisy, float32."""


@dataclass(frozen=True, eq=False)
class Plant:
    """Leaves with a fault in one of them, and the causes that are fair for it."""

    name: str
    leaves: tuple[LeafEvidence, ...]
    causes: frozenset[Cause]
    healthy: tuple[LeafEvidence, ...]


def shape_of(random: np.random.Generator, least: int = 12) -> tuple[int, ...]:
    """A shape of one to four axes, all of different lengths, with enough entries."""
    while True:
        count = int(random.integers(1, 5))
        shape = tuple(random.choice(np.arange(2, 13), count, replace=False).tolist())
        if count == 1:
            shape = (int(random.integers(least, 200)),)
        if least <= np.prod(shape) <= 2000:
            return shape


def evidence(
    path: str,
    x: Floats,
    a: Floats,
    *,
    n: Floats,
    precision: tuple[float, float],
    random: np.random.Generator,
    **more: Any,
) -> LeafEvidence:
    """A leaf's evidence: the slopes n are seen through bars."""
    bar, rtol = precision
    bars = bar * max(np.abs(n).max(), 1e-300) * (0.3 + random.random(n.size))
    seen = n.ravel() + bars * random.uniform(-0.5, 0.5, n.size)
    a = np.asarray(a, float).ravel()
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - seen)
        wrong = (gap > bars) & (gap > rtol * np.fmax(np.abs(a), np.abs(seen)))
    none = np.zeros(n.size, np.bool_)
    return LeafEvidence(
        path=path,
        shape=n.shape,
        x=x.ravel(),
        analytic=a,
        numerical=seen,
        bar=bars,
        wrong=wrong | np.isnan(a),
        unclear=none,
        kink=none,
        one_sided=none,
        rtol=rtol,
        **more,
    )


Change = Callable[[Floats, Floats, np.random.Generator], Floats]


def _rows(change: Callable[[Floats], Floats]) -> Change:
    def changed(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
        a = n.copy()
        axis = int(random.integers(n.ndim))
        length = n.shape[axis]
        count = int(random.integers(1, max(2, length // 2)))
        if n.ndim == 1:
            first = int(random.integers(0, length - 4))
            picked: Any = slice(first, first + int(random.integers(3, 5)))
        else:
            picked = random.choice(length, count, replace=False)
        index = (slice(None),) * axis + (picked,)
        a[index] = change(a[index])
        return a

    return changed


def _branch(n: Floats, x: Floats, random: np.random.Generator) -> Floats:
    cut = np.quantile(x, random.uniform(0.3, 0.7))
    other = n * random.uniform(1.2, 3)
    if random.random() < 0.5:
        other = n + np.abs(n).max() * random.normal(size=n.shape)
    return np.where(x > cut, other, n)


def _saturated(n: Floats, x: Floats, random: np.random.Generator) -> Floats:
    cut = np.quantile(np.abs(x), random.uniform(0.5, 0.8))
    return np.where(np.abs(x) > cut, n * random.choice([0.0, 2.0, 0.77]), n)


def _where_zero(n: Floats, x: Floats, random: np.random.Generator) -> Floats:
    return np.where(x == 0, random.choice([0.0, 2.0, -1.0]) * n + 0.0, n)


def _permuted(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    axis = int(random.integers(n.ndim))
    if random.random() < 0.3:
        return np.flip(n, axis)
    length = n.shape[axis]
    return np.roll(n, int(random.integers(1, length)), axis)


def _transposed(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    axes = random.permutation(n.ndim)
    while (axes == np.arange(n.ndim)).all():
        axes = random.permutation(n.ndim)
    return n.transpose(axes).reshape(n.shape)


def _broadcast(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    axis = int(random.integers(n.ndim))
    reduce = np.mean if random.random() < 0.5 else np.sum
    return np.broadcast_to(reduce(n, axis=axis, keepdims=True), n.shape) + 0.0


def _reduced(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    lengths = [length for length in (*n.shape, n.size) if length >= 5]
    length = float(random.choice(lengths)) if lengths else float(n.size)
    return n / length if random.random() < 0.5 else n * length


def _factor(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    constants = [2, 0.5, 3, 1 / 3, -2, 1 / 1797, np.pi, np.log(2), 1.37, 1.1, 1.01]
    return n * float(random.choice(constants))


def _entries(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    a = n.copy().ravel()
    count = int(random.integers(1, 4))
    where = random.choice(a.size, count, replace=False)
    a[where] += np.abs(n).max() * random.uniform(0.1, 2, count)
    return a.reshape(n.shape)


def _tail(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    a = n.copy().ravel()
    tile = int(random.choice([t for t in (8, 16, 32, 64) if t < a.size]))
    start = a.size // tile * tile
    start -= tile * (start == a.size)
    rest, off = a[start:], np.abs(n).max() * random.uniform(0.2, 1)
    a[start:] = (rest * 0, rest * 2, rest + off)[int(random.integers(3))]
    return a.reshape(n.shape)


def _nonlinear(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    way = random.integers(3)
    if way == 0:
        return np.abs(n)
    if way == 1:
        return n * n * random.choice([1.0, 0.5])
    bound = np.quantile(np.abs(n), random.uniform(0.4, 0.8))
    return np.clip(n, -bound, bound)


def _term(n: Floats, x: Floats, random: np.random.Generator) -> Floats:
    way = random.integers(4)
    size = np.abs(n).max() * random.uniform(0.1, 0.5)
    if way == 0:
        return n - size
    if way == 1:
        return n - size * np.sign(x)
    if way == 2:
        return n * x
    return n - size * random.normal(size=n.shape)


def _precision(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    if random.random() < 0.5:
        level = np.abs(n).max()
        return (n / level).astype(np.float16) * level
    return n + 2e-3 * np.abs(n).max() * random.normal(size=n.shape)


def _duplicated(n: Floats, _x: Floats, random: np.random.Generator) -> Floats:
    times = random.choice([1, 1, 2, 3, 4], n.shape)
    return n / times


KINDS: dict[str, tuple[Change, frozenset[Cause]]] = {
    "sign": (lambda n, *_: -n, frozenset({C.SIGN})),
    "sign in rows": (
        _rows(np.negative),
        frozenset({C.SIGN, C.CONJUGATED}),
    ),
    "factor": (_factor, frozenset({C.FACTOR})),
    "factor in rows": (_rows(lambda part: part * 2.5), frozenset({C.FACTOR})),
    "zero": (lambda n, *_: n * 0, frozenset({C.ZERO})),
    "zero in rows": (_rows(lambda part: part * 0), frozenset({C.ZERO})),
    "regulariser": (
        lambda n, x, r: n - r.uniform(0.05, 0.5) * x,
        frozenset({C.MISSING_REGULARISER}),
    ),
    "term": (_term, frozenset({C.MISSING_TERM})),
    "reduction": (_reduced, frozenset({C.REDUCTION})),
    "broadcast": (_broadcast, frozenset({C.BROADCAST})),
    "transposed": (_transposed, frozenset({C.TRANSPOSED})),
    "permuted": (_permuted, frozenset({C.PERMUTED})),
    "entries": (_entries, frozenset({C.ENTRIES})),
    "tail": (_tail, frozenset({C.TAIL})),
    "branch": (_branch, frozenset({C.BRANCH})),
    "saturated": (_saturated, frozenset({C.SPECIAL_POINTS})),
    "where zero": (_where_zero, frozenset({C.SPECIAL_POINTS})),
    "nonlinear": (_nonlinear, frozenset({C.COTANGENT_NONLINEAR})),
    "precision": (_precision, frozenset({C.PRECISION})),
    "duplicates": (_duplicated, frozenset({C.DUPLICATES})),
    "random": (
        lambda n, _x, r: r.normal(size=n.shape) * np.abs(n).max(),
        frozenset({C.UNEXPLAINED}),
    ),
    "not finite": (
        lambda n, _x, r: np.where(r.random(n.shape) < 0.3, np.nan, n),
        frozenset({C.NOT_FINITE}),
    ),
    "none": (lambda n, *_: n * 0, frozenset({C.NONE})),
    "no dependence": (lambda n, *_: n, frozenset({C.NO_DEPENDENCE})),
    "swapped": (lambda n, *_: n, frozenset({C.SWAPPED})),
}
"""Faults by name: the claim made of n and x, and the causes that are fair."""


def plant(name: str, seed: int) -> Plant:
    """A planted fault: its leaf, right ones beside it, and the healthy twin."""
    random = np.random.default_rng([seed, *name.encode()])
    change, causes = KINDS[name]
    shape = shape_of(random)
    flat = name == "tail"
    while name in {"transposed", "tail"} and flat != (len(shape) < 2):
        shape = shape_of(random)
    precision = PRECISIONS[int(random.integers(3))]
    if name == "precision":
        precision = PRECISIONS[0]
    scale = 2.0 ** int(random.integers(-30, 31))
    x = random.normal(size=shape)
    if name == "where zero":
        x[random.random(shape) < 0.3] = 0.0
        x.flat[0] = 0.0
    n = random.normal(size=shape) * scale
    m = random.normal(size=shape) * scale
    y = random.normal(size=shape)
    side = shape_of(random)
    right = random.normal(size=side) * scale

    def leaves(claims: Floats, second: Floats, **more: Any) -> tuple[LeafEvidence, ...]:
        options: Any = {"precision": precision, "random": random}
        slopes = n * 0 if name == "no dependence" else n
        return (
            evidence("x['w']", x, claims, n=slopes, **options, **more),
            evidence("x['v']", y, second, n=m, **options),
            evidence("x['u']", right, right, n=right, **options),
        )

    with np.errstate(all="ignore"):
        claim = change(n, x * (scale if "regul" in name else 1.0), random)
    healthy = leaves(n * 0 if name == "no dependence" else n, m)
    if name == "swapped":
        return Plant(name, leaves(m, n), causes, healthy)
    more = {"missing": True} if name == "none" else {}
    return Plant(name, leaves(claim, m, **more), causes, healthy)


def confusion(seeds: range) -> tuple[Counter[tuple[str, str]], int, int]:
    """Counts of (planted, named first), of right ones, and of false alarms."""
    table: Counter[tuple[str, str]] = Counter()
    right = alarms = 0
    for seed in seeds:
        for name in KINDS:
            planted = plant(name, seed)
            found = diagnose(planted.leaves)
            first = found[0].cause if found else None
            table[name, first.word if first else "nothing"] += 1
            right += first in planted.causes
            alarms += bool(diagnose(planted.healthy))
    return table, right, alarms


def print_confusion(seeds: range) -> None:
    """Print how often each planted fault was called what."""
    table, right, alarms = confusion(seeds)
    total = table.total()
    for name in KINDS:
        named = {word: c for (planted, word), c in table.items() if planted == name}
        called = sorted(named.items(), key=lambda pair: -pair[1])
        print(f"{name:16}", ", ".join(f"{word} {count}" for word, count in called))
    print(f"right cause first: {right} of {total}, {right / total:.1%}")
    print(f"healthy twins with a diagnosis: {alarms} of {total}")


if __name__ == "__main__":
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print_confusion(range(first, first + 40))
