"""Is a claimed gradient right? Verdicts, findings and reports that rest on error bars.

The road: hear what is asked (`door`, `options`, `question`, `complexes`), read the
claim (`claim`), probe the laws that need no differences (`probes`), plan where to
measure (`plan`, `rays`), measure (`subject`), compare (`verdict` is the rule, `compare`
applies it to an array), find the places (`locate`), say why (`diagnose`, `why`), sum up
(`inspection`, `finding`, `report`, `table`). `modules` checks the parts of a model
alone, `twin` a low-precision kernel.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinometer.check.door import assert_gradient, check
from clinometer.check.finding import Finding, LeafSummary
from clinometer.check.interruption import Interrupted
from clinometer.check.report import Report
from clinometer.check.verdict import Verdict

if TYPE_CHECKING:
    from clinometer.check.modules.road import check_model
    from clinometer.check.modules.rules import check_rules
    from clinometer.check.twin.report import TwinLeaf, TwinReport, TwinRule
    from clinometer.check.twin.road import check_twin

__all__ = [
    "Finding",
    "Interrupted",
    "LeafSummary",
    "Report",
    "TwinLeaf",
    "TwinReport",
    "TwinRule",
    "Verdict",
    "assert_gradient",
    "check",
    "check_model",
    "check_rules",
    "check_twin",
]

_LATER = {
    "check_model": "clinometer.check.modules.road",
    "check_rules": "clinometer.check.modules.rules",
    "check_twin": "clinometer.check.twin.road",
    "TwinLeaf": "clinometer.check.twin.report",
    "TwinReport": "clinometer.check.twin.report",
    "TwinRule": "clinometer.check.twin.report",
}
"""Where the names stand that few need: `import clinometer` does not wait for them."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
