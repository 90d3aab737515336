"""The engine of JAX: jax.grad, jax.vmap and JAX's registry of containers.

Importing this module imports jax; `clinometer.engines` does so only once the user
has loaded it.
"""

# JAX's compiled half (jaxlib) has no types: what comes out of it is unknown to pyright.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import jax
import jax.numpy as jnp

from clinometer.engines.jax_graph import graph_of
from clinometer.errors import InputError
from clinometer.graph import Graph

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
        return list(jax.grad(_scalar(f))(list(leaves)))

    def vjp(
        self, f: Callable[[list[Any]], list[Any]], leaves: Sequence[Any]
    ) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        """Values of f and the way back from cotangents to gradients, by jax.vjp.

        f : function of the list of leaves, returning a list of real floating arrays.
        Returns (values, pullback).
        """
        values, pull = jax.vjp(f, list(leaves))
        return list(values), lambda cotangents: list(pull(list(cotangents))[0])

    def jvp(
        self,
        f: Callable[[list[Any]], list[Any]],
        leaves: Sequence[Any],
        tangents: Sequence[Any],
    ) -> tuple[list[Any], list[Any]] | None:
        """Values of f and their derivatives along tangents, by jax.jvp.

        Returns None where f holds a rule without forward mode, such as a custom_vjp.
        """
        try:
            values, slopes = jax.jvp(f, (list(leaves),), (list(tangents),))
        except (TypeError, ValueError, NotImplementedError) as error:
            if _lacks_mode(error):
                return None
            raise
        return list(values), list(slopes)

    def forwards(
        self, f: Callable[[list[Any]], list[Any]]
    ) -> dict[str, Callable[[list[Any]], list[Any]]]:
        """f called as it is, without a transformation, and compiled by jax.jit."""
        return {"outside autodiff": f, "under jit": jax.jit(f)}

    def graph(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        *,
        unroll: bool = False,
    ) -> Graph:
        """The operations of scalar f, as jax.make_jaxpr traces them."""
        return graph_of(_scalar(f), leaves, unroll=unroll)

    def gradient_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The operations of jax.value_and_grad of f; outputs: value, gradients."""
        return graph_of(jax.value_and_grad(_scalar(f)), leaves)

    def tangent_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The operations of jax.jvp of f along one direction; outputs: value, slope."""

        def along(both: list[Any]) -> Any:
            return jax.jvp(
                _scalar(f), (both[: len(both) // 2],), (both[len(both) // 2 :],)
            )

        return graph_of(along, [*leaves, *leaves])

    def layouts(self, array: Any) -> dict[str, Any]:
        """None: how JAX's arrays lie in memory is hidden from all rules."""
        del array
        return {}

    def disturb(self, array: Any) -> bool:
        """False: JAX's arrays never change."""
        del array
        return False

    def second(
        self,
        f: Callable[[list[Any]], list[Any]],
        leaves: Sequence[Any],
        v: Sequence[Any],
    ) -> dict[str, Callable[[], list[Any] | None]]:
        """The compositions of two modes that give Hessian times v, by name."""
        at, along = list(leaves), list(v)

        def scalar(points: list[Any]) -> Any:
            return f(points)[0]

        def slope(points: list[Any]) -> Any:
            return jax.jvp(scalar, (points,), (along,))[1]

        def product(points: list[Any]) -> Any:
            slopes = jax.grad(scalar)(points)
            pairs = zip(slopes, along, strict=True)
            return sum((a * b).sum() for a, b in pairs)

        def by(compose: Callable[[], Any]) -> Callable[[], list[Any] | None]:
            def run() -> list[Any] | None:
                try:
                    return list(compose())
                except (TypeError, ValueError, NotImplementedError) as error:
                    if _lacks_mode(error):
                        return None
                    raise

            return run

        def forward_over_forward() -> list[Any]:
            """Entry by entry of the product, for forward mode gives one number."""
            basis = jax.vmap(lambda w: jax.jvp(slope, (at,), (w,))[1])
            return _by_entry(basis, at)

        return {
            "reverse over reverse": by(lambda: jax.grad(product)(at)),
            "forward over reverse": by(
                lambda: jax.jvp(jax.grad(scalar), (at,), (along,))[1]
            ),
            "reverse over forward": by(lambda: jax.grad(slope)(at)),
            "forward over forward": by(forward_over_forward),
        }


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


def _by_entry(slope: Callable[[list[Any]], Any], at: list[Any]) -> list[Any]:
    """Gradient from slopes along each of the entries, a leaf at a time.

    slope : slopes (E) along a batch of E tangents, each leaf (E, *shape).
    """
    found: list[Any] = []
    for k, leaf in enumerate(at):
        unit = jnp.eye(leaf.size, dtype=leaf.dtype).reshape((leaf.size, *leaf.shape))
        batch = [
            unit if j == k else jnp.zeros((leaf.size, *other.shape), other.dtype)
            for j, other in enumerate(at)
        ]
        found.append(slope(batch).reshape(leaf.shape))
    return found


def _lacks_mode(error: Exception) -> bool:
    """Whether JAX says that a rule has no forward (or no reverse) mode."""
    said = str(error)
    return any(words in said for words in LACKING)


LACKING = (
    "forward-mode autodiff (jvp)",
    "do not support JVP",
    "Reverse-mode differentiation does not work",
    "Differentiation rule for",
)
"""What JAX says where a mode is missing: custom_vjp under jvp, callbacks, while_loop
under reverse mode, a primitive without a rule."""


def _is_none(x: object) -> bool:
    return x is None


def _scalar(f: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """f, whose value is looked at."""

    def scalar(points: list[Any]) -> Any:
        value = f(points)
        _require_scalar(value)
        return value

    return scalar


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
