"""Does the numerical gradient help, and what in it does? Many trainings, side by side.

A training a case: a way to the gradient, a scene, a seed. Cases that a folder holds
already are not run again, so that an ablation may be stopped at any time.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from scipy import stats

from clinometer.errors import InputError, StorageError
from clinometer.surface.evaluate import evaluate
from clinometer.surface.scenes.scene import Scene
from clinometer.surface.settings import PRESETS, Plan, Settings
from clinometer.surface.source import SceneSource
from clinometer.surface.storage import write_text
from clinometer.surface.synth.named import NAMES
from clinometer.surface.taps import Taps
from clinometer.surface.train import train
from clinometer.table import aligned

__all__ = ["METRICS", "SCENES", "SMALL", "WAYS", "Case", "Line", "ablate", "table"]

OPENED = 0.2
"""Share of the training after which all levels are open, of progressive ways."""


def _ways() -> dict[str, Plan]:
    """Every way that is compared, by name."""
    exact = Plan(taps="analytical", reach="fixed", opened=0.0, curvature=0.0)
    ways = {
        "analytical": exact,
        "analytical, progressive": replace(exact, opened=OPENED),
    }
    kinds: dict[str, Taps] = {"6": "central", "4": "tetrahedral", "4±": "flipped"}
    for count, taps in kinds.items():
        fixed = Plan(taps=taps, reach="fixed", opened=0.0)
        ways[f"numerical {count}"] = fixed
        ways[f"numerical {count}, progressive"] = replace(
            fixed, reach="shrinking", opened=OPENED
        )
        ways[f"random step {count}"] = replace(fixed, reach="random")
    ways["numerical 6, no curvature"] = replace(ways["numerical 6"], curvature=0.0)
    ways["fast"] = PRESETS["fast"]
    return ways


WAYS: Mapping[str, Plan] = _ways()
"""analytical; numerical with six taps (6), four (4) and four with a chance sign (4±),
at a fixed step of one cell of the finest level; the same, progressive: levels open one
after the other, and the step is a cell of the finest that is open; and with a step
drawn for each iteration; six taps without a weight on the curvature, which tells what
is the stencil's from what is that weight's; and the preset `fast`."""

SCENES = ("creature", "creature_plain", "blocks_12", "blocks_plain_12")
"""Dense and few views, textured and plain."""

METRICS = {
    "chamfer": ("Chamfer, 1e-3", 1e3),
    "normal_error": ("normal error, degrees", 1.0),
    "psnr": ("PSNR, dB", 1.0),
    "seconds": ("seconds of a processor", 1.0),
}
"""What is compared, how it is headed, and by what it is multiplied in print."""


SMALL = Settings(iterations=1000, rays=256, warm=100)
"""A small form of the ablation: with five seeds an hour of one processor."""


@final
@dataclass(frozen=True)
class Case:
    """One training."""

    way: str
    scene: str
    seed: int


@final
@dataclass(frozen=True)
class Line:
    """What one training came to. area : of all parts over that of the largest."""

    case: Case
    chamfer: float
    normal_error: float
    psnr: float
    area: float
    seconds: float

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Line:
        """What `dataclasses.asdict` was made of."""
        numbers = {name: value for name, value in given.items() if name != "case"}
        return Line(case=Case(**given["case"]), **numbers)


def ablate(
    out: Path,
    *,
    scenes: Sequence[str] | Mapping[str, Scene] = SCENES,
    seeds: int = 5,
    ways: Iterable[str] | None = None,
    settings: Settings | None = None,
    resolution: int = 256,
    processes: int = 1,
    watch: Callable[[int, int, Line], None] | None = None,
) -> list[Line]:
    """All cases, as far as they are not in the folder yet.

    scenes : names of synthetic scenes, or scenes with a known surface by name.
    seeds : 0, 1, … so many. ways : of `WAYS`.
    settings : all but plan and seed; None takes a small training.
    resolution : of the meshes that are measured, cells per axis.
    processes : trainings at a time. More than one take a thread each, which uses
        processors better than threads of one training do; results are the same.
    watch : called after each with how many there are now, how many there will be, and
        what it came to.
    Raises InputError for an unknown way or scene, a scene without a known surface or
    held-out views, a folder of other settings, or processes below 1.
    """
    chosen = tuple(WAYS) if ways is None else tuple(ways)
    known: Mapping[str, Scene] = scenes if isinstance(scenes, Mapping) else {}
    _require_known("way", chosen, tuple(WAYS))
    _require_known("scene", [s for s in scenes if s not in known], NAMES)
    for name, scene in known.items():
        if scene.truth is None or not scene.held_out:
            raise InputError(
                f"scene {name!r} must have a known surface and held-out views to "
                "measure by"
            )
    if processes < 1:
        raise InputError(f"processes must be at least 1, got {processes}")
    settings = settings or Settings(iterations=1000)
    if processes > 1:
        settings = replace(settings, threads=1)
    file = out / "ablation.jsonl"
    _require_same(out / "settings.json", settings)
    done = {line.case: line for line in _read(file)}
    # seeds outermost: a table of few seeds is whole before the next begins
    cases = [
        Case(way, scene, seed)
        for seed in range(seeds)
        for scene in scenes
        for way in chosen
    ]
    missing = [case for case in cases if case not in done]
    tasks = [
        functools.partial(
            run_case, case, settings, known.get(case.scene), resolution=resolution
        )
        for case in missing
    ]
    for number, line in enumerate(_results(tasks, processes), 1):
        _append(file, line)
        done[line.case] = line
        if watch is not None:
            watch(len(cases) - len(missing) + number, len(cases), line)
    return [done[case] for case in cases]


def _results(
    tasks: Sequence[Callable[[], Line]], processes: int
) -> Generator[Line, None, None]:
    """What tasks come to, as they end."""
    if processes == 1 or len(tasks) < 2:
        for task in tasks:
            yield task()
        return
    # not by fork: threads of the kernel would be missing in the children
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, context, initializer=_ignore_interrupts)
    try:
        for future in as_completed([pool.submit(task) for task in tasks]):
            yield future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        # what a training that is stopped would come to is lost either way
        children = set(multiprocessing.active_children()) - before
        for child in children:
            child.terminate()
        for child in children:
            child.join()
            # the pool's thread waits, too: where it was first, join returns at once,
            # a moment before that thread has noted the end
            while child.is_alive():
                time.sleep(0.001)
        raise
    pool.shutdown()


def _ignore_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_case(
    case: Case, settings: Settings, scene: Scene | None = None, *, resolution: int = 256
) -> Line:
    """What one training comes to; seconds are those of training alone."""
    scene = scene or _scene(case.scene)
    settings = replace(settings, plan=WAYS[case.way], seed=case.seed)
    begun = time.process_time()
    training = train(scene, settings)
    seconds = time.process_time() - begun
    quality = evaluate(training.trained(), scene, resolution=resolution)
    assert quality.measures is not None
    assert quality.psnr is not None
    return Line(
        case=case,
        chamfer=quality.measures.chamfer.value,
        normal_error=quality.measures.normal_error.value,
        psnr=quality.psnr,
        area=quality.area,
        seconds=seconds,
    )


@functools.cache
def _scene(name: str) -> Scene:
    return SceneSource(f"synth:{name}").scene()


def table(lines: Sequence[Line], metric: str) -> str:
    """Means of a metric with intervals of 95 %, a row a way, a column a scene.

    Of n seeds the interval is the mean ± t₀.₉₇₅(n - 1) s / √n; of one, none is given.
    """
    head, factor = METRICS[metric]
    scenes = list(dict.fromkeys(line.case.scene for line in lines))
    ways = list(dict.fromkeys(line.case.way for line in lines))
    rows = [
        [way]
        + [
            _interval(
                [
                    factor * getattr(line, metric)
                    for line in lines
                    if (line.case.way, line.case.scene) == (way, scene)
                ]
            )
            for scene in scenes
        ]
        for way in ways
    ]
    return "\n".join(aligned([head, *scenes], rows))


def _interval(values: Sequence[float]) -> str:
    if not values:
        return "–"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1)
    return f"{np.mean(values):.2f} ± {half / np.sqrt(len(values)):.2f}"


def _require_known(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"unknown {what} {name!r}; there are {', '.join(known)}")


def _require_same(file: Path, settings: Settings) -> None:
    """Raise InputError where the folder's cases were run with other settings."""
    told = settings.as_dict()
    del told["threads"]  # no result depends on it
    text = json.dumps(told, indent=2) + "\n"
    if not file.exists():
        write_text(file, text)
    elif file.read_text(encoding="utf-8") != text:
        raise InputError(
            f"{file.parent} holds an ablation with other settings; name another folder"
        )


def _read(file: Path) -> list[Line]:
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    return [Line.from_dict(json.loads(line)) for line in text.splitlines()]


def _append(file: Path, line: Line) -> None:
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(dataclasses.asdict(line)) + "\n")
    except OSError as reason:
        raise StorageError(
            f"{file} could not be written ({reason.strerror}); what it held is whole"
        ) from reason
