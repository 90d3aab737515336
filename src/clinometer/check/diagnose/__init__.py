"""Why a gradient is wrong, told from claimed and measured slopes alone.

Pure arithmetic on arrays: `LeafEvidence` goes in, ranked diagnoses come out. Fields
that a claim may be a multiple of are made from n and x (`bases`), fitted to the wrong
entries and weighed by description length (`fit`), with a region in words (`places`,
`predicates`) and the name of the constant (`constants`). What no field explains may
still have a pattern (`pattern`). Of large leaves a few entries are asked (`sampled`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinometer.check.diagnose.evidence import LeafEvidence

if TYPE_CHECKING:
    from clinometer.check.diagnose.sampled import (
        cause_of_block,
        cause_of_sample,
        places_within,
        sample_of,
    )
    from clinometer.check.diagnose.whole import diagnose

__all__ = [
    "LeafEvidence",
    "cause_of_block",
    "cause_of_sample",
    "diagnose",
    "places_within",
    "sample_of",
]

_LATER = {
    "cause_of_block": "clinometer.check.diagnose.sampled",
    "cause_of_sample": "clinometer.check.diagnose.sampled",
    "diagnose": "clinometer.check.diagnose.whole",
    "places_within": "clinometer.check.diagnose.sampled",
    "sample_of": "clinometer.check.diagnose.sampled",
}
"""Where the work is done: a claim that agrees is never diagnosed."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
