"""A surface in the browser, while it is trained or afterwards."""

from __future__ import annotations

import math
import time
from typing import Any, final

import numpy as np
import torch
import trimesh
import viser

from clinometer.errors import InputError
from clinometer.surface.mesh.extract import extract
from clinometer.surface.mesh.mesh import Mesh
from clinometer.surface.scenes.scene import View
from clinometer.surface.taps import slopes, stencil_of
from clinometer.surface.train import Progress, Training
from clinometer.surface.trained import Trained

__all__ = ["Viewer"]

FIRST = 3.0
"""Seconds of training before the first mesh is shown."""

PAUSE = 0.1
"""Share of the training's time that may go into showing it."""

RESOLUTION = 96
"""Cells per axis of the mesh that is shown."""

THUMB = 96
"""Pixels along the longer side of a photograph in its camera."""


@final
class Viewer:
    """A page with the mesh, the cameras, and what the training says.

    Two sliders show what the gradient depends on: how many levels of the grid count,
    and the reach of the taps by which normals, shown as colours, are taken.
    """

    def __init__(self, views: tuple[View, ...], *, port: int = 8080) -> None:
        """Serve the page. Raises InputError where the port is not to be had."""
        try:
            self._server = viser.ViserServer(port=port, verbose=False)
        except OSError as reason:
            raise InputError(
                f"port {port} is not to be had ({reason}); name another one"
            ) from reason
        self._due = FIRST
        self._trained: Trained | None = None
        self._add_cameras(views)
        gui = self._server.gui
        self._said = gui.add_markdown("waiting for the first steps")
        self._paint = gui.add_dropdown("colours", ("colour", "normals"))
        self._level = gui.add_slider("levels", min=1, max=32, step=1, initial_value=32)
        self._reach = gui.add_slider(
            "reach of the taps, cells", min=0.25, max=16.0, step=0.25, initial_value=1.0
        )
        for handle in (self._paint, self._level, self._reach):
            handle.on_update(lambda _: self._again())

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://localhost:{self._server.get_port()}"

    def stop(self) -> None:
        """End the page."""
        self._server.stop()

    def __call__(self, training: Training, told: Progress) -> None:
        """Show where a training stands, as often as it can afford."""
        if told.seconds < self._due:
            return
        begun = time.perf_counter()
        step = told.step
        self._said.content = (
            f"iteration {told.iteration:,} of {told.iterations:,}, {step.psnr:.1f} dB, "
            f"level {step.levels}, {told.left:.0f} s left"
        )
        self.show(training.trained())
        self._due = told.seconds + (time.perf_counter() - begun) / PAUSE

    def show(self, trained: Trained) -> None:
        """Show a trained surface."""
        self._trained = trained
        self._again()

    def _again(self) -> None:
        trained = self._trained
        if trained is None:
            return
        field = trained.model.field
        open_levels = field.active
        field.active = min(open_levels, int(self._level.value))
        try:
            mesh = extract(trained.distances, RESOLUTION)
            colours = self._colours(trained, mesh)
        except InputError as reason:  # a field may have no zero set for a while
            self._said.content = f"no surface: {reason}"
            return
        finally:
            field.active = open_levels
        self._server.scene.add_mesh_trimesh("/surface", _coloured(mesh, colours))

    def _colours(self, trained: Trained, mesh: Mesh) -> Any:
        if self._paint.value == "colour":
            return trained.colours(mesh.vertices)
        field, grid = trained.model.field, trained.settings.grid
        x = torch.tensor(mesh.vertices).float()
        with torch.no_grad():
            gradient = slopes(
                field,
                x,
                field.distances(x),
                stencil=stencil_of("central"),
                reach=float(self._reach.value) * grid.cell(field.active - 1),
            ).gradient
        normal = torch.nn.functional.normalize(gradient, dim=1).numpy()
        return np.rint((normal + 1) / 2 * 255).astype(np.uint8)

    def _add_cameras(self, views: tuple[View, ...]) -> None:
        for number, view in enumerate(views):
            camera = view.camera
            every = -(-max(camera.width, camera.height) // THUMB)
            self._server.scene.add_camera_frustum(
                f"/cameras/{number}",
                fov=2 * math.atan2(camera.height / 2, camera.focal[1]),
                aspect=camera.width / camera.height,
                scale=0.15,
                image=view.image[::every, ::every],
                wxyz=viser.transforms.SO3.from_matrix(camera.pose[:, :3]).wxyz,
                position=camera.place,
            )


def _coloured(mesh: Mesh, colours: Any) -> Any:
    return trimesh.Trimesh(
        mesh.vertices, mesh.faces, vertex_colors=colours, process=False
    )
