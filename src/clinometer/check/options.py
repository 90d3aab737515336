"""How a check is to be done, as one value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import final

from clinometer.check.interruption import Progress
from clinometer.check.probes.second_products import Second
from clinometer.check.question import Claimed
from clinometer.errors import InputError
from clinometer.trees import Tree

__all__ = ["Options"]


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Options:
    """The claim and the options of `check`, under the names it gives them."""

    claimed: Claimed = field(default_factory=Claimed)
    second: Second = field(default_factory=Second)
    rtol: float | None = None
    seed: int = 0
    entries: int | None = None
    batched: bool = False
    vmap: bool = False
    scale: Tree | None = None
    probes: bool = True
    upcast: bool = True
    order: int = 1
    progress: Progress | None = None

    def __post_init__(self) -> None:
        """Raises InputError for an option out of its range."""
        rtol = self.rtol
        if rtol is not None and not (math.isfinite(rtol) and 0 <= rtol < 1):
            raise InputError(
                f"rtol must lie in [0, 1), got {rtol!r}; omit it to have one chosen"
            )
        if self.seed < 0:
            raise InputError(f"seed must be a whole number >= 0, got {self.seed!r}")
        if self.entries is not None and self.entries < 0:
            raise InputError(
                f"entries must be a whole number >= 0, got {self.entries!r}; with 0 "
                "all leaves are compared along random directions"
            )
        if self.order not in {1, 2}:
            raise InputError(f"order must be 1 or 2, got {self.order!r}")
