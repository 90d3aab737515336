"""Is a claimed gradient right? Verdicts, findings and reports that rest on error bars.

The road: hear what is asked (`options`, `question`, `complexes`), read the claim
(`claim`), probe the laws that need no differences (`probes`, on a `trial` of a `rule`;
`second` for the gradient of the gradient), plan where to measure (`plan`), measure
(`subject`), compare (`verdict` is the rule, `compare` applies it to a leaf), say why
(`why`), sum up (`inspection`, `report`, `table`).
"""

from clinometer.check.interruption import Interrupted
from clinometer.check.modules import check_model
from clinometer.check.report import Finding, LeafSummary, Report
from clinometer.check.road import assert_gradient, check
from clinometer.check.rules import check_rules
from clinometer.check.twin import check_twin
from clinometer.check.twin_report import TwinLeaf, TwinReport, TwinRule
from clinometer.check.verdict import Verdict

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
