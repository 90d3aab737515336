"""What a check of a healthy gradient costs, beside torch, jax and numdifftools."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.test_util import check_grads

from benchmarks.checkers.healthy import HEALTHY, Healthy
from clinometer import check
from clinometer.check import Verdict

__all__ = ["OURS", "Cost", "costs", "section"]

Job: TypeAlias = Callable[[], Any]

ROUNDS = 11
"""Timed rounds of each function; in each, all checkers take their turn."""

OURS = ("NumPy", "torch", "JAX")
"""Libraries in which clinometer is asked."""

PAIRS = (
    ("NumPy", "gradcheck"),
    ("torch", "gradcheck"),
    ("JAX", "gradcheck"),
    ("JAX", "check_grads"),
)


@final
@dataclass(frozen=True)
class Cost:
    """One function, checked by all.

    seconds : by checker, the median of the rounds.
    ratios : by pair of checkers, the time of the first over that of the second in the
        same round; the median of the rounds.
    evaluations : of f, by ours and numdifftools.
    """

    name: str
    n: int
    seconds: dict[str, float]
    ratios: dict[str, float]
    evaluations: dict[str, int]


def _jobs(asked: Healthy) -> dict[str, Job]:
    """By checker, one check. Ours must agree, else what they cost says nothing."""

    def ours(f: Any, x: Any, gradient: Any = None) -> Job:
        def job() -> int:
            report = check(f, x, gradient=gradient)
            if report.verdict is not Verdict.AGREES:
                raise AssertionError(f"{asked.name}: {report}")
            return report.evaluations

        return job

    x = asked.x
    in_torch, in_jax = asked.within(torch), jax.jit(asked.within(jnp))
    point = torch.tensor(x)
    leaf = point.clone().requires_grad_()
    here = jnp.asarray(x)
    return {
        "NumPy": ours(asked.within(np), x, asked.gradient),
        "torch": ours(in_torch, point),
        "JAX": ours(in_jax, here),
        "gradcheck": lambda: torch.autograd.gradcheck(in_torch, (leaf,)),
        "check_grads": lambda: check_grads(in_jax, (here,), 1, modes=("rev",)),
    }


def _numdifftools(asked: Healthy) -> int:
    """Evaluations of f that numdifftools takes for the gradient."""
    import numdifftools

    f, count = asked.within(np), 0

    def counted(x: Any) -> float:
        nonlocal count
        count += 1
        return float(f(x))

    numdifftools.Gradient(counted)(asked.x)
    return count


def _cost(asked: Healthy, libraries: Sequence[str], rounds: int) -> Cost:
    left_out = set(OURS) - set(libraries)
    jobs = {name: job for name, job in _jobs(asked).items() if name not in left_out}
    evaluations = {name: jobs[name]() for name in OURS if name in jobs}
    evaluations["numdifftools"] = _numdifftools(asked)
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # untimed: compiles, loads
    for _ in range(rounds):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            spent[name].append(time.process_time() - began)
    ratios = {
        f"{one} / {other}": statistics.median(
            own / theirs for own, theirs in zip(spent[one], spent[other], strict=True)
        )
        for one, other in PAIRS
        if one in jobs
    }
    seconds = {name: statistics.median(times) for name, times in spent.items()}
    return Cost(asked.name, asked.x.size, seconds, ratios, evaluations)


def costs(libraries: Sequence[str] = OURS, rounds: int = ROUNDS) -> list[Cost]:
    """Every healthy function in its order.

    libraries : of OURS, in which clinometer is asked.
    """
    was = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [_cost(asked, libraries, rounds) for asked in HEALTHY]
    finally:
        jax.config.update("jax_enable_x64", was)


TEXT = """\
Eleven ordinary right gradients, each formula written in NumPy (with its gradient by
hand), in torch and in JAX (jitted), checked at our defaults, probes included. Torch's
slow gradcheck is asked about the formula in torch, jax's check_grads about the one in
JAX. Times are milliseconds of CPU time, medians of {rounds} rounds in which all take
turns; ratios are taken in each round, then their median."""


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def section(found: Sequence[Cost], rounds: int = ROUNDS) -> str:
    """The costs in Markdown."""
    times = [f"{name}, ms" for name in found[0].seconds]
    heads = ("function", "n", *times, *found[0].ratios)
    lines = [TEXT.format(rounds=rounds), "", _row(heads), _row(["---"] * len(heads))]
    for cost in found:
        milliseconds = [f"{1e3 * spent:.2f}" for spent in cost.seconds.values()]
        ratios = [f"{ratio:.2f}" for ratio in cost.ratios.values()]
        lines.append(_row((cost.name, cost.n, *milliseconds, *ratios)))
    middles = [
        f"**{statistics.median(cost.ratios[pair] for cost in found):.2f}**"
        for pair in found[0].ratios
    ]
    lines.append(_row(("**median**", "", *[""] * len(times), *middles)))
    heads = ("function", "n", *found[0].evaluations)
    lines += ["", "Evaluations of f, beside `numdifftools.Gradient` at its defaults:"]
    lines += ["", _row(heads), _row(["---"] * len(heads))]
    lines += [_row((cost.name, cost.n, *cost.evaluations.values())) for cost in found]
    return "\n".join(lines)
