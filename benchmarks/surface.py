"""What surfaces cost and how close they come.

    make bench-surface                      everything below that needs no files
    python -m benchmarks.surface steps      a training step: fused kernel beside plain
                                            PyTorch, one thread and two
    python -m benchmarks.surface mesh       1024³ mesh of a trained surface
    python -m benchmarks.surface suite      `fast` beside `analytical`, five seeds
    python -m benchmarks.surface scene PLACE --seconds 60

Both sides of a ratio take turns in one run; figures are medians. Times are wall times
of a machine that should have nothing else to do.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from clinometer.stencil import central_gradient
from clinometer.surface.ablation import METRICS, SCENES, Line, ablate, table
from clinometer.surface.evaluate import evaluate
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.kernel.fused import FusedField
from clinometer.surface.mesh.extract import extract
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.settings import Settings
from clinometer.surface.source import SceneSource
from clinometer.surface.synth.scenes import mesh_scene
from clinometer.surface.synth.studio import Studio
from clinometer.surface.taps import slopes
from clinometer.surface.train import Progress, Training, kernel_alone, train
from clinometer.table import aligned

POINTS, RAYS, SAMPLES = 8192, 512, 16
"""Points of the kernel alone: those of a step of so many rays."""

ROUNDS = 7

Table = list[list[str]]


def steps() -> None:
    """A training step and the kernel alone, fused beside plain, by threads."""
    rows: Table = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for name, work in (("kernel alone", _kernel), ("training step", _step)):
            plain, fused = _paired(work("plain", threads), work("fused", threads))
            rows.append(
                [
                    name,
                    str(threads),
                    f"{plain * 1e3:.1f} ms",
                    f"{fused * 1e3:.1f} ms",
                    f"{plain / fused:.1f}",
                ]
            )
    print("\n".join(aligned(["work", "threads", "plain", "fused", "ratio"], rows)))


def _kernel(kind: str, threads: int) -> Callable[[], None]:
    """Distances, six taps, their gradients: forward and backward."""
    field = _field(kind, threads)
    draw = torch.Generator().manual_seed(0)
    way = functional.normalize(torch.randn(RAYS, 1, 3, generator=draw), dim=2)
    far = 0.5 + torch.linspace(-0.05, 0.05, SAMPLES)[:, None]
    x = (way * far).reshape(POINTS, 3)
    stencil, reach = central_gradient(), field.shape.grid.cell(9)

    def work() -> None:
        if isinstance(field, FusedField):
            torch.set_num_threads(1)  # see train.kernel_alone
        distance, features = field.outputs(x)
        found = slopes(field, x, distance, stencil=stencil, reach=reach)
        loss = ((found.gradient.square().sum(dim=1).sqrt() - 1) ** 2).mean()
        assert found.laplacian is not None
        loss = loss + 1e-3 * found.laplacian.abs().mean() + features.square().mean()
        field.zero_grad()
        loss.backward()
        torch.set_num_threads(threads)

    return work


def _field(kind: str, threads: int) -> FusedField | PlainField:
    if kind == "plain":
        return PlainField(FieldShape())
    return FusedField(FieldShape(), threads=threads)


def _step(kind: str, threads: int) -> Callable[[], None]:
    """A whole step: rays, samples, colours, losses, optimiser; gradients everywhere."""
    scene = SceneSource(f"synth:{SCENES[0]}").scene()
    settings = Settings(threads=threads, kernel="plain" if kind == "plain" else "fused")
    training = Training(scene, settings)
    training.iteration = settings.iterations // 2  # all levels of the grid are open

    def work() -> None:
        with kernel_alone(training.model):
            training.step()

    return work


def _paired(
    plain: Callable[[], None], fused: Callable[[], None]
) -> tuple[float, float]:
    """Seconds of both, medians of turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for work, seconds, calls in ((plain, times[0], 1), (fused, times[1], 8)):
            begun = time.perf_counter()
            for _ in range(calls):
                work()
            if turn:  # the first warms up
                seconds.append((time.perf_counter() - begun) / calls)
    return statistics.median(times[0]), statistics.median(times[1])


def mesh() -> None:
    """The finest mesh of a surface trained for a few seconds: seconds and memory."""
    training = train(
        SceneSource(f"synth:{SCENES[0]}").scene(), Settings(iterations=500)
    )
    trained = training.trained()
    for resolution in (256, 512, 1024):
        begun = time.perf_counter()
        found = extract(trained.distances, resolution)
        print(
            f"{resolution}³: {time.perf_counter() - begun:.1f} s, "
            f"{len(found.faces):,} triangles, peak {_memory():.2f} GiB"
        )


def suite(out: Path, *, seeds: int, iterations: int, processes: int) -> None:
    """`fast` beside the analytical gradient: means, and the ratios asked for."""
    lines = ablate(
        out,
        ways=("analytical", "fast"),
        seeds=seeds,
        settings=Settings(iterations=iterations),
        processes=processes,
    )
    for metric in METRICS:
        print(table(lines, metric), end="\n\n")
    rows = [
        [scene, *(_ratio(lines, scene, m) for m in ("chamfer", "normal_error"))]
        for scene in dict.fromkeys(line.case.scene for line in lines)
    ]
    print("\n".join(aligned(["fast / analytical", "Chamfer", "normals"], rows)))
    most = max(line.area for line in lines)
    print(f"\n{len(lines)} trainings; all parts of a mesh over the largest: {most:.3f}")


def _ratio(lines: Sequence[Line], scene: str, metric: str) -> str:
    """Of the means over all seeds of a scene."""
    fast, exact = (
        statistics.mean(
            getattr(line, metric)
            for line in lines
            if (line.case.way, line.case.scene) == (way, scene)
        )
        for way in ("fast", "analytical")
    )
    return f"{fast / exact:.3f}"


def scene(
    place: str, options: dict[str, Any], *, seconds: float, iterations: int
) -> None:
    """One scene: the first mesh, and what is reached in so much time."""
    given = _scene(place, options)
    settings = Settings(iterations=iterations)
    first: list[float] = []

    def watch(training: Training, told: Progress) -> None:
        if told.seconds > 3 and not first:
            extract(training.trained().distances, 96)
            first.append(told.seconds)
        if told.seconds > seconds:
            raise TimeoutError(f"{told.iteration} iterations in {seconds} s")

    begun = time.perf_counter()
    training = train(given, settings, watch=watch)
    spent = time.perf_counter() - begun
    print(
        f"{given.name}: {iterations:,} iterations in {spent:.1f} s, first mesh after "
        f"{first[0] if first else spent:.1f} s, peak {_memory():.2f} GiB"
    )
    print(evaluate(training.trained(), given))


def _scene(place: str, options: dict[str, Any]) -> Scene:
    if Path(place).suffix.lower() in {".obj", ".ply", ".glb", ".stl"}:
        return mesh_scene(place, Studio(), **options)
    return SceneSource(place).scene()


def _memory() -> float:
    """GiB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="all")
    parser.add_argument("place", nargs="?")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--texture")
    parser.add_argument("--out", type=Path, default=Path("out/surface-suite"))
    given = parser.parse_args()
    if given.what in {"all", "steps"}:
        steps()
    if given.what in {"all", "mesh"}:
        mesh()
    if given.what in {"all", "suite"}:
        suite(
            given.out,
            seeds=given.seeds,
            iterations=given.iterations,
            processes=given.processes,
        )
    if given.what == "scene":
        options = {} if given.texture is None else {"texture": given.texture}
        scene(given.place, options, seconds=given.seconds, iterations=given.iterations)


if __name__ == "__main__":
    main()
