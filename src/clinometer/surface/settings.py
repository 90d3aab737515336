"""What a training is told: sizes, weights and rates, with presets for the stencil."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, final, get_args

from clinometer.errors import InputError
from clinometer.surface.field import FieldShape
from clinometer.surface.grid import Grid
from clinometer.surface.kernel.choice import Kernel
from clinometer.surface.taps import Taps

__all__ = ["PRESETS", "Plan", "Reach", "Settings", "preset_named"]

Reach: TypeAlias = Literal["fixed", "shrinking", "growing", "random"]
"""Of the taps. fixed: cells of the finest level, always. shrinking: cells of the finest
level that is open. growing: cells of the finest level, first a quarter of them; all of
them once the curvature has its full weight. random: drawn anew at each iteration,
evenly in its logarithm, between what fixed and shrinking have."""


def _within(name: str, value: float, low: float, high: float) -> None:  # noqa: PLR0917
    if not low <= value <= high:
        raise InputError(f"{name} must lie in {low:g} … {high:g}, got {value!r}")


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {value!r}")


@final
@dataclass(frozen=True)
class Plan:
    """How the field is differentiated, and how coarse becomes fine.

    taps : the stencil, or "analytical".
    reach : what the distance of its taps is measured by; cells : how many such cells.
    first_levels : levels of the grid that are open at the start.
    opened : share of the training after which all are; 0 opens all at once.
    curvature : weight of |laplacian|, in scene units; 0 without a stencil.
    curvature_from : share of the training after which that weight rises from 0.
    curvature_warm : share of the training in which it does. Later it shrinks in
        proportion to the reach, where that shrinks.
    curvature_until : iterations of a training up to which that weight holds; in longer
        ones it is less in proportion, as they leave less noise. None: in all.
    curvature_bound : most that a laplacian counts, in 1 / scene unit: noise is taken
        off, while a sharp edge, whose laplacian is large, is hardly rounded
        (`losses.curvature_loss`). None: no bound.
    curvature_hollows : what a negative laplacian, as of a hollow, counts beside a
        positive one, as of a bulge, 0 to 1. Below 1 the surface is drawn inwards rather
        than outwards: with few views it errs on the outside, where hollows are not
        carved out yet.
    eikonal_slack : share of the reach times |laplacian| by which the gradient may be
        shorter than 1 at no cost, 0 to 1 (`losses.eikonal_loss`); nothing without a
        stencil.
    The defaults are those of Li et al. 2023, sections 3 and 4.1.
    """

    taps: Taps = "central"
    reach: Reach = "shrinking"
    cells: float = 1.0
    first_levels: int = 4
    opened: float = 0.6
    curvature: float = 5e-4
    curvature_from: float = 0.0
    curvature_warm: float = 0.05
    curvature_until: int | None = None
    curvature_bound: float | None = None
    curvature_hollows: float = 1.0
    eikonal_slack: float = 0.0

    def __post_init__(self) -> None:
        _one_of("taps", self.taps, get_args(Taps))
        _one_of("reach", self.reach, get_args(Reach))
        _within("cells", self.cells, 1e-3, 16.0)
        _within("first_levels", self.first_levels, 1, 32)
        _within("opened", self.opened, 0.0, 1.0)
        _within("curvature", self.curvature, 0.0, math.inf)
        _within("curvature_from", self.curvature_from, 0.0, 1.0)
        _within("curvature_warm", self.curvature_warm, 0.0, 1.0)
        _within("curvature_hollows", self.curvature_hollows, 0.0, 1.0)
        _within("eikonal_slack", self.eikonal_slack, 0.0, 1.0)
        if self.curvature_until is not None:
            _within("curvature_until", self.curvature_until, 1, 10**8)
        if self.curvature_bound is not None:
            _within("curvature_bound", self.curvature_bound, 1e-3, math.inf)


PRESETS: Mapping[str, Plan] = {
    "fast": Plan(
        reach="growing",
        cells=1.15,
        opened=0.0,
        curvature=1.5e-3,
        curvature_from=0.35,
        curvature_warm=0.3,
        curvature_until=2000,
        curvature_bound=30.0,
        curvature_hollows=0.05,
        eikonal_slack=0.15,
    ),
    "paper": Plan(),
    "shipped": Plan(taps="tetrahedral", cells=0.25),
    "random": Plan(reach="random", opened=0.0),
    "analytical": Plan(taps="analytical", reach="fixed", opened=0.0, curvature=0.0),
}
"""fast: ours; taps are near while the shape is carved out, and the curvature counts
once there is one: early, either fills hollows and may leave a training stuck. The slack
is what makes a right-angled edge free, (1 - √½) / 2 = 0.146, rounded. paper: six taps,
one cell away, one level after the other (Li et al. 2023, section 3). shipped: as their
program has it, four taps at a quarter of a cell. random: a step for each iteration
(NeuRodin, Wang et al. 2024). analytical: no stencil.
"""


def preset_named(name: str) -> Plan:
    """The preset of that name. Raises InputError where there is none."""
    _one_of("preset", name, tuple(PRESETS))
    return PRESETS[name]


SLOWEST = 4e-4
"""Rate of the sharpness in long trainings: of 1e-3, 4e-4 and 2e-4 the best on twelve
views of blocks in 2000 iterations. At 1e-3 hollows stayed filled in one of four seeds,
at 2e-4 the surface stayed blurred."""

SHARPENING = 2000 * SLOWEST
"""By it, short trainings come to the same sharpness."""


@final
@dataclass(frozen=True)
class Settings:
    """Everything that a training depends on, beside its scene.

    iterations : steps of the optimiser.
    rays : pixels in a step, at most. samples : points on each ray.
    grid, hidden, features : sizes of the field (`FieldShape`).
    plan : how it is differentiated (`Plan`).
    eikonal : weight of (|gradient| - 1)². With 0.1, as published, hollows are carved
        out less, with 0.3 hardly; with 0.03 there is more noise.
    rate : of the table; network_rate : of the networks; sharpness_rate : of the log of
        the sharpness over ten. They rise over `warm` iterations, fall to a tenth over
        the last 70 % of the training, and to nearly nothing over the last 15 %
        (`schedule.rate_factor`). Where the sharpness rises fast, what is not
        carved out by then stays, above all where few views see it; where it rises too
        slowly, the surface stays blurred. None takes 4e-4 or, if that is more,
        0.8 / iterations.
    sharpness : of the opacity at the start, in 1 / scene unit.
    exposure : whether each photograph has a gain of its own for each colour.
    eager : share of the points without weight where the gradient is taken all the same.
    seed : of every random number. threads : of the kernel; None takes all there are.
    kernel : "auto", "fused" or "plain" (`kernel.field_for`).
    Raises InputError where a number is out of its range.
    """

    iterations: int = 2000
    rays: int = 512
    samples: int = 16
    grid: Grid = field(default_factory=Grid)
    hidden: int = 32
    features: int = 15
    plan: Plan = PRESETS["fast"]
    eikonal: float = 0.05
    rate: float = 1e-2
    network_rate: float = 5e-3
    sharpness_rate: float | None = None
    warm: int = 200
    sharpness: float = 20.0
    exposure: bool = False
    eager: float = 0.1
    seed: int = 0
    threads: int | None = None
    kernel: Kernel = "auto"

    def __post_init__(self) -> None:
        _within("iterations", self.iterations, 1, 10**8)
        _within("rays", self.rays, 1, 2**20)
        _within("samples", self.samples, 4, 1024)
        _within("eikonal", self.eikonal, 0.0, math.inf)
        for name in ("rate", "network_rate", "sharpness_rate"):
            if getattr(self, name) is not None:
                _within(name, getattr(self, name), 1e-8, 1.0)
        _within("warm", self.warm, 0, 10**8)
        _within("sharpness", self.sharpness, 1.0, 1e5)
        _within("eager", self.eager, 0.0, 1.0)
        _within("seed", self.seed, 0, 2**63 - 1)
        if self.threads is not None:
            _within("threads", self.threads, 1, 1024)
        _one_of("kernel", self.kernel, get_args(Kernel))
        if self.plan.first_levels > self.grid.levels:
            raise InputError(
                f"first_levels must be at most the grid's {self.grid.levels} levels, "
                f"got {self.plan.first_levels}"
            )

    @property
    def sharpening(self) -> float:
        """The sharpness's rate, also where none was given."""
        if self.sharpness_rate is not None:
            return self.sharpness_rate
        return min(1.0, max(SLOWEST, SHARPENING / self.iterations))

    @property
    def shape(self) -> FieldShape:
        """The field's sizes."""
        return FieldShape(self.grid, self.hidden, self.features)

    def as_dict(self) -> dict[str, Any]:
        """The settings as numbers, strings and dicts of them."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Settings:
        """Settings from what `as_dict` made.

        Raises InputError for a name that is no setting, or a value that breaks a rule.
        """
        parts = dict(given)
        try:
            if "grid" in parts:
                parts["grid"] = Grid(**parts["grid"])
            if "plan" in parts:
                parts["plan"] = Plan(**parts["plan"])
            return Settings(**parts)
        except TypeError as reason:
            raise InputError(f"these are no settings: {reason}") from reason
