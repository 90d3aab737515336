"""Numerical derivatives with error bars, and checks of gradients that rest on them."""

from clinometer.check import (
    Finding,
    Report,
    TwinReport,
    Verdict,
    assert_gradient,
    check,
    check_model,
    check_rules,
    check_twin,
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
)
from clinometer.estimate import Estimate, Status
from clinometer.hooks import Checked, CheckedClosure, checked, checked_closure
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
from clinometer.textbook import gradient_check, relative_error

__version__ = "0.1.0"

__all__ = [
    "Checked",
    "CheckedClosure",
    "ClinometerError",
    "Estimate",
    "Finding",
    "FunctionError",
    "GradientError",
    "InputError",
    "MissingExtraError",
    "Problem",
    "Report",
    "Status",
    "Stencil",
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
    "forward",
    "gradient",
    "gradient_check",
    "hessian",
    "hessian_product",
    "jacobian",
    "laplacian",
    "relative_error",
    "slope",
    "stencil",
    "tetrahedral",
]
