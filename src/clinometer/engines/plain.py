"""The engine of NumPy, which has neither autodiff nor a vectorising map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, final

import numpy as np

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
        raise InputError(_NO_AUTODIFF)

    def vjp(self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]) -> NoReturn:
        """Nothing comes back: NumPy cannot differentiate a function.

        Raises InputError, always.
        """
        del f, leaves
        raise InputError(_NO_AUTODIFF)

    def jvp(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        tangents: Sequence[Any],
    ) -> NoReturn:
        """Nothing comes back: NumPy cannot differentiate a function.

        Raises InputError, always.
        """
        del f, leaves, tangents
        raise InputError(_NO_AUTODIFF)

    def second(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any], v: Sequence[Any]
    ) -> NoReturn:
        """Nothing comes back: NumPy cannot differentiate a function.

        Raises InputError, always.
        """
        del f, leaves, v
        raise InputError(_NO_AUTODIFF)

    def graph(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        *,
        unroll: bool = False,
    ) -> NoReturn:
        """Nothing comes back: what NumPy computes in a function cannot be traced.

        Raises InputError, always.
        """
        del f, leaves, unroll
        raise InputError(_NO_GRAPH)

    def gradient_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> NoReturn:
        """Nothing comes back: NumPy has no autodiff, nor a trace.

        Raises InputError, always.
        """
        del f, leaves
        raise InputError(_NO_GRAPH)

    def tangent_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> NoReturn:
        """Nothing comes back: NumPy has no autodiff, nor a trace.

        Raises InputError, always.
        """
        del f, leaves
        raise InputError(_NO_GRAPH)

    def forwards(
        self, f: Callable[[list[Any]], list[Any]]
    ) -> dict[str, Callable[[list[Any]], list[Any]]]:
        """None: NumPy calls a function in one way only."""
        del f
        return {}

    def layouts(self, array: Any) -> dict[str, Any]:
        """Equal arrays in Fortran order, sliced from a longer one, or run backwards.

        array : of any shape; for one of fewer than two entries there are none.
        """
        own = np.asarray(array)
        if own.size < 2 or not own.ndim:
            return {}
        longer = np.full((*own.shape[:-1], 2 * own.shape[-1]), FILL, own.dtype)
        sliced = longer[..., ::2]
        sliced[...] = own
        found = {"sliced": sliced, "backwards": np.flip(np.flip(own).copy())}
        if min(own.shape) > 1 and own.ndim > 1:
            found["in Fortran order"] = np.asfortranarray(own)
        return found

    def disturb(self, array: Any) -> bool:
        """False: what NumPy's arrays hold is not recorded for a backward pass."""
        del array
        return False


FILL = -7.0
"""Stands between the entries of a sliced array; who ignores its strides reads it."""

_NO_AUTODIFF = (
    "no gradient to check: x holds NumPy arrays, which have no autodiff; "
    "pass gradient= (a function of x, or the array itself), or make x of "
    "torch or JAX arrays"
)

_NO_GRAPH = (
    "no operations to count or to reuse: x holds NumPy arrays, whose computations "
    "leave no trace; make x of torch or JAX arrays and f of their operations"
)
