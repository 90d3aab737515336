"""Running a function in float64, whatever the dtype of its inputs."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import array_api_compat

__all__ = ["float64", "in_float64", "widened"]


@contextmanager
def float64() -> Generator[None]:
    """A context in which arrays may be float64.

    JAX rounds to float32 unless told otherwise; the switch is for this thread and ends
    with the context. The other libraries need none.
    """
    if "jax" not in sys.modules:
        yield
        return
    import jax

    switch = getattr(jax, "enable_x64", None)
    if switch is None:  # older releases keep it elsewhere
        switch = import_module("jax.experimental").enable_x64
    with switch(True):
        yield


@contextmanager
def widened() -> Generator[None]:
    """A context in which arrays may be float64, and what meets one becomes it, too.

    For torch, which mixes no dtypes by itself: see `clinometer.engines.torch_widened`.
    A value computed within is to be compared with one in the code's own dtype.
    """
    with float64():
        if "torch" not in sys.modules:
            yield
            return
        from clinometer.engines.torch_widened import Widened

        with Widened():
            yield


def in_float64(leaf: Any) -> Any:
    """(...) the same values in float64, on the device of the leaf; no graph.

    leaf : floating array or Python number. For JAX within `float64()`.
    """
    if array_api_compat.is_torch_array(leaf):
        import torch

        return leaf.detach().to(torch.float64)
    if array_api_compat.is_jax_array(leaf):
        import jax.numpy as jnp

        return leaf.astype(jnp.float64)
    import numpy as np

    return np.asarray(leaf, dtype=np.float64)
