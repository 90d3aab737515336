"""Automatic differentiation and vectorising maps of the array libraries.

The one place besides the surface room where torch and JAX are imported, and only
once an array of that library has been seen: a leaf of a library proves that the
user has loaded it, so choosing an engine never loads a library.

An engine works on the *list of leaves* of an input. Only clinometer's own tree code
knows every container a user may have registered; a list is known to every library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from clinometer.arrays import is_array, library
from clinometer.engines.record import ModelParts, Rule
from clinometer.errors import InputError
from clinometer.graph import Graph

__all__ = [
    "Engine",
    "Listed",
    "flatten_registered",
    "is_model",
    "model_of",
    "of",
    "rules_of",
]

Listed: TypeAlias = Callable[[list[Any]], list[Any]]
"""A function of the list of its input's leaves, giving the list of its value's."""


class Engine(Protocol):
    """What the array API standard does not cover, of one array library."""

    @property
    def name(self) -> str:
        """Library it drives: "numpy", "torch" or "jax"."""
        ...

    def vmap(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The map of f over the leading axis of every array in its argument.

        f : function of one point, taking the list of its leaves.
        Returns a function of the list of leaves, each with a leading axis (P, ...),
        giving f's results stacked along a leading axis of length P.
        Raises InputError where the library has no such map.
        """
        ...

    def gradient(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> list[Any]:
        """Reverse-mode gradient of scalar f, one entry per leaf.

        f : function of the list of leaves, returning one real number as an array of
            shape ().
        leaves : real floating arrays; they are neither changed nor written to.
        Returns arrays of the leaves' shapes; None for a leaf that the library says
        f does not use.
        Raises InputError if f does not return a real array of shape (), or if the
        library cannot differentiate; what f itself raises comes through unchanged.
        """
        ...

    def vjp(
        self, f: Listed, leaves: Sequence[Any]
    ) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        """Values of f, recorded, and the way back from cotangents to gradients.

        f : function of the list of leaves, returning a list of real floating arrays.
        leaves : real floating arrays. f gets them as they lie in memory, not copies.
        Returns (values, pullback). pullback takes one cotangent for each value, of its
        shape and dtype, and gives one gradient for each leaf, or None where the library
        says that nothing depends on it; it may be called again and again.
        Raises InputError if the library cannot differentiate; what f raises comes
        through unchanged.
        """
        ...

    def jvp(
        self, f: Listed, leaves: Sequence[Any], tangents: Sequence[Any]
    ) -> tuple[list[Any], list[Any]] | None:
        """Values of f and their derivatives along tangents, by forward mode.

        f, leaves : as for `vjp`.
        tangents : one for each leaf, of its shape and dtype.
        Returns None where the library, or a rule used by f, has no forward mode.
        Raises InputError if the library cannot differentiate.
        """
        ...

    def forwards(self, f: Listed) -> dict[str, Listed]:
        """Other ways to the plain values of f, by name: without a graph, compiled."""
        ...

    def layouts(self, array: Any) -> dict[str, Any]:
        """Equal arrays that lie otherwise in memory, by name; none where all lie alike.

        An array whose entries are all equal is also expanded, with strides 0.
        """
        ...

    def disturb(self, array: Any) -> bool:
        """Change an array in place; False where the library or the array forbids it."""
        ...

    def second(
        self, f: Listed, leaves: Sequence[Any], v: Sequence[Any]
    ) -> dict[str, Callable[[], list[Any] | None]]:
        """Compositions of two modes that give the Hessian of scalar f times v.

        f : as for `vjp`, returning one array of shape ().
        v : one tangent for each leaf.
        Returns functions by the name of the composition, such as
        "reverse over forward"; each gives one array (or None for zero) for each leaf,
        or None where the library, or a rule, lacks a mode.
        """
        ...

    def graph(
        self,
        f: Callable[[list[Any]], Any],
        leaves: Sequence[Any],
        *,
        unroll: bool = False,
    ) -> Graph:
        """The operations of f at the leaves, as a value.

        f, leaves : as for `gradient`. f may be run, and is traced.
        unroll : for who runs parts of the graph again, away from x: the passes of a
            loop of known length are laid out one after the other, and what was traced
            must be all of f.
        Raises InputError if f does not return a real array of shape (), or if the
        library leaves no trace; what f itself raises comes through unchanged.
        """
        ...

    def gradient_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The operations of f and its reverse mode: value, then gradients.

        Arguments and Raises as for `graph`. A leaf that f does not use may have a
        constant for its gradient.
        """
        ...

    def tangent_graph(
        self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]
    ) -> Graph:
        """The operations of f and its forward mode along one direction: value, slope.

        Arguments and Raises as for `graph`. Inputs: the leaves, then a tangent each.
        """
        ...


def of(leaves: Sequence[Any]) -> Engine:
    """Engine of the library that all leaves belong to.

    leaves : arrays; Python and NumPy numbers count as NumPy's.
    Raises InputError if the leaves come from more than one library.
    """
    names = sorted({_library(leaf) for leaf in leaves})
    if len(names) > 1:
        raise InputError(
            "all arrays of x must come from one array library, "
            f"got {' and '.join(names)}; convert them to one of these"
        )
    if names == ["torch"]:
        from clinometer.engines.torch import TorchEngine

        return TorchEngine()
    if names == ["jax"]:
        from clinometer.engines.jax import JaxEngine

        return JaxEngine()
    from clinometer.engines.plain import PlainEngine

    return PlainEngine()


def flatten_registered(
    x: object, *, none_is_leaf: bool = False
) -> tuple[list[Any], list[str], Callable[[Sequence[Any]], Any]] | None:
    """Leaves, paths and rebuild of a container registered with JAX.

    x : any object.
    none_is_leaf : whether None is a leaf, not an empty container.
    Returns None if JAX is not loaded, or if it takes x for a single leaf; else what
    `clinometer.engines.jax.flatten` returns.
    """
    if "jax" not in sys.modules:
        return None
    from clinometer.engines.jax import flatten, is_container

    return flatten(x, none_is_leaf=none_is_leaf) if is_container(x) else None


def is_model(value: object) -> bool:
    """Whether a value is a torch.nn.Module."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def model_of(
    model: object,
    inputs: Any,
    *,
    loss: Callable[[Any], Any] | None,
    everything: bool,
) -> ModelParts:
    """A model at real inputs, taken apart; see `clinometer.engines.torch_model`.

    Raises InputError if it is no torch.nn.Module, or cannot be copied.
    """
    if not is_model(model):
        raise InputError(
            f"a torch.nn.Module is needed, got {type(model).__name__}; for a function "
            "use check(f, x)"
        )
    from clinometer.engines.torch_model import TorchModel

    return TorchModel(model, inputs, loss=loss, everything=everything)  # pyright: ignore[reportArgumentType]


def rules_of(
    f: Callable[[list[Any]], Any], leaves: Sequence[Any], *, everything: bool
) -> tuple[list[Rule], list[str]]:
    """The custom rules of JAX that f meets at the leaves; primitives not looked into.

    Raises InputError if the leaves are not JAX's.
    """
    if {_library(leaf) for leaf in leaves} != {"jax"}:
        raise InputError(
            "custom_vjp and custom_jvp are looked for in functions of JAX arrays; for "
            "torch use check_model, and for a single function check(f, x)"
        )
    from clinometer.engines import jax_rules

    return jax_rules.rules_of(f, leaves, everything=everything)


def _library(leaf: object) -> str:
    """Name of the library a leaf belongs to; "numpy" for all that is not a tensor."""
    return library(leaf) if is_array(leaf) else "numpy"
