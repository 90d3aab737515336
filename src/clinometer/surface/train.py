"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from clinometer.errors import FunctionError, InputError
from clinometer.surface.cache import DistanceCache
from clinometer.surface.checkpoint import Checkpoint, fingerprint
from clinometer.surface.folder import RunFolder
from clinometer.surface.kernel.fused import FusedField
from clinometer.surface.losses import (
    Losses,
    colour_loss,
    composed,
    curvature_loss,
    eikonal_loss,
)
from clinometer.surface.model import Model
from clinometer.surface.optimise import Optimiser
from clinometer.surface.pixels import Pixels, Rays
from clinometer.surface.render import render
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.schedule import (
    active_levels,
    curvature_weight,
    rate_factor,
    reach,
)
from clinometer.surface.settings import Settings
from clinometer.surface.source import SceneSource
from clinometer.surface.taps import stencil_of
from clinometer.surface.trained import Trained

__all__ = ["Progress", "Step", "Training", "kernel_alone", "train"]

FREE = 0.15
"""Share of the rays kept that surely miss the surface, in photographs with a known
background; they are there in case it comes to lie in their way."""

CLEARANCE = 0.12
"""How far a ray stays from the surface, in scene units, to be sure to miss it."""

SPARE = 2.2
"""Pixels drawn for each ray of a step, as some are left out."""

SAME = 1 / 255
"""Difference of two colours up to which they are the same byte."""


LOGGED = 50
"""Iterations between two lines of the log."""

SAVED = 60.0
"""Seconds between two checkpoints."""


@final
@dataclass(frozen=True)
class Step:
    """What a step found.

    losses : by name, with their weights. psnr : of its pixels, decibels. sharpness : of
    the opacity, 1 / scene unit. levels : of the grid that were open. reach : of the
    taps, scene units. rays : how many.
    """

    losses: dict[str, float]
    psnr: float
    sharpness: float
    levels: int
    reach: float
    rays: int


@final
@dataclass(frozen=True)
class Progress:
    """Where a training stands after a step; seconds of all its steps."""

    iteration: int
    iterations: int
    seconds: float
    step: Step

    @property
    def left(self) -> float:
        """Seconds to go, as the steps so far took."""
        return self.seconds / self.iteration * (self.iterations - self.iteration)


@final
class Training:
    """A training between two of its steps: all that the next one depends on."""

    def __init__(
        self, scene: Scene, settings: Settings, *, device: torch.device | str = "cpu"
    ) -> None:
        """At the beginning."""
        self.scene, self.settings = scene, settings
        self.device = _device(device)
        _require_masks(scene)
        self.draw = torch.Generator().manual_seed(settings.seed)
        self.model = Model(
            settings,
            views=len(scene.views),
            background=scene.background,
            device=self.device,
        )
        self.cache = DistanceCache(self.device, self.model.rays)
        self.pixels = Pixels(scene.views, self.device)
        self.optimiser = Optimiser(self.model, settings)
        self.iteration = 0
        self.seconds = 0.0

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        return min(1.0, self.iteration / self.settings.iterations)

    def step(self) -> Step:
        """What one more step found.

        Raises FunctionError, before anything is changed, where a loss is not finite.
        """
        settings, model = self.settings, self.model
        plan, grid, progress = settings.plan, settings.grid, self.progress
        model.field.active = active_levels(plan, grid, progress)
        distance = reach(plan, grid, progress, draw=self.draw)
        stencil = stencil_of(plan.taps, self.draw)

        self.cache.renew(model.field, self.iteration)
        rays = self._rays()
        sharpness = float(model.sharpness.detach())
        t = self.cache.place(
            rays, settings.samples, sharpness=sharpness, draw=self.draw
        )
        eager = torch.rand(t.numel(), generator=self.draw) < settings.eager
        seen = render(
            model,
            rays,
            t,
            stencil=stencil,
            reach=distance,
            eager=eager.to(self.device),
        )
        colour, target = composed(
            model, seen, rays, background=self.scene.background, draw=self.draw
        )
        losses = Losses(
            colour_loss(colour, target),
            settings.eikonal * eikonal_loss(seen, plan.eikonal_slack * distance),
            curvature_weight(plan, grid, progress, iterations=settings.iterations)
            * curvature_loss(
                seen, plan.curvature_bound, hollows=plan.curvature_hollows
            ),
        )
        self._require_finite(losses)
        self.optimiser.clear()
        losses.total.backward()
        self.optimiser.step(
            rate_factor(self.iteration, settings.iterations, settings.warm)
        )
        self.iteration += 1
        error = float(((colour - target).detach() ** 2).mean())
        return Step(
            losses.as_dict(),
            psnr=-10 * math.log10(max(error, 1e-10)),
            sharpness=sharpness,
            levels=model.field.active,
            reach=distance,
            rays=len(rays),
        )

    def checkpoint(self) -> Checkpoint:
        """Everything that the next steps depend on, as a value."""
        tensors = {
            f"model.{name}": value for name, value in self.model.state_dict().items()
        }
        for name, value in self.optimiser.state().items():
            tensors[f"optimiser.{name}"] = value
        tensors["cache.values"] = self.cache.values
        tensors["draw.state"] = self.draw.get_state()
        scene = self.scene
        return Checkpoint(
            settings=self.settings,
            iteration=self.iteration,
            seconds=self.seconds,
            levels=self.model.field.active,
            scene={
                "name": scene.name,
                "fingerprint": fingerprint(scene),
                "centre": scene.frame.centre.tolist(),
                "radius": scene.frame.radius,
                "background": scene.background,
                "views": len(scene.views),
            },
            tensors={name: value.detach().clone() for name, value in tensors.items()},
        )

    @staticmethod
    def restored(
        scene: Scene,
        checkpoint: Checkpoint,
        settings: Settings | None = None,
        *,
        device: torch.device | str = "cpu",
    ) -> Training:
        """A training as it was when the checkpoint was made.

        Raises InputError where the photographs are others than then, or settings are
        given that are not the checkpoint's.
        """
        if checkpoint.scene["fingerprint"] != fingerprint(scene):
            raise InputError(
                f"the checkpoint is of {checkpoint.scene['name']!r} with other "
                f"photographs or cameras than these of {scene.name!r}; resume with the "
                "scene it was begun with, or begin anew in another folder"
            )
        if settings is not None and settings != checkpoint.settings:
            raise InputError(
                "a training is resumed with the settings it was begun with; leave them "
                "out, or begin anew in another folder"
            )
        training = Training(scene, checkpoint.settings, device=device)
        training.model.load_state_dict(checkpoint.part("model"))
        training.optimiser.restore(checkpoint.part("optimiser"))
        training.cache.values.copy_(checkpoint.tensors["cache.values"])
        training.draw.set_state(checkpoint.tensors["draw.state"])
        training.iteration = checkpoint.iteration
        training.seconds = checkpoint.seconds
        return training

    def trained(self) -> Trained:
        """The model as it stands, to be asked and looked at."""
        scene = self.scene
        return Trained(
            self.model, self.settings, frame=scene.frame, background=scene.background
        )

    def _rays(self) -> Rays:
        """Rays of a step, less most of those that surely miss the surface."""
        count, background = self.settings.rays, self.scene.background
        rays = self.pixels.draw(int(count * SPARE), self.draw)
        if background in {"white", "black"}:
            level = 1.0 if background == "white" else 0.0
            plain = (rays.colour - level).abs().amax(dim=1) <= SAME
            free = plain & (self.cache.closest(rays) > CLEARANCE)
            lucky = torch.rand(len(rays), generator=self.draw) < FREE
            kept = (~free | lucky.to(self.device)).nonzero()[:, 0]
        else:
            kept = torch.arange(len(rays), device=self.device)
        return rays.some(kept[:count])

    def _require_finite(self, losses: Losses) -> None:
        if bool(torch.isfinite(losses.total.detach())):
            return
        values = losses.as_dict()
        terms = [name for name, value in values.items() if not abs(value) < 1e30]
        raise FunctionError(
            f"the loss is not finite at iteration {self.iteration}: "
            f"{' and '.join(terms)} ({values}); lower `rate` or "
            "`network_rate`, and go on from the last checkpoint"
        )


def train(
    scene: Scene | SceneSource,
    settings: Settings | None = None,
    *,
    out: Path | None = None,
    resume: bool = False,
    device: torch.device | str = "cpu",
    watch: Callable[[Training, Progress], None] | None = None,
) -> Training:
    """A trained field with its colours.

    scene : photographs with cameras, or where they come from, which the folder then
        remembers.
    settings : None takes those of a small object or, where it resumes, those it had.
    out : folder for checkpoints (every minute, at the end, and where it is interrupted)
        and a log; None keeps nothing.
    resume : go on from the folder's checkpoint, to the very numbers that a training
        without a break would have reached.
    device : "cuda" takes the plain field, on the GPU.
    watch : called after every step.
    Raises InputError where the folder holds a training and `resume` is not said, or
    where the checkpoint is of other photographs; StorageError where a file cannot be
    written; FunctionError where a loss is not finite.
    """
    folder = None if out is None else RunFolder(out)
    source = scene if isinstance(scene, SceneSource) else None
    scene = scene.scene() if isinstance(scene, SceneSource) else scene
    if folder is not None and resume:
        checkpoint = folder.checkpoint()
        training = Training.restored(scene, checkpoint, settings, device=device)
    else:
        training = Training(scene, settings or Settings(), device=device)
        if folder is not None:
            folder.begin(training.settings, source)
    with kernel_alone(training.model):
        _run(training, folder, watch)
    return training


def _run(
    training: Training,
    folder: RunFolder | None,
    watch: Callable[[Training, Progress], None] | None,
) -> None:
    """Take all steps that are left."""
    begun = time.perf_counter() - training.seconds
    saved = time.perf_counter()
    try:
        while training.iteration < training.settings.iterations:
            step = training.step()
            training.seconds = time.perf_counter() - begun
            progress = Progress(
                training.iteration, training.settings.iterations, training.seconds, step
            )
            if folder is not None and training.iteration % LOGGED == 0:
                folder.log(dataclasses.asdict(progress))
            if folder is not None and time.perf_counter() - saved > SAVED:
                folder.save(training.checkpoint())
                saved = time.perf_counter()
            if watch is not None:
                watch(training, progress)
    finally:
        # also on Ctrl-C; a step that failed has changed nothing
        if folder is not None and training.iteration:
            folder.save(training.checkpoint())


@contextmanager
def kernel_alone(model: Model) -> Generator[None]:
    """One thread for torch while the kernel computes with all of them.

    torch's own threads spin for a while after every operation, waiting for the next,
    on the processors that the kernel's threads need: a step would take twice as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if isinstance(model.field, FusedField) else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _device(name: torch.device | str) -> torch.device:
    """A device that is there. Raises InputError where it is not."""
    try:
        device = torch.device(name)
    except RuntimeError as reason:
        raise InputError(f"device must be cpu or cuda, got {name!r}") from reason
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError("device cuda is not to be had here; leave it out for the CPU")
    return device


def _require_masks(scene: Scene) -> None:
    if scene.background == "random" and any(v.mask is None for v in scene.views):
        without = [view.name for view in scene.views if view.mask is None]
        raise InputError(
            "background 'random' needs a mask for every view, and these have none: "
            f"{', '.join(without[:5])}; choose another background"
        )
