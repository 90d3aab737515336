"""The engine of JAX: jax.grad, jax.vmap and JAX's registry of containers.

Importing this module imports jax; `clinometer.engines` does so only once the user
has loaded it.
"""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import jax
import jax.numpy as jnp

from clinometer.errors import InputError

__all__ = ["JaxEngine", "flatten", "is_container"]


@final
class JaxEngine:
    """JAX's reverse mode and vmap."""

    @property
    def name(self) -> str:
        """The library's name."""
        return "jax"

    def vmap(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The map of f over the leading axis of every array of its argument.

        f : function of one point, taking the list of its leaves.
        Returns a function of the list of leaves with a leading axis (P, ...).
        """
        return jax.vmap(f)

    def gradient(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> list[Any]:
        """Reverse-mode gradient of scalar f at the leaves, as JAX computes it.

        f : function of the list of leaves, returning a real array of shape ().
        leaves : floating arrays.
        Returns arrays of the leaves' shapes. JAX does not tell an unused leaf from
        one with zero gradient: both give zeros.
        Raises InputError if f returns anything but a real floating array of shape ().
        """

        def scalar(points: list[Any]) -> Any:
            value = f(points)
            _require_scalar(value)
            return value

        return list(jax.grad(scalar)(list(leaves)))


def is_container(x: object) -> bool:
    """Whether JAX takes x for a container of leaves (None is an empty one)."""
    return not jax.tree_util.all_leaves([x])


def flatten(
    x: Any, *, none_is_leaf: bool = False
) -> tuple[list[Any], list[str], Callable[[Sequence[Any]], Any]]:
    """Leaves of a container registered with JAX, their paths, and the way back.

    x : any nesting of containers that jax.tree_util knows.
    none_is_leaf : whether None is a leaf, not an empty container.
    Returns (leaves, paths, rebuild): paths are printable, such as x['w'][0] or
    x.weights; rebuild takes as many leaves and returns a container like x.
    Source: jax.tree_util.tree_flatten_with_path and keystr.
    """
    is_leaf = _is_none if none_is_leaf else None
    found, structure = jax.tree_util.tree_flatten_with_path(x, is_leaf)
    leaves = [leaf for _, leaf in found]
    paths = ["x" + jax.tree_util.keystr(keys) for keys, _ in found]

    def rebuild(leaves: Sequence[Any]) -> Any:
        return jax.tree_util.tree_unflatten(structure, list(leaves))

    return leaves, paths, rebuild


def _is_none(x: object) -> bool:
    return x is None


def _require_scalar(value: Any) -> None:
    """Raise InputError unless value is a real floating array of shape ()."""
    shape = jnp.shape(value)
    if shape != ():
        raise InputError(
            "the gradient needs an f that returns one number, an array of shape (), "
            f"got shape {shape}; reduce it in f, e.g. with .sum()"
        )
    dtype = jnp.result_type(value)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise InputError(
            "the gradient needs an f that returns a real floating-point number, "
            f"got dtype {dtype}; return e.g. its real part"
        )
