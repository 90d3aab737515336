"""Counted operations, as a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import final

__all__ = ["Operations"]

Number = int | Fraction


@final
@dataclass(frozen=True)
class Operations:
    """How many operations on floating-point numbers a computation takes.

    multiplications : products and quotients, those inside matrix products among them;
        a product with a padding of zeros, or with a constant 1, is none.
    additions : sums and differences, the same; a change of sign is none.
    transcendentals : exp, log, tanh, sqrt, power and their like, one each; a sigmoid is
        one, with an addition and a quotient.
    comparisons : of floating-point numbers, also those inside max, clip and sort.
    matmuls : matrix products and convolutions; matmul_multiplications : those in them.
    bytes_moved : what all operations read and write, each by itself: a compiler that
        joins operations moves less. Views (reshape, transpose, slice) move nothing.
    uncounted : operations, by name, that are not in the other numbers, and how often
        they run; empty if all are counted.

    Arithmetic on whole numbers, and what no entry of x enters, is not counted.
    """

    multiplications: Number = 0
    additions: Number = 0
    transcendentals: Number = 0
    comparisons: Number = 0
    matmuls: Number = 0
    matmul_multiplications: Number = 0
    bytes_moved: Number = 0
    uncounted: Mapping[str, Number] = field(default_factory=dict[str, Number])

    @property
    def complete(self) -> bool:
        """Whether every operation was counted."""
        return not self.uncounted

    @property
    def total(self) -> Number:
        """All operations on numbers: the first four, added."""
        arithmetic = self.multiplications + self.additions
        return arithmetic + self.transcendentals + self.comparisons

    def __add__(self, other: Operations) -> Operations:
        """The operations of both."""
        numbers = {k: getattr(self, k) + getattr(other, k) for k in NUMBERS}
        names = Counter(self.uncounted)
        names.update(other.uncounted)
        return Operations(**numbers, uncounted=dict(names))

    def __mul__(self, times: Number) -> Operations:
        """The operations of that many runs."""
        numbers = {k: whole(getattr(self, k) * times) for k in NUMBERS}
        names = {k: whole(n * times) for k, n in self.uncounted.items()}
        return Operations(**numbers, uncounted={k: n for k, n in names.items() if n})

    __rmul__ = __mul__


NUMBERS = tuple(each.name for each in fields(Operations) if each.name != "uncounted")


def whole(number: Number) -> Number:
    """The same number, as an int where it is one."""
    return int(number) if number.denominator == 1 else number
