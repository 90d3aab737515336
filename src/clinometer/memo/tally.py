"""Arithmetic that is done, counted while it is done."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import final

from clinometer.graph import Kind, Node
from clinometer.operations.rules import EACH, TAKEN_TOGETHER, cost_of, integer_power
from clinometer.operations.value import Operations

__all__ = ["Tally"]


@final
class Tally:
    """A running count, in the terms of `clinometer.operations`."""

    def __init__(self) -> None:
        self.multiplications = 0
        self.additions = 0
        self.transcendentals = 0
        self.comparisons = 0
        self.uncounted: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All of them."""
        arithmetic = self.multiplications + self.additions
        return arithmetic + self.transcendentals + self.comparisons

    def map(self, node: Node, size: int) -> None:
        """An elementwise operation on so many numbers."""
        if node.name == "integer_pow":
            exponent = int(node.parameters["exponent"])
            self.multiplications += integer_power(exponent) * size
        elif node.name in EACH:
            self.add(EACH[node.name], size)
        else:
            self.uncounted[node.name] += size

    def reduction(self, node: Node, joined: int) -> None:
        """A reduction that takes so many entries in."""
        if node.name in TAKEN_TOGETHER:
            self.add(TAKEN_TOGETHER[node.name], joined)
        else:
            self.uncounted[node.name] += joined

    def runs(self, node: Node, shapes: Sequence[tuple[int, ...]], times: int) -> None:
        """A node run so many times by the library; shapes : of its operands."""
        if node.kind in {Kind.LOOP, Kind.BRANCH}:
            self.uncounted[node.name] += times
            return
        found = cost_of(node, shapes)
        self.add(found, times)

    def products(self, size: int, inner: int) -> None:
        """So many sums of as many products."""
        self.multiplications += size * inner
        self.additions += size * max(inner - 1, 0)

    def sums(self, terms: int) -> None:
        """Additions."""
        self.additions += max(terms, 0)

    def add(self, each: Operations, times: int) -> None:
        """Some operations, so many times."""
        self.multiplications += math.ceil(each.multiplications * times)
        self.additions += math.ceil(each.additions * times)
        self.transcendentals += math.ceil(each.transcendentals * times)
        self.comparisons += math.ceil(each.comparisons * times)
        for name, count in each.uncounted.items():
            self.uncounted[name] += math.ceil(count * times)

    def shared(self, among: int) -> Operations:
        """The share of each, where so many did all of it."""
        return Operations(
            multiplications=Fraction(self.multiplications, among),
            additions=Fraction(self.additions, among),
            transcendentals=Fraction(self.transcendentals, among),
            comparisons=Fraction(self.comparisons, among),
            uncounted={k: Fraction(n, among) for k, n in self.uncounted.items()},
        )
