"""The kernel's library: compiled at first use, kept in a folder of the user's.

There are two kinds: of fields, and of what happens on rays. A library fits sizes that
are compiled in, one compiler and one kind of processor; all of that stands, hashed, in
its file name. It is written beside its place and then renamed, so
that two processes may build it at once.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from clinometer.errors import InputError, MissingExtraError
from clinometer.surface.field import FieldShape

__all__ = ["Recipe", "build", "cache_folder", "recipe", "recipe_for"]

SOURCE = Path(__file__).parent / "source"

COMPILERS = ("c++", "g++", "clang++")
"""Asked for in this order, after $CXX."""

FLAGS = (
    "-std=c++17",
    "-O3",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
    "-pthread",
)
"""Not -ffast-math: what is not a number stays so, and sums keep their order."""

TARGETS = {
    "native": ("-mcpu=native",),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx2", "-mfma", "-mavx512f", "-mavx512dq", "-mavx512vl"),
}
"""Instructions to use: those of this processor (on x86 the option has another name), or
a set by name, which the processor must have."""

X86 = ("x86_64", "amd64", "i686")


@final
@dataclass(frozen=True)
class Recipe:
    """How a library is built.

    main : name of the source, without its ending. compiler, version, options : what
    compiles it.
    """

    main: str
    compiler: tuple[str, ...]
    version: str
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name: a hash of everything that what is built depends on."""
        digest = hashlib.sha256()
        for path in sorted(SOURCE.iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
        for part in (*self.compiler, self.version, *self.options, _processor()):
            digest.update(part.encode() + b"\0")
        return f"{self.main}-{digest.hexdigest()[:24]}.so"


def recipe_for(shape: FieldShape) -> Recipe:
    """How to build the library for fields of a shape, here and now.

    Raises what `recipe` raises.
    """
    sizes = {
        "LEVELS": shape.grid.levels,
        "FEATURES": shape.grid.features,
        "HIDDEN": shape.hidden,
        "OUTPUTS": 1 + shape.features,
    }
    return recipe("field", sizes)


def recipe(main: str, sizes: Mapping[str, int]) -> Recipe:
    """How to build a library here and now.

    main : name of its source, without the ending. sizes : macros that it needs.
    $CXX names a compiler that is preferred; $CLINOMETER_TARGET is native (the default),
    avx2 or avx512.
    Raises MissingExtraError without a compiler, InputError for another target.
    """
    compiler = _compiler()
    command = [*compiler, "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MissingExtraError(f"{shlex.join(command)} failed: {ran.stderr.strip()}")
    defined = tuple(f"-D{name}={size}" for name, size in sizes.items())
    return Recipe(main, compiler, ran.stdout, (*FLAGS, *_target(), *defined))


def build(recipe: Recipe) -> Path:
    """Path of the library, which is compiled unless it is there.

    Raises MissingExtraError, with what the compiler says, where it fails, and where the
    folder cannot be written to.
    """
    folder = cache_folder()
    path = folder / recipe.name
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            fresh = Path(scratch) / path.name
            _compile(recipe, fresh)
            fresh.replace(path)
    except OSError as error:
        raise MissingExtraError(
            f"the kernel could not be written to {folder}: {error}; "
            "$CLINOMETER_CACHE names another folder"
        ) from error
    return path


def cache_folder() -> Path:
    """Where libraries are kept: $CLINOMETER_CACHE, or the system's place for caches."""
    named = os.environ.get("CLINOMETER_CACHE")
    if named:
        return Path(named)
    import platformdirs  # noqa: PLC0415 (an extra)

    return Path(platformdirs.user_cache_dir("clinometer"))


def _compile(recipe: Recipe, path: Path) -> None:
    main = str(SOURCE / f"{recipe.main}.cpp")
    command = [*recipe.compiler, *recipe.options, main, "-o", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MissingExtraError(
            f"the kernel did not compile: {shlex.join(command)}\n{ran.stderr.strip()}"
        )


def _compiler() -> tuple[str, ...]:
    named = shlex.split(os.environ.get("CXX", ""))
    for command in ([named] if named else []) + [[name] for name in COMPILERS]:
        found = shutil.which(command[0])
        if found:
            return (found, *command[1:])
    raise MissingExtraError(
        "the fused kernel needs a C++ compiler; none of $CXX, "
        f"{', '.join(COMPILERS)} is there: install one (on Debian: apt install g++)"
    )


def _target() -> tuple[str, ...]:
    name = os.environ.get("CLINOMETER_TARGET", "native")
    if name not in TARGETS:
        raise InputError(
            f"CLINOMETER_TARGET must be one of {', '.join(TARGETS)}, got {name!r}"
        )
    if name == "native" and platform.machine().lower() in X86:
        return ("-march=native",)
    return TARGETS[name]


def _processor() -> str:
    """What this processor can do, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    flags = [line for line in lines if line.startswith(("flags", "Features"))]
    return flags[0] if flags else platform.machine()
