"""What each way to a gradient costs, on the user's own function.

`cost(f, x)` counts operations in the function's graph, times it, measures the errors of
every way against derivatives with bars, and recommends one.
"""

from clinometer.costs.accuracy import Accuracy
from clinometer.costs.door import cost
from clinometer.costs.growth import Growth, growth
from clinometer.costs.report import CostReport, CostRow, Missing, Way

__all__ = [
    "Accuracy",
    "CostReport",
    "CostRow",
    "Growth",
    "Missing",
    "Way",
    "cost",
    "growth",
]
