"""How many bytes an array takes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["bytes_of"]

BITS = re.compile(r"[a-z]+(\d+)")


def bytes_of(shape: Sequence[int], dtype: str) -> int:
    """Bytes of an array; dtype by name, as "float32", "bool" or "bfloat16".

    A dtype without a width in its name, such as a random key, takes 8 bytes an entry.
    """
    found = BITS.match(dtype)
    bits = int(found[1]) if found else 8 if dtype == "bool" else 64
    return math.prod(shape) * max(bits // 8, 1)
