"""From a photograph in a file to a view: read, cut out, made pinhole, made smaller."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from clinometer.errors import InputError
from clinometer.surface.scenes.lens import Lens
from clinometer.surface.scenes.photographs import read_mask, read_photograph
from clinometer.surface.scenes.pinhole import pinhole, resampled
from clinometer.surface.scenes.scene import Background, Camera, View
from clinometer.surface.scenes.shots import Shot, few, lies

__all__ = ["develop", "mask_files"]

FOLDERS = ("masks", "mask")
"""Where masks lie beside images: nerfstudio and COLMAP, NeuS."""

SPARE = 2
"""Photographs that a lens bends are first made this much larger than asked for: the
resampling then blurs a quarter of what it would, at no more than four times the work.
"""


def mask_files(
    shots: tuple[Shot, ...], root: Path, choice: str | Path
) -> list[Path | None]:
    """The mask of every shot.

    choice : "none"; "auto" for those that the files name, else those with the images'
        names in a folder masks or mask in root; or a folder that has one for each.
    Raises InputError where that folder does not.
    """
    if choice == "none":
        return [None] * len(shots)
    if choice == "auto":
        return [shot.mask or _beside(shot, root) for shot in shots]
    folder = Path(choice)
    found = [_named(shot, folder) for shot in shots]
    bare = [shot.name for shot, mask in zip(shots, found, strict=True) if mask is None]
    if bare:
        raise InputError(
            f"mask must be 'auto', 'none' or a folder with a mask for every image; "
            f"{folder} has none for {few(bare)}"
        )
    return found


def develop(
    shot: Shot,
    mask: Path | None,
    *,
    alpha: bool,
    background: Background | None,
    max_size: int | None,
) -> View:
    """A view in world units.

    mask : file of its mask. alpha : whether transparency is a mask, too.
    background : white and black are laid behind what is transparent; so is white where
        transparency is no mask.
    max_size : most pixels of the longer side; larger images are averaged down.
    """
    size = shot.lens.size
    image = read_photograph(shot.path, size)
    cut = None if mask is None else read_mask(mask, size)
    lens, image, cut = _made_pinhole(shot.lens, image, cut, max_size=max_size)
    if image.mode == "RGBA":
        if alpha:
            clear = image.getchannel("A")
            cut = clear if cut is None else ImageChops.darker(clear, cut)
        if background in {"white", "black"} or not alpha:
            colour = "black" if background == "black" else "white"
            ground = Image.new("RGBA", image.size, colour)
            image = Image.alpha_composite(ground, image)
    camera = Camera(lens.focal, lens.centre, shot.pose, *lens.size)
    # copies, for Pillow's own memory may not be written to, which torch warns of
    pixels: NDArray[np.uint8] = np.array(image.convert("RGB"))
    return View(shot.name, camera, pixels, None if cut is None else np.array(cut))


def _made_pinhole(
    lens: Lens, image: Image.Image, cut: Image.Image | None, *, max_size: int | None
) -> tuple[Lens, Image.Image, Image.Image | None]:
    """Lens, image and mask of a pinhole camera, at most max_size pixels long."""
    if not lens.is_pinhole:
        if max_size is not None:
            lens = lens.scaled(_at_most(lens.size, SPARE * max_size))
        image = resampled(_averaged(image, lens.size), lens)
        cut = None if cut is None else resampled(_averaged(cut, lens.size), lens)
    lens = pinhole(lens)
    if max_size is not None:
        lens = lens.scaled(_at_most(lens.size, max_size))
    smaller = None if cut is None else _averaged(cut, lens.size)
    return lens, _averaged(image, lens.size), smaller


def _at_most(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A size (width, height) of the same shape whose longer side has that many pixels,
    or the size itself if it is no longer.
    """
    ratio = longest / max(size)
    if ratio >= 1:
        return size
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _averaged(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The means of an image over the pixels of a smaller one; those of RGBA weigh as
    much as they cover.
    """
    if image.size == size:
        return image
    if image.mode == "RGBA":
        even = image.convert("RGBa").resize(size, Image.Resampling.BOX)
        return even.convert("RGBA")
    return image.resize(size, Image.Resampling.BOX)


def _beside(shot: Shot, root: Path) -> Path | None:
    found = (_named(shot, root / folder) for folder in FOLDERS)
    return next((mask for mask in found if mask is not None), None)


def _named(shot: Shot, folder: Path) -> Path | None:
    """The mask of a shot in a folder, by its name with or without its ending, with or
    without the folders before it.
    """
    name = Path(shot.name)
    places = (
        folder / parent / f"{stem}.{ending}"
        for parent in (name.parent, Path())
        for stem in (shot.path.name, name.stem)
        for ending in ("png", "jpg", "jpeg")
    )
    return next((place for place in places if lies(place)), None)
