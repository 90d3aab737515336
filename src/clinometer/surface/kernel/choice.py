"""What to train with: the kernel's field and rays, or PyTorch where there is none."""

from __future__ import annotations

import functools
import logging
from typing import Literal, TypeAlias, get_args

import torch

from clinometer.errors import InputError, MissingExtraError
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.kernel.fused import FusedField
from clinometer.surface.kernel.library import processors
from clinometer.surface.kernel.rays import RayLibrary, ray_library

__all__ = ["Kernel", "field_for", "rays_for"]

Kernel: TypeAlias = Literal["auto", "fused", "plain"]
"""auto: fused where it can be had. fused: that or an error. plain: plain PyTorch."""

LOG = logging.getLogger("clinometer")


def field_for(
    shape: FieldShape,
    seed: int = 0,
    *,
    device: torch.device | str = "cpu",
    kernel: Kernel = "auto",
) -> FusedField | PlainField:
    """A fresh field on a device, the same numbers in it whichever kernel computes it.

    Where "auto" takes the plain one on the CPU, the logger "clinometer" says why, once.
    Raises InputError for an unknown kernel, and, where kernel is "fused", for what the
    fused one does not know; MissingExtraError where it cannot be compiled.
    """
    device = torch.device(device)
    if kernel not in get_args(Kernel):
        raise InputError(
            f"kernel must be one of {', '.join(get_args(Kernel))}, got {kernel!r}"
        )
    if kernel == "fused" and device.type != "cpu":
        raise InputError(f"the fused kernel runs on the CPU, got device {device}")
    if kernel == "plain" or device.type != "cpu":
        return PlainField(shape, seed).to(device)
    try:
        return FusedField(shape, seed)
    except (InputError, MissingExtraError) as error:
        if kernel == "fused":
            raise
        _say_once(str(error).partition("\n")[0])
        return PlainField(shape, seed)


def rays_for(
    features: int,
    width: int,
    *,
    threads: int | None = None,
    device: torch.device | str = "cpu",
    kernel: Kernel = "auto",
) -> RayLibrary | None:
    """The kernel's functions of rays; None where plain PyTorch is to be taken.

    features, width : of the colour network. threads : to compute with; None takes all
    processors this process may use.
    Raises as `field_for` does.
    """
    if kernel == "plain" or torch.device(device).type != "cpu":
        return None
    try:
        library = ray_library(features, width)
    except (InputError, MissingExtraError) as error:
        if kernel == "fused":
            raise
        _say_once(str(error).partition("\n")[0])
        return None
    library.use_threads(processors() if threads is None else threads)
    return library


@functools.cache
def _say_once(reason: str) -> None:
    LOG.warning("surfaces train in plain PyTorch, which is slower: %s", reason)
