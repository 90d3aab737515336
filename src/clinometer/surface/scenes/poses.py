"""Photographs without poses: a COLMAP model by its own incremental mapping.

Features are found in every photograph, matched between all pairs, and cameras are added
one after the other. Source: Schönberger and Frahm 2016, CVPR.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from clinometer.errors import InputError, MissingExtraError
from clinometer.surface.scenes.kinds import IMAGES
from clinometer.surface.scenes.photographs import upright
from clinometer.surface.scenes.shots import few

__all__ = ["find_poses"]

LOG = logging.getLogger("clinometer")

ENOUGH = 3
"""Fewest photographs: two have poses, but no third to contradict them."""

MODEL = "SIMPLE_RADIAL"
"""Of the lens: the one coefficient that a dozen photographs can tell."""

SEED = 0
"""Of COLMAP's random choices of matches."""


def find_poses(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    max_size: int = 1600,
    threads: int = 1,
) -> Path:
    """Finds cameras for the photographs in a folder.

    folder : with at least three photographs, of one lens at one focal length where all
        have one size.
    out : folder to write to, which must not exist or be empty: sparse/0 with the model
        and images with the photographs it is for, which `load_scene(out)` reads.
    max_size : most pixels of a photograph's longer side; larger ones are averaged down.
    threads : that COLMAP may take. With one, the same photographs give the same model.
    Returns out. How many photographs found their place is logged to "clinometer".
    Raises InputError where there are too few photographs, they are damaged, out
    holds something, or the photographs do not join; MissingExtraError without
    pycolmap.
    """
    source, target = Path(folder), Path(out)
    if max_size < 1 or threads < 1:
        raise InputError(
            f"max_size and threads must be at least 1, got {max_size} and {threads}"
        )
    files = _photographs(source)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            f"{target} holds something already, and nothing is overwritten; give a new "
            "folder"
        )
    colmap = _colmap()
    images = target / "images"
    images.mkdir(parents=True, exist_ok=True)
    sizes = _copy(files, images, max_size)
    mode = colmap.CameraMode.SINGLE if len(sizes) == 1 else colmap.CameraMode.PER_IMAGE
    model = _mapped(colmap, images, mode=mode, threads=threads)
    placed = {str(image.name) for image in model.images.values()}
    lost = sorted(path.name for path in images.iterdir() if path.name not in placed)
    (target / "sparse" / "0").mkdir(parents=True)
    model.write_binary(target / "sparse" / "0")
    LOG.info(
        "%s: %d of %d photographs found their place, %d points, %.2f pixels off%s",
        *(source, len(placed), len(files), len(model.points3D)),
        model.compute_mean_reprojection_error(),
        f"; without a place: {few(lost)}" if lost else "",
    )
    return target


def _photographs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} must be a folder with photographs")
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGES)
    if len(found) < ENOUGH:
        raise InputError(
            f"{folder} must hold at least {ENOUGH} photographs, got {len(found)}; take "
            "20 or more, each sharing two thirds of what it shows with the next"
        )
    return found


def _colmap() -> Any:
    try:
        import pycolmap  # noqa: PLC0415 (an extra, and slow to load)
    except ImportError as error:
        raise MissingExtraError(
            "finding poses needs pycolmap; pip install clinometer[surface]"
        ) from error
    return pycolmap


def _copy(files: list[Path], images: Path, max_size: int) -> set[tuple[int, int]]:
    """Sizes of the photographs, written as PNG, upright, none over max_size."""
    sizes: set[tuple[int, int]] = set()
    for path in files:
        image = upright(path).convert("RGB")
        ratio = max_size / max(image.size)
        if ratio < 1:
            size = (round(image.size[0] * ratio), round(image.size[1] * ratio))
            image = image.resize(size, Image.Resampling.BOX)
        image.save(images / f"{path.stem}.png")
        sizes.add(image.size)
    return sizes


def _mapped(colmap: Any, images: Path, *, mode: Any, threads: int) -> Any:
    """COLMAP's reconstruction with the most images."""
    colmap.logging.minloglevel = int(colmap.logging.Level.ERROR)
    colmap.set_random_seed(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / "database.db"
        colmap.extract_features(
            database,
            images,
            camera_mode=mode,
            reader_options=colmap.ImageReaderOptions(camera_model=MODEL),
            extraction_options=colmap.FeatureExtractionOptions(
                num_threads=threads, use_gpu=False
            ),
            device=colmap.Device.cpu,
        )
        colmap.match_exhaustive(
            database,
            matching_options=colmap.FeatureMatchingOptions(
                num_threads=threads, use_gpu=False
            ),
            device=colmap.Device.cpu,
        )
        options = colmap.IncrementalPipelineOptions(
            num_threads=threads, min_model_size=ENOUGH, random_seed=SEED
        )
        models = colmap.incremental_mapping(database, images, scratch, options)
    if not models:
        raise InputError(
            f"the photographs in {images} do not join: no two share enough that looks "
            "alike. Take more of them, with smaller turns between, of something with "
            "texture"
        )
    return max(models.values(), key=lambda model: len(model.images))
