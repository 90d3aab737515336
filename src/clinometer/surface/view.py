"""A surface in the browser, while it is trained or afterwards."""

# viser's handles are generic in ways that its own hints leave open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import io
import math
import threading
import time
from typing import final

import numpy as np
import torch
import trimesh
import viser
from numpy.typing import NDArray
from torch.nn import functional
from viser.transforms import SO3

from clinometer.errors import InputError
from clinometer.surface.mesh.extract import extract
from clinometer.surface.scenes.scene import View
from clinometer.surface.taps import slopes, stencil_of
from clinometer.surface.train import Progress, Training
from clinometer.surface.trained import Trained

__all__ = ["Viewer"]

FIRST = 3.0
"""Seconds of training before the first mesh is shown."""

SHARE = 0.1
"""Of the training's time that may go into showing it, clicks left out."""

RESOLUTION = 96
"""Cells per axis of the mesh that is shown."""

THUMB = 96
"""Pixels along the longer side of a photograph in its camera."""

FRUSTUM = 0.15
"""Size of a camera that is drawn, in scene units."""

OFF = 3.2
"""Distance of the browser's camera from the middle at first, scene units."""

LAST_PORT = 65535


@final
class Viewer:
    """A page with the mesh, the cameras, and what the training says.

    Two sliders show what the gradient depends on: how many levels of the grid count,
    and the reach of the taps by which normals are taken; these are shown as colours,
    and light the surface where it is shown as photographed.

    The page's clicks arrive on other threads. They only leave word; whoever calls
    `__call__`, `show` or `wait` does what was asked for, so that the field is touched
    by one thread alone, and never in the middle of a step.
    """

    def __init__(
        self, views: tuple[View, ...], *, levels: int, port: int = 8080
    ) -> None:
        """Serve the page, for this machine alone.

        levels : of the grid. port : where another program has it, the next free one is
        taken; see `address`. 0 takes any.
        Raises InputError where there is no such port.
        """
        if not 0 <= port <= LAST_PORT:
            raise InputError(f"a port is a number in 0 … {LAST_PORT}, got {port}")
        with _quiet():
            self._server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
        # photographs hold their light already
        self._server.scene.add_light_ambient("/light", intensity=2.0)
        self._due = FIRST
        self._trained: Trained | None = None
        self._asked = threading.Event()
        self._look_from(views)
        self._add_cameras(views)
        gui = self._server.gui
        self._said = gui.add_markdown("waiting for the first steps")
        self._fault = gui.add_markdown("", visible=False)
        self._paint = gui.add_dropdown("colours", ("as photographed", "normals"))
        self._level = gui.add_slider(
            "levels of the grid", min=1, max=levels, step=1, initial_value=levels
        )
        self._reach = gui.add_slider(
            "reach of the taps, cells", min=0.25, max=16.0, step=0.25, initial_value=1.0
        )
        for handle in (self._paint, self._level, self._reach):
            handle.on_update(lambda _: self._asked.set())

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://localhost:{self._server.get_port()}"

    def stop(self) -> None:
        """End the page."""
        with _quiet():
            self._server.stop()

    def __call__(self, training: Training, told: Progress) -> None:
        """Between two steps: show where it stands, if that is asked for or due."""
        due = told.seconds >= self._due
        if not due and not (self._trained and self._asked.is_set()):
            return
        begun = time.perf_counter()
        step = told.step
        self._said.content = (
            f"iteration {told.iteration:,} of {told.iterations:,}, {step.psnr:.1f} dB, "
            f"{step.levels} levels open, {told.left:.0f} s left"
        )
        self.show(training.trained())
        if due:
            self._due = told.seconds + (time.perf_counter() - begun) / SHARE

    def show(self, trained: Trained) -> None:
        """Show a surface as the page's handles say."""
        self._trained = trained
        self._asked.clear()  # what is set from now on is done next time
        field = trained.model.field
        open_levels = field.active
        field.active = min(open_levels, int(self._level.value))
        try:
            mesh = _painted(
                trained,
                reach=float(self._reach.value),
                normals=self._paint.value == "normals",
            )
        except InputError as reason:  # a field may have no zero set for a while
            self._fault.content = f"no surface to show: {reason}"
            self._fault.visible = True
            return
        finally:
            field.active = open_levels
        self._fault.visible = False
        self._server.scene.add_mesh_trimesh("/surface", mesh)

    def wait(self, seconds: float) -> None:
        """Do what clicks ask for as it comes, for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._asked.wait(left) and self._trained is not None:
                self.show(self._trained)

    def say(self, text: str) -> None:
        """Put a line above the handles."""
        self._said.content = text

    def _look_from(self, views: tuple[View, ...]) -> None:
        """Put the browser's camera above the first one, the way up that they share."""
        up = -np.mean([view.camera.pose[:, 1] for view in views], axis=0)
        # photographs from all sides, rolled as chance has it, share none
        up = up / np.linalg.norm(up) if np.linalg.norm(up) > 1e-3 else np.eye(3)[1]
        place = views[0].camera.place
        level = place - (place @ up) * up
        if np.linalg.norm(level) < 1e-6:
            level = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
        towards = level / np.linalg.norm(level) + 0.4 * up
        self._server.scene.set_up_direction(up)
        start = self._server.initial_camera
        start.position = OFF * towards / np.linalg.norm(towards)
        start.look_at = np.zeros(3)
        start.up = up

    def _add_cameras(self, views: tuple[View, ...]) -> None:
        for number, view in enumerate(views):
            camera = view.camera
            every = -(-max(camera.width, camera.height) // THUMB)
            self._server.scene.add_camera_frustum(
                f"/cameras/{number}",
                fov=2 * math.atan2(camera.height / 2, camera.focal[1]),
                aspect=camera.width / camera.height,
                scale=FRUSTUM,
                image=view.image[::every, ::every],
                wxyz=SO3.from_matrix(camera.pose[:, :3]).wxyz,
                position=camera.place,
            )


def _quiet() -> contextlib.redirect_stdout[io.StringIO]:
    """The server prints a banner, which would stand in the middle of an answer."""
    return contextlib.redirect_stdout(io.StringIO())


def _painted(trained: Trained, *, reach: float, normals: bool) -> trimesh.Trimesh:
    """The mesh with colours at its vertices. reach : of the taps, finest open cells."""
    mesh = extract(trained.distances, RESOLUTION)
    field, grid = trained.model.field, trained.settings.grid
    x = torch.tensor(mesh.vertices).float()
    with torch.no_grad():
        gradient = slopes(
            field,
            x,
            field.distances(x),
            stencil=stencil_of("central"),
            reach=reach * grid.cell(field.active - 1),
        ).gradient
    facing = functional.normalize(gradient, dim=1).cpu().numpy()
    colours = _as_colours(facing) if normals else trained.colours(mesh.vertices, facing)
    return trimesh.Trimesh(
        mesh.vertices, mesh.faces, vertex_colors=_linear(colours), process=False
    )


def _linear(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """sRGB as shares of light, which glTF means by colours of vertices.

    Source: IEC 61966-2-1.
    """
    c = colours / 255.0
    light = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.rint(light * 255).astype(np.uint8)


def _as_colours(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n + 1) / 2 as red, green and blue."""
    return np.rint((normals + 1) / 2 * 255).astype(np.uint8)
