"""What a check is asked: a scalar function, the claim on its gradient, and its rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from clinometer.check.claim import Source
from clinometer.check.probes.jacobian import pulled_by_jacobian
from clinometer.check.probes.rule import Rule, cotangents
from clinometer.errors import InputError
from clinometer.trees import Layout

__all__ = ["Claimed", "Question"]


@final
@dataclass(frozen=True, eq=False)
class Claimed:
    """What a user claims; at most one of the three, else autodiff's gradient is meant.

    gradient : function of x, or a tree like x.
    vjp : function of x and of u like f(x), giving a tree like x.
    jacobian : function of x, giving a tree like x with f's shape in front.
    """

    gradient: Any = None
    vjp: Callable[..., Any] | None = None
    jacobian: Callable[..., Any] | None = None

    @property
    def given(self) -> bool:
        """Whether there is a claim of the user's."""
        return any(
            claim is not None for claim in (self.gradient, self.vjp, self.jacobian)
        )

    def __post_init__(self) -> None:
        """Raises InputError if more than one is given."""
        given = [
            name
            for name in ("gradient", "vjp", "jacobian")
            if getattr(self, name) is not None
        ]
        if len(given) > 1:
            raise InputError(
                "one claim is checked at a time, got "
                f"{' and '.join(f'{name}=' for name in given)}; keep one of them"
            )


@final
@dataclass(frozen=True, eq=False)
class Question:
    """A scalar function with the source of a claim on its gradient.

    f : the user's function, or <u, f(x)> for one that returns arrays.
    source : where the claim comes from.
    rule : what the probes ask; None where there is nothing to probe.
    paired : whether f is <u, f(x)>.
    """

    f: Callable[..., Any]
    source: Source
    rule: Rule | None
    paired: bool = False

    def source_for(self, *, probes: bool) -> Source:
        """Where the claim comes from; without probes nobody goes on with its pass."""
        return self.source if probes else replace(self.source, autodiff=None)

    @classmethod
    def of(
        cls,
        f: Callable[..., Any],
        layout: Layout,
        *,
        claimed: Claimed,
        batched: bool,
        seed: int,
    ) -> Question:
        """Read what is asked; f is called once, unless the gradient is an array.

        seed : of the cotangents u.
        """
        gradient, vjp = claimed.gradient, claimed.vjp
        if claimed.jacobian is not None:
            vjp = pulled_by_jacobian(claimed.jacobian, layout)
        plain = cls(f, Source(gradient, f, batched), None)
        if gradient is not None and not callable(gradient):
            return plain
        try:
            rule = Rule(f, layout, batched=batched, vjp=vjp, gradient=gradient)
        except Exception:  # noqa: BLE001 - what f raises is said when it is measured
            rule = None
        if rule is None:
            if vjp is None:
                return plain
            return cls(f, Source(vjp, f, batched), None)
        if rule.fixed or (rule.engine.name == "numpy" and vjp is None):
            return cls(f, plain.source, rule if rule.fixed and rule.scalar else None)
        u = [np.ones(())] if rule.scalar else cotangents(rule.values, seed, level=True)
        number = f if rule.scalar else rule.paired(u)
        claim = rule.gradient_for(u) if vjp is not None else None
        own = rule.gradient if claim is None and rule.records else None
        source = Source(claim, number, batched, own)
        return cls(number, source, rule, not rule.scalar)
