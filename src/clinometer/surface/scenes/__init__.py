"""Scenes: photographs with cameras, from files of other programs or made on the fly."""

from clinometer.surface.scenes.door import load_scene
from clinometer.surface.scenes.scene import (
    Background,
    Camera,
    Frame,
    Scene,
    Truth,
    View,
    rays,
)

__all__ = [
    "Background",
    "Camera",
    "Frame",
    "Scene",
    "Truth",
    "View",
    "load_scene",
    "rays",
]
