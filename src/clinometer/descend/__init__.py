"""Descent as an experiment: rules, sources of gradients, and the traces they leave.

`minimise` sends a rule down a function with gradients from a slope; `compare` sets the
traces side by side, and `clinometer.show.draw_descent` draws them.
"""

from clinometer.descend.compare import Comparison, compare
from clinometer.descend.memoized import Memoized
from clinometer.descend.newton import Newton
from clinometer.descend.quasi import LBFGS
from clinometer.descend.road import minimise
from clinometer.descend.rules import Adam, GradientDescent, Momentum, Rule
from clinometer.descend.slopes import (
    Analytic,
    Barred,
    CentralDifferences,
    ForwardDifferences,
    RandomDirections,
    Slope,
)
from clinometer.descend.stop import Ending, Stop
from clinometer.descend.trace import Iteration, Trace

__all__ = [
    "LBFGS",
    "Adam",
    "Analytic",
    "Barred",
    "CentralDifferences",
    "Comparison",
    "Ending",
    "ForwardDifferences",
    "GradientDescent",
    "Iteration",
    "Memoized",
    "Momentum",
    "Newton",
    "RandomDirections",
    "Rule",
    "Slope",
    "Stop",
    "Trace",
    "compare",
    "minimise",
]
