"""All cases of the corpus; tests and the benchmark of checkers ask the same."""

from collections.abc import Sequence

from tests.corpus import (
    jax_rules,
    libraries,
    numpy_faults,
    numpy_slips,
    right,
    torch_points,
    torch_probes,
    torch_scalar,
    torch_slips,
    undecidable,
)
from tests.corpus.case import Case, Right

__all__ = ["FAULTS", "RIGHT", "UNDECIDABLE"]

FAULTS: Sequence[Case] = [
    *numpy_faults.CASES,
    *numpy_slips.CASES,
    *torch_scalar.CASES,
    *torch_points.CASES,
    *torch_probes.CASES,
    *torch_slips.CASES,
    *jax_rules.CASES,
]
RIGHT: Sequence[Right] = [*right.CASES, *libraries.RIGHT]
UNDECIDABLE: Sequence[Right] = [*undecidable.CASES, *libraries.UNDECIDABLE]
