"""Is a claimed gradient right? Verdicts, findings and reports that rest on error bars.

The road: read the claim (`claim`), plan where to measure (`plan`), measure (`subject`),
compare (`verdict` is the rule, `compare` applies it to a leaf), say why (`why`), sum up
(`inspection`, `report`, `table`).
"""

from clinometer.check.interruption import Interrupted
from clinometer.check.report import Finding, LeafSummary, Report
from clinometer.check.road import assert_gradient, check
from clinometer.check.verdict import Verdict

__all__ = [
    "Finding",
    "Interrupted",
    "LeafSummary",
    "Report",
    "Verdict",
    "assert_gradient",
    "check",
]
