"""Vectors in space."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

__all__ = ["length"]


def length(vectors: Tensor) -> Tensor:
    """(...) lengths of vectors (..., 3); their slope at 0 is 0."""
    return cast("Tensor", torch.linalg.vector_norm(vectors, dim=-1))
