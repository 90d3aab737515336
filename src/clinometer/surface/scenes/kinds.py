"""Which kind of scene lies in a folder, or in the file that was named."""

from __future__ import annotations

from pathlib import Path

from clinometer.errors import InputError
from clinometer.surface.scenes.colmap import model_folders, read_colmap
from clinometer.surface.scenes.middlebury import read_middlebury
from clinometer.surface.scenes.neus import read_neus
from clinometer.surface.scenes.shots import Shots, few
from clinometer.surface.scenes.transforms import read_splits, read_transforms

__all__ = ["read_shots"]

KINDS = (
    "transforms.json (nerfstudio, instant-ngp), transforms_train.json (Blender), a "
    "COLMAP model (cameras, images, points3D as .bin or .txt), *_par.txt (Middlebury) "
    "or cameras_sphere.npz (NeuS)"
)

IMAGES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}


def read_shots(path: Path) -> Shots:
    """The scene in a folder or file.

    Raises InputError where there is none, or more than one.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; a scene is a folder with {KINDS}")
    if path.is_file():
        return _read_file(path)
    found = _sources(path)
    if len(found) > 1:
        raise InputError(
            f"{path} holds {len(found)} scenes: {', '.join(map(str, found))}; name the "
            "one to read"
        )
    if not found:
        raise InputError(_nothing(path))
    return _read_file(path / found[0])


def _sources(folder: Path) -> list[Path]:
    """What could be read, relative to the folder."""
    single = ("transforms.json", "transforms_train.json", "cameras_sphere.npz")
    found = [Path(name) for name in single if (folder / name).is_file()]
    found += sorted(path.relative_to(folder) for path in folder.glob("*_par.txt"))
    found += [path.relative_to(folder) for path in model_folders(folder)[:1]]
    return found


def _read_file(path: Path) -> Shots:
    """The scene that a file, or a folder with a model of COLMAP, stands for."""
    if path.is_dir():
        return read_colmap(path)
    if path.name == "transforms_train.json":
        return read_splits(path.parent)
    if path.suffix == ".json":
        return read_transforms(path)
    if path.suffix == ".npz":
        return read_neus(path)
    if path.name.endswith("_par.txt"):
        return read_middlebury(path)
    if path.stem in {"cameras", "images", "points3D"}:
        return read_colmap(path.parent)
    raise InputError(f"{path} is no scene; a scene is a folder with {KINDS}")


def _nothing(folder: Path) -> str:
    inside = sorted(path.name for path in folder.iterdir())
    if not inside:
        return f"{folder} is empty; a scene is a folder with {KINDS}"
    pictures = [name for name in inside if Path(name).suffix.lower() in IMAGES]
    if len(pictures) * 2 > len(inside):
        return (
            f"{folder} holds {len(pictures)} photographs and no cameras; find them "
            "with clinometer.surface.scenes.poses.find_poses, or another program"
        )
    return (
        f"{folder} holds no scene but {few(inside)}; a scene is a folder with {KINDS}"
    )
