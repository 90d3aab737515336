"""A scene from files: recognised, read, checked, brought into scene units."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from clinometer.errors import InputError
from clinometer.surface.scenes.backdrop import backdrop
from clinometer.surface.scenes.box import Box, find_box
from clinometer.surface.scenes.develop import develop, mask_files
from clinometer.surface.scenes.kinds import read_shots
from clinometer.surface.scenes.outlook import looking_on
from clinometer.surface.scenes.scene import Background, Frame, Scene, View
from clinometer.surface.scenes.shots import Shots, few, said_of
from clinometer.surface.scenes.split import held_out
from clinometer.surface.scenes.truth import read_truth

__all__ = ["load_scene"]

LOG = logging.getLogger("clinometer")


def load_scene(
    path: str | os.PathLike[str],
    *,
    hold_out: int | Sequence[str] = 8,
    mask: str | Path = "auto",
    background: Background | None = None,
    box: tuple[ArrayLike, float] | None = None,
    max_size: int | None = None,
) -> Scene:
    """The scene in a folder, or in the file named, ready to train on.

    path : of a folder with transforms.json, Blender's transforms_train.json, a COLMAP
        model, a Middlebury *_par.txt or a cameras_sphere.npz; or of one of these.
    hold_out : views to judge by: every k-th, or those that the files set apart if they
        do; 0 for none; or a list of names.
    mask : "auto" takes masks that lie with the images, and transparency; "none" takes
        neither; a path is a folder with a mask for every image.
    background : what stands behind the box, see `Background`; None finds out.
    box : (centre (3), radius) of what is to be reconstructed, in the units of the
        files; None finds it.
    max_size : most pixels of an image's longer side; larger ones are averaged down.
    Images of bent lenses are resampled to those of pinhole cameras.
    Returns a Scene whose cameras are in scene units. What was found, and what left out,
    is logged to "clinometer".
    Raises InputError where files are missing, damaged, or break a rule.
    """
    place = Path(path)
    if max_size is not None and max_size < 1:
        raise InputError(f"max_size must be at least 1 pixel, got {max_size}")
    asked = None if box is None else _given_box(box)
    shots = read_shots(place)
    with said_of(place):
        background = background or shots.background
        views = _views(shots, mask=mask, background=background, max_size=max_size)
        behind = backdrop(views, background)
        found = asked or _found_box(shots, views, behind)
        views = _kept(views, found.frame)
        names = [view.name for view in views]
        apart = held_out(names, hold_out, shots.held_out)
    placed = [_placed(view, found.frame) for view in views]
    scene = Scene(
        name=place.resolve().stem if place.is_file() else place.resolve().name,
        views=tuple(view for view in placed if view.name not in apart),
        held_out=tuple(view for view in placed if view.name in apart),
        frame=found.frame,
        background=behind,
        truth=None if shots.truth is None else read_truth(shots.truth, found.frame),
    )
    for note in shots.notes:
        LOG.info("%s: %s", scene.name, note)
    LOG.info(
        "%s (%s): %d views to train on, %d held out, background %s, box %s: centre "
        "(%.4g, %.4g, %.4g), radius %.4g",
        *(scene.name, shots.kind, len(scene.views), len(scene.held_out), behind),
        *(found.source, *found.frame.centre.tolist(), found.frame.radius),
    )
    return scene


def _given_box(box: tuple[ArrayLike, float]) -> Box:
    try:
        centre, radius = np.asarray(box[0], dtype=np.float64), float(box[1])
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"box must be (centre of 3 numbers, radius), got {box!r}"
        ) from error
    with said_of("box"):
        return Box(Frame(centre, radius), "as asked")


def _found_box(shots: Shots, views: list[View], behind: Background) -> Box:
    if shots.box is not None:
        return Box(Frame(*shots.box), "as the files say")
    return find_box(views, shots.points, behind)


def _views(
    shots: Shots,
    *,
    mask: str | Path,
    background: Background | None,
    max_size: int | None,
) -> list[View]:
    """All views, in world units."""
    if len(shots.shots) < 2:
        raise InputError(
            f"a surface needs at least two views, got {len(shots.shots)}: depth cannot "
            "be seen from one side"
        )
    names = [shot.name for shot in shots.shots]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"every image has one camera, and there are several for {few(twice)}; take "
            "the wrong ones out"
        )
    masks = mask_files(shots.shots, shots.root, mask)
    views: list[View] = []
    for shot, file in zip(shots.shots, masks, strict=True):
        with said_of(shot.name):
            view = develop(
                shot,
                file,
                alpha=mask != "none",
                background=background,
                max_size=max_size,
            )
        views.append(view)
    empty = [v.name for v in views if v.mask is not None and v.mask.max() < 128]
    if empty:
        raise InputError(
            f"a mask must show something of what is to be reconstructed; nothing is "
            f"left of those of {few(empty)}; leave these views out, or all masks "
            "(mask='none')"
        )
    return views


def _kept(views: list[View], frame: Frame) -> list[View]:
    kept = looking_on(views, frame)
    names = {view.name for view in kept}
    blind = [view.name for view in views if view.name not in names]
    if blind:
        LOG.warning("%d views do not show the box: %s", len(blind), few(blind))
    return kept


def _placed(view: View, frame: Frame) -> View:
    """A view of the world as one of the scene."""
    return View(view.name, frame.camera(view.camera), view.image, view.mask)
