"""The engine of NumPy, which has neither autodiff nor a vectorising map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, final

from clinometer.errors import InputError

__all__ = ["PlainEngine"]


@final
class PlainEngine:
    """NumPy: no autodiff and no map; both requests say what to do instead."""

    @property
    def name(self) -> str:
        """The library's name."""
        return "numpy"

    def vmap(self, f: Callable[..., Any]) -> NoReturn:
        """Nothing comes back: NumPy cannot map a function.

        Raises InputError, always.
        """
        del f
        raise InputError(
            "vmap=True needs an x of torch or JAX arrays, got NumPy arrays; "
            "if f takes a leading axis of points, pass batched=True instead"
        )

    def gradient(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> NoReturn:
        """Nothing comes back: NumPy cannot differentiate a function.

        Raises InputError, always.
        """
        del f, leaves
        raise InputError(
            "no gradient to check: x holds NumPy arrays, which have no autodiff; "
            "pass gradient= (a function of x, or the array itself), or make x of "
            "torch or JAX arrays"
        )
