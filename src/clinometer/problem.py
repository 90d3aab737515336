"""A question put to this package, as a value: f, x and what is claimed of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, final

__all__ = ["Problem"]


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A function, a point and a claimed gradient, for the command line to find by name.

    f : function of x, scalar-valued unless vjp, jacobian or autodiff is checked; or a
        torch.nn.Module, x being its inputs.
    x : the point: an array, or a nesting of arrays.
    gradient : function of x giving its claimed gradient, or that gradient itself, a
        tree like x; None for what torch's or JAX's autodiff makes of f.
    vjp, jacobian : other claims, in place of a gradient.
    loss : function of a torch model's output.
    order : 2 where second derivatives are checked, too.
    hessian, hessian_product : claims on them.
    batched : f takes a leading axis of points.
    vmap : f of one point is mapped by torch.func.vmap or jax.vmap.
    scale : tree like x of typical sizes > 0, in units of x; None for |x|.

    All mean what they mean for `check`.

    In a file of yours::

        bowl = clinometer.Problem(lambda x: (x**2).sum(), np.ones(3), lambda x: 2 * x)

    and then ``clinometer check file.py:bowl``.
    """

    f: Callable[..., Any]
    x: Any
    gradient: Any = None
    vjp: Callable[..., Any] | None = field(default=None, kw_only=True)
    jacobian: Callable[..., Any] | None = field(default=None, kw_only=True)
    loss: Callable[..., Any] | None = field(default=None, kw_only=True)
    order: int = field(default=1, kw_only=True)
    hessian: Callable[..., Any] | None = field(default=None, kw_only=True)
    hessian_product: Callable[..., Any] | None = field(default=None, kw_only=True)
    batched: bool = field(default=False, kw_only=True)
    vmap: bool = field(default=False, kw_only=True)
    scale: Any = field(default=None, kw_only=True)

    @property
    def options(self) -> dict[str, Any]:
        """What `check` is given beside f and x: all that is not as it is by default."""
        _, _, *options = fields(self)
        given = {option.name: getattr(self, option.name) for option in options}
        return {
            option.name: given[option.name]
            for option in options
            if given[option.name] is not option.default
        }
