"""The exceptions of this package.

    Exception
    └── ClinometerError
        ├── InputError         (ValueError)      what the caller passed breaks a rule
        ├── FunctionError      (RuntimeError)    the caller's function failed at a point
        ├── MissingExtraError  (ImportError)     an optional library is not installed
        ├── StorageError       (OSError)         a file cannot be written or read
        └── GradientError      (AssertionError)  a report had to agree, and differs

Each is also of the built-in kind in brackets, so that `except ValueError` works.
A message says the rule, the value got and the way out. All arguments are positional:
an exception with keyword-only arguments cannot be unpickled, and breaks the process
pool it crosses.

A gradient that looks wrong is not an exception: it is a report, and only
`report.require()` and `assert_gradient` turn it into a GradientError.
"""

__all__ = [
    "ClinometerError",
    "FunctionError",
    "GradientError",
    "InputError",
    "MissingExtraError",
    "StorageError",
]


class ClinometerError(Exception):
    """Anything this package raises on purpose."""


class InputError(ClinometerError, ValueError):
    """An argument breaks a rule; the message says which, and the way out."""


class FunctionError(ClinometerError, RuntimeError):
    """The caller's function raised or misbehaved; the message names the point."""


class MissingExtraError(ClinometerError, ImportError):
    """An optional library is missing; the message names the extra to install."""


class StorageError(ClinometerError, OSError):
    """A file cannot be written or read; what was there before is as it was."""


class GradientError(ClinometerError, AssertionError):
    """A gradient was required to agree with the measured one, and does not."""
