"""f with a rule for its gradient, leaf by leaf: what the probes ask, and <u, f(x)>.

A function of any value is checked through the number <u, f(x)>, u being fixed random
cotangents: its gradient is the rule's answer to u.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from clinometer import engines
from clinometer.arrays import (
    constant,
    copied,
    dtype_name,
    from_float64,
    is_array,
    is_complex,
    is_real_floating,
    library,
    to_float64,
    unit_roundoff,
)
from clinometer.errors import InputError
from clinometer.evaluate import flatten_input
from clinometer.trees import Layout, Tree

__all__ = ["Pulled", "Rule", "cotangents"]

Floats: TypeAlias = NDArray[np.float64]

Pulled: TypeAlias = list[Floats]
"""A gradient, leaf by leaf, each flat and in float64; zeros where there was None."""

Pass: TypeAlias = tuple[list[Any], Callable[[Sequence[Any]], list[Any]], list[Any]]
"""Values as recorded, the way from cotangents to raw gradients, and those for some."""

GRID = 2**10
"""Cotangents are whole multiples of 1/1024 from 1/2 to 3/2 in size: exact in float32,
and so is the sum of any two of them; two of them are seldom equal."""

COARSE = 2**3
"""The same in float16 and bfloat16, which hold no more than 11 and 8 bits."""


@final
class Rule:
    """f and its vector-Jacobian product, as functions of the list of leaves of x.

    layout : of x.
    engine : of the library of x.
    values : the real floating leaves of f(x), complex ones split into two parts.
    by_user : whether the rule is a user's function, not autodiff.
    fixed : whether it is a gradient of scalar f, which takes no cotangent.
    evaluations : how often f has been called.
    progress : told before each call how often that was, and that one is planned.
    """

    progress: Callable[[int, int], None] | None = None

    def __init__(
        self,
        f: Callable[..., Any],
        layout: Layout,
        *,
        batched: bool = False,
        vjp: Callable[..., Any] | None = None,
        gradient: Callable[..., Any] | None = None,
    ) -> None:
        """Evaluate f once at x, outside autodiff.

        batched : whether f takes a leading axis of points.
        vjp : function of x and of cotangents like f(x), giving a tree like x.
        gradient : function of x, giving a tree like x.
        Raises what f raises, and InputError if f(x) holds nothing but arrays of another
        library or dtype than autodiff needs.
        """
        self.layout = layout
        self.engine = engines.of(layout.leaves)
        self.fixed = gradient is not None
        self._given = gradient or vjp
        if gradient is not None:
            vjp = _without_cotangent(gradient)
        self.by_user = vjp is not None
        self.evaluations = 0
        self._f, self._batched, self._vjp = f, batched, vjp
        self._seen: list[Any] = []
        self._begun: Pass | None = None
        # copies: f may return the same buffer each time
        self.values = [copied(leaf) for leaf in self.plain()]
        if not self.values:
            raise InputError("f returned no real floating array of the library of x")
        (seen,) = self._seen
        whole, _, rebuild = flatten_input(seen, "f(x)")
        real = len(whole) == len(self.values) and not any(map(is_complex, whole))
        self._rebuild = rebuild if real else None
        self._single = real and (is_array(seen) or isinstance(seen, float))

    def elsewhere(self, layout: Layout) -> Rule:
        """The same rule at another x of the same form, in another dtype, say."""
        given = {"gradient" if self.fixed else "vjp": self._given}
        return Rule(self._f, layout, batched=self._batched, **given)

    @property
    def scalar(self) -> bool:
        """Whether f returns a single number of shape ()."""
        return self._single and np.shape(self.values[0]) == ()

    @property
    def roundoff(self) -> float:
        """Unit roundoff of the coarsest dtype of x and f(x)."""
        return max(*self.layout.roundoff, *map(unit_roundoff, self.values))

    def leaves(self) -> list[Any]:
        """The leaves of x, copied."""
        return [copied(leaf) if is_array(leaf) else leaf for leaf in self.layout.leaves]

    def plain(self, leaves: list[Any] | None = None) -> list[Any]:
        """The leaves of f's value, outside autodiff, at x or at other leaves."""
        own = next(iter(self.engine.forwards(self.listed).values()), self.listed)
        return own(self.leaves() if leaves is None else leaves)

    def listed(self, leaves: list[Any]) -> list[Any]:
        """The real floating leaves of f's value."""
        if self.progress is not None:
            self.progress(self.evaluations, self.evaluations + 1)
        self.evaluations += 1
        value = self._value(leaves)
        if not self._seen:
            self._seen.append(value)
        return self._parts(value)

    def _value(self, leaves: list[Any]) -> Tree:
        """f's value; that at one point where it takes many."""
        if not self._batched:
            return self._f(self.layout.rebuild(leaves))
        value = self._f(self.layout.rebuild([leaf[None] for leaf in leaves]))
        parts, _, rebuild = flatten_input(value, "f(x)")
        return rebuild([part[0] for part in parts])

    def _parts(self, value: Any) -> list[Any]:
        """Leaves of a value that carry a gradient; complex ones split."""
        if is_array(value):
            leaves = [value]
        else:
            leaves, _, _ = flatten_input(value, "f(x)")
        parts: list[Any] = []
        for leaf in leaves:
            if isinstance(leaf, float) and self.engine.name == "numpy":
                parts.append(np.float64(leaf))
                continue
            if not is_array(leaf) or library(leaf) != self.engine.name:
                continue
            if is_complex(leaf):
                parts += [leaf.real, leaf.imag]
            elif is_real_floating(leaf):
                parts.append(leaf)
        return parts

    def record(
        self, leaves: list[Any]
    ) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        """Values of f at the leaves, and the way from cotangents to raw gradients.

        A user's rule records nothing: f is not called, the values are those at x.
        """
        if self._vjp is None:
            return self.engine.vjp(self.listed, leaves)
        vjp, x, rebuild = self._vjp, self.layout.rebuild(leaves), self._rebuild
        assert rebuild is not None  # a vjp is asked for only where values are real

        def pull(cotangents: Sequence[Any]) -> list[Any]:
            return self._like_x(vjp(x, rebuild(list(cotangents))))

        return self.values, pull

    @property
    def records(self) -> bool:
        """Whether `gradient` gives what the library does for f as it is.

        So it is for scalar f, and tensors that lie as the copies do which f gets.
        """
        if not self.scalar or self.by_user or self.engine.name != "torch":
            return False
        leaves = self.layout.leaves
        strided = all(str(leaf.layout) == "torch.strided" for leaf in leaves)
        return strided and all(leaf.is_contiguous() for leaf in leaves)

    def gradient(self) -> list[Any]:
        """Raw gradients of a scalar f at x, from a pass that is kept for `begun`."""
        values, pull = self.record(self.leaves())
        if np.shape(values[0]) != ():
            raise InputError(
                f"f must return one number at every call, got shape "
                f"{np.shape(values[0])}"
            )
        raw = pull(self.like_values([np.ones(())]))
        self._begun = values, pull, raw
        return raw

    def begun(self, u: Sequence[Floats]) -> Pass:
        """Values at x, the way back, and raw gradients for u: those kept, or new ones.

        u : 1 for a scalar f.
        """
        kept, self._begun = self._begun, None
        if kept is not None:
            return kept
        values, pull = self.record(self.leaves())
        return values, pull, pull(self.like_values(u))

    def visit(self, leaves: list[Any]) -> None:
        """Evaluate f, and what records for its gradient, at another point."""
        if self._vjp is not None:
            self.listed(leaves)
        _, pull = self.record(leaves)
        if self._vjp is not None:
            pull(self.like_values([to_float64(value) for value in self.values]))

    def _like_x(self, gradient: Tree) -> list[Any]:
        """The leaves of a user's gradient, by the paths of x; None where one lacks."""
        if self.layout.paths == ("x",):
            return [gradient]
        leaves, paths, _ = flatten_input(gradient)
        found = dict(zip(paths, leaves, strict=True))
        return [found.get(path) for path in self.layout.paths]

    def flat(self, gradients: Sequence[Any]) -> Pulled:
        """Raw gradients as flat float64 arrays, zeros for None.

        Raises InputError where a gradient has not the size of its leaf.
        """
        found: Pulled = []
        starts = self.layout.starts
        for gradient, start, stop in zip(gradients, starts, starts[1:], strict=False):
            size = stop - start
            if gradient is None:
                part = np.zeros(size)
            else:
                part = to_float64(gradient).reshape(-1)
            if part.size != size:
                raise InputError(
                    f"a gradient of {part.size} entries where x has {size}"
                )
            found.append(part)
        return found

    def like_values(self, arrays: Sequence[Floats]) -> list[Any]:
        """Cotangents in the library, dtype and device of f's values."""
        pairs = zip(arrays, self.values, strict=True)
        return [from_float64(array, value) for array, value in pairs]

    def paired(self, u: Sequence[Floats]) -> Callable[..., Any]:
        """The function <u, f(x)>: one number, or one a point if f takes batches.

        u : one array for each of the values, of its shape.
        """

        def number(x: Tree) -> Any:
            total: Any = 0.0
            for value, weight in zip(self._parts(self._f(x)), u, strict=True):
                terms = value * constant(weight, value)
                if self._batched:
                    terms = terms.reshape((terms.shape[0], -1))
                total = total + (terms.sum(-1) if self._batched else terms.sum())
            return total

        return number

    def gradient_for(self, u: Sequence[Floats]) -> Callable[[Tree], Tree]:
        """The user's rule with its cotangents fixed: a gradient function of x.

        Raises InputError if f does not return real floating arrays only.
        """
        vjp, rebuild = self._vjp, self._rebuild
        if vjp is None or rebuild is None:
            raise InputError(
                "vjp= needs an f that returns real floating arrays only, got "
                f"{[dtype_name(value) for value in self.values]} among others"
            )
        return lambda x: vjp(x, rebuild(self.like_values(u)))


def _without_cotangent(gradient: Callable[..., Any]) -> Callable[..., Any]:
    """A gradient function as vjp(x, u)."""

    def vjp(x: Tree, u: Any) -> Tree:
        del u
        return gradient(x)

    return vjp


def cotangents(
    values: Sequence[Any], seed: int, *, level: bool = False
) -> list[Floats]:
    """Random cotangents of both signs, one array for each value.

    values : arrays; only their shapes count, unless level.
    level : whether they are larger for values that are smaller than others, by powers
        of two, so that each array takes an equal part in <u, f(x)>.
    """
    rng = np.random.default_rng([seed, 0x5E7])
    sizes = [_typical(value) if level else 1.0 for value in values]
    largest = max(sizes, default=1.0)
    found: list[Floats] = []
    for value, size in zip(values, sizes, strict=True):
        shape = np.shape(value)
        name = dtype_name(value)
        grid = COARSE if name in ("float16", "bfloat16") else GRID
        whole = rng.integers(grid // 2, grid + grid // 2, shape, endpoint=True)
        sign = np.array([-1.0, 1.0])[rng.integers(0, 2, shape)]
        top = 8 if name == "float16" else 100  # which ends at 2**16
        power = min(top, int(np.log2(largest / size))) if size > 0 else 0
        found.append(np.asarray(sign * whole / grid * 2.0**power))
    return found


def _typical(value: Any) -> float:
    """Root mean square of the finite entries of a value."""
    entries = np.abs(to_float64(value))
    largest = float(np.max(entries, initial=0.0, where=np.isfinite(entries)))
    if largest == 0:
        return 0.0
    relative = np.where(np.isfinite(entries), entries, 0.0) / largest
    return largest * float(np.sqrt(np.mean(np.square(relative))))
