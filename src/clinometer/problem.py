"""A question put to this package, as a value: f, x and what is claimed of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

__all__ = ["Problem"]


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A function, a point and a claimed gradient, for the command line to find by name.

    f : function of x, scalar-valued.
    x : the point: an array, or a nesting of arrays.
    gradient : function of x giving its claimed gradient, or that gradient itself, a
        tree like x; None for what torch's or JAX's autodiff makes of f.
    batched : f takes a leading axis of points.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : tree like x of typical sizes > 0, in units of x; None for |x|.

    In a file of yours::

        bowl = clinometer.Problem(lambda x: (x**2).sum(), np.ones(3), lambda x: 2 * x)

    and then ``clinometer check file.py:bowl``.
    """

    f: Callable[..., Any]
    x: Any
    gradient: Any = None
    batched: bool = field(default=False, kw_only=True)
    vmap: bool = field(default=False, kw_only=True)
    scale: Any = field(default=None, kw_only=True)
