"""The published set: every function of the benchmark, in the order of its categories.

Chosen before any library was run on it, to cover what users meet; no function is there
to please or to hurt one library. Truths are closed formulas, checked in the tests
against 50-digit arithmetic.
"""

from __future__ import annotations

from benchmarks.case import Case
from benchmarks.corpus.domain import DOMAIN
from benchmarks.corpus.float32 import FLOAT32
from benchmarks.corpus.kinks import KINK
from benchmarks.corpus.large import LARGE
from benchmarks.corpus.magnitudes import MAGNITUDE, ZERO
from benchmarks.corpus.noisy import NOISY
from benchmarks.corpus.scaled import SCALED
from benchmarks.corpus.singular import OSCILLATING, SINGULAR
from benchmarks.corpus.smooth import SMOOTH

CASES: tuple[Case, ...] = (
    *SMOOTH,
    *SCALED,
    *SINGULAR,
    *OSCILLATING,
    *ZERO,
    *MAGNITUDE,
    *NOISY,
    *FLOAT32,
    *DOMAIN,
    *KINK,
    *LARGE,
)
