"""Observations that the data-fitting problems carry with them.

Source: Moré, Garbow & Hillstrom 1981, ACM TOMS 7, 17-41; numbers of the problems there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BARD", "GAUSSIAN", "KOWALIK", "KOWALIK_AT", "MEYER", "OSBORNE_1"]
__all__ += ["OSBORNE_2"]


def _numbers(words: str) -> NDArray[np.float64]:
    return np.array([float(word) for word in words.split()])


BARD = _numbers(
    "0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39"
)
"""(15) problem 8."""

_HALF = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
GAUSSIAN = np.array([*_HALF, 0.3989, *_HALF[::-1]])
"""(15) problem 9."""

MEYER = _numbers(
    "34780 28610 23650 19630 16370 13720 11540 9744 "
    "8261 7030 6005 5147 4427 3820 3307 2872"
)
"""(16) problem 10."""

KOWALIK = _numbers(
    "0.1957 0.1947 0.1735 0.1600 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246"
)
"""(11) problem 15."""

KOWALIK_AT = _numbers("4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625")
"""(11) problem 15, where it was observed."""

OSBORNE_1 = _numbers(
    "0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751 "
    "0.718 0.685 0.658 0.628 0.603 0.580 0.558 0.538 0.522 0.506 0.490 "
    "0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.420 0.414 0.411 0.406"
)
"""(33) problem 17."""

OSBORNE_2 = _numbers(
    "1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 "
    "0.655 0.616 0.606 0.602 0.626 0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661 "
    "0.612 0.558 0.533 0.495 0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405 0.428 "
    "0.429 0.523 0.562 0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559 "
    "0.597 0.625 0.739 0.710 0.729 0.720 0.636 0.581 0.428 0.292 0.162 0.098 0.054"
)
"""(65) problem 19."""
