"""Surfaces from posed photographs, trained through numerical gradients.

A signed distance stands in a multi-resolution hash grid and a small network (`field`).
Rays through the pixels meet it (`render`); the colours they should have train it
(`train`), and so do the length of its gradient and its curvature, which are measured by
a `clinometer.Stencil` whose step shrinks as finer levels of the grid open (`taps`,
`schedule`). A mesh is taken from its zero set (`mesh`).

Lengths are in *scene units* unless a name says otherwise: the region of interest, the
scene's box, is the ball of radius 1 round the origin, and the grid spans -1 ... 1 on
each axis.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from clinometer.surface.evaluate import Quality, evaluate, mesh_of
    from clinometer.surface.scenes.door import load_scene
    from clinometer.surface.scenes.poses import find_poses
    from clinometer.surface.settings import PRESETS, Settings
    from clinometer.surface.synth.named import scene_named
    from clinometer.surface.train import Training, train
    from clinometer.surface.trained import Trained

__all__ = [
    "PRESETS",
    "Quality",
    "Settings",
    "Trained",
    "Training",
    "evaluate",
    "find_poses",
    "load_scene",
    "mesh_of",
    "scene_named",
    "train",
]

_LATER = {
    "PRESETS": "settings",
    "Quality": "evaluate",
    "Settings": "settings",
    "Trained": "trained",
    "Training": "train",
    "evaluate": "evaluate",
    "find_poses": "scenes.poses",
    "load_scene": "scenes.door",
    "mesh_of": "evaluate",
    "scene_named": "synth.named",
    "train": "train",
}
"""The files they stand in: one room is imported without torch for all the others."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


@final
class _Door(ModuleType):
    """This module, where `train` and `evaluate` are functions for good.

    Python sets a name here to each file that it has imported; two of the files are
    called after the function that stands in them.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if _LATER.get(name) == name and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door
