"""Numerical derivatives with error bars, and checks of gradients that rest on them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinometer.check import (
    Finding,
    Report,
    Verdict,
    assert_gradient,
    check,
)
from clinometer.derivative import (
    gradient,
    hessian,
    hessian_product,
    jacobian,
    laplacian,
    slope,
)
from clinometer.errors import (
    ClinometerError,
    FunctionError,
    GradientError,
    InputError,
    MissingExtraError,
    StorageError,
)
from clinometer.estimate import Estimate, Status
from clinometer.problem import Problem
from clinometer.stencil import (
    Stencil,
    backward,
    central,
    central_gradient,
    forward,
    stencil,
    tetrahedral,
)

if TYPE_CHECKING:
    from clinometer.check import TwinReport, check_model, check_rules, check_twin
    from clinometer.costs import CostReport, cost
    from clinometer.descend import Trace, minimise
    from clinometer.descend.noisy import noise_aware_lbfgs
    from clinometer.hooks import Checked, CheckedClosure, checked, checked_closure
    from clinometer.memo import MemoizedGradient, memoized
    from clinometer.spot import SpotCheck
    from clinometer.textbook import gradient_check, relative_error

__version__ = "0.1.0"

__all__ = [
    "Checked",
    "CheckedClosure",
    "ClinometerError",
    "CostReport",
    "Estimate",
    "Finding",
    "FunctionError",
    "GradientError",
    "InputError",
    "MemoizedGradient",
    "MissingExtraError",
    "Problem",
    "Report",
    "SpotCheck",
    "Status",
    "Stencil",
    "StorageError",
    "Trace",
    "TwinReport",
    "Verdict",
    "assert_gradient",
    "backward",
    "central",
    "central_gradient",
    "check",
    "check_model",
    "check_rules",
    "check_twin",
    "checked",
    "checked_closure",
    "cost",
    "forward",
    "gradient",
    "gradient_check",
    "hessian",
    "hessian_product",
    "jacobian",
    "laplacian",
    "memoized",
    "minimise",
    "noise_aware_lbfgs",
    "relative_error",
    "slope",
    "stencil",
    "tetrahedral",
]

_LATER = {
    "Checked": "clinometer.hooks",
    "CheckedClosure": "clinometer.hooks",
    "CostReport": "clinometer.costs",
    "Trace": "clinometer.descend",
    "SpotCheck": "clinometer.spot",
    "MemoizedGradient": "clinometer.memo",
    "TwinReport": "clinometer.check",
    "check_model": "clinometer.check",
    "check_rules": "clinometer.check",
    "check_twin": "clinometer.check",
    "checked": "clinometer.hooks",
    "checked_closure": "clinometer.hooks",
    "cost": "clinometer.costs",
    "gradient_check": "clinometer.textbook",
    "memoized": "clinometer.memo",
    "minimise": "clinometer.descend",
    "noise_aware_lbfgs": "clinometer.descend.noisy",
    "relative_error": "clinometer.textbook",
}
"""Where the names stand that few need: `import clinometer` does not wait for them."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
