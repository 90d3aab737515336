"""SciPy's L-BFGS as a rule that can be stopped after any iteration and go on later.

SciPy keeps its state to itself. What is remembered here are the answers that f has
given: a later run starts SciPy anew and answers from memory until it comes to a point
that was not asked before. The same answers lead to the same points, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from clinometer.descend.objective import Memory, Seen
from clinometer.descend.rules import Ask
from clinometer.errors import InputError, MissingExtraError

__all__ = ["LBFGS"]

Floats: TypeAlias = NDArray[np.float64]

ENDLESS = 2**31 - 1
"""Iterations and evaluations that SciPy may take: our own rules end a descent."""


@final
@dataclass(frozen=True)
class LBFGS:
    """scipy.optimize.minimize(method="L-BFGS-B") without bounds.

    history : pairs of steps and changes of the gradient that it keeps.
    ftol, gtol : SciPy's own tolerances, relative to f and absolute on the gradient; at
        0 it ends only where its line search fails.

    A trace to go on from holds every gradient asked for: 8 n bytes an evaluation.
    """

    history: int = 10
    ftol: float = 0.0
    gtol: float = 0.0

    def __post_init__(self) -> None:
        """Raises InputError for a number out of its range."""
        if type(self.history) is not int or self.history < 1:
            raise InputError(f"history must be a whole number >= 1, got {self.history}")
        if not (self.ftol >= 0 and self.gtol >= 0):
            raise InputError(
                f"ftol and gtol must be >= 0, got {self.ftol!r} and {self.gtol!r}"
            )

    def run(self, ask: Ask, memory: Memory | None) -> str:
        """Descend until told to stop, or until SciPy stops; returns its message.

        Raises MissingExtraError without SciPy.
        """
        try:
            from scipy import optimize  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise MissingExtraError(
                "LBFGS needs SciPy, which is not installed; pip install scipy"
            ) from error
        answers = _Answers(ask, memory)
        options = {
            "maxcor": self.history,
            "ftol": self.ftol,
            "gtol": self.gtol,
            "maxiter": ENDLESS,
            "maxfun": ENDLESS,
        }
        ended: Any = cast("Any", optimize).minimize(
            answers.answer,
            ask.start,
            jac=True,
            method="L-BFGS-B",
            callback=answers.heard,
            options=options,
        )
        return f"SciPy: {ended.message}"

    def __str__(self) -> str:
        own = "" if self.ftol == self.gtol == 0 else f", {self.ftol:g}, {self.gtol:g}"
        return f"L-BFGS (SciPy), history {self.history}{own}"


@final
class _Answers:
    """What f answered, call by call; asked again only where memory ends."""

    def __init__(self, ask: Ask, memory: Memory | None) -> None:
        kept = memory or {"losses": (), "gradients": (), "errors": (), "told": 0}
        self._ask = ask
        self._losses = [float(loss) for loss in kept["losses"]]
        self._gradients: list[Floats] = [*kept["gradients"]]
        self._errors = [float(error) for error in kept["errors"]]
        self._known = int(kept["told"])
        self._told = 0
        self._calls = 0
        self._recent: dict[bytes, Seen] = {}

    def answer(self, x: Floats) -> tuple[float, Floats]:
        """The loss and the gradient at a point, as SciPy asks for them."""
        seen = self._seen(x)
        self._recent[x.tobytes()] = seen
        self._calls += 1
        if self._calls == 1:
            self._tell(x, seen)
        return seen.loss, seen.gradient.copy()

    def heard(self, intermediate_result: Any) -> None:
        """An iteration of SciPy's is done: pass it on, unless it was told before."""
        x = np.array(intermediate_result.x)
        seen = self._recent[x.tobytes()]
        self._recent = {x.tobytes(): seen}
        self._tell(x, seen)

    def _seen(self, x: Floats) -> Seen:
        if self._calls < len(self._losses):
            k = self._calls
            return Seen(self._losses[k], self._gradients[k], self._errors[k])
        seen = self._ask.look(x)
        self._losses.append(seen.loss)
        self._gradients.append(seen.gradient)
        self._errors.append(seen.error)
        return seen

    def _tell(self, x: Floats, seen: Seen) -> None:
        self._told += 1
        if self._told <= self._known:
            return
        kept = {
            "losses": self._losses.copy(),
            "gradients": self._gradients.copy(),
            "errors": self._errors.copy(),
            "told": self._told,
        }
        self._ask.tell(self._ask.rounded(x), seen, kept)
