"""Gradients by differences in which nothing is computed twice.

All values of f's operations are kept from one run at x. Perturbing an entry of x then
moves a *delta* through the operations that it reaches: the part of an array that
changes, and by how much.
"""

from clinometer.memo.door import memoized, memoized_work
from clinometer.memo.outcome import MemoizedGradient, Work
from clinometer.memo.preparation import Difference, Method

__all__ = [
    "Difference",
    "MemoizedGradient",
    "Method",
    "Work",
    "memoized",
    "memoized_work",
]
