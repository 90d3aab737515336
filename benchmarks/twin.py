"""Twin check on planted faults: `python -m benchmarks.twin [--write docs/twin.md]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from benchmarks.twin_faults import FAULTS, RULES, Fault, Runs
from benchmarks.twin_operations import OPERATIONS, Kernel, Operation
from clinometer.arrays import from_float64, to_float64
from clinometer.check.twin.cause import Known, diagnose
from clinometer.check.twin.cells import Sample
from clinometer.check.twin.judge import blamed, judge
from clinometer.check.twin.rules import SLACK
from clinometer.check.twin.runs import Recorded, Runner, record

DRAWS = 4
OURS, NAMED = "clinometer", "named"
PUBLISHED = "bfloat16"
"""The dtype of the published rules."""

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"


@dataclass
class Score:
    """Counts for one operation.

    seeds : gradients with faults.
    caught : by (rule, fault).
    alarms : by (rule, healthy kernel).
    """

    seeds: int = 0
    caught: Counter[tuple[str, str]] = field(default_factory=Counter)
    alarms: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Score) -> None:
        """Count another's, too."""
        self.seeds += other.seeds
        self.caught += other.caught
        self.alarms += other.alarms


Scores: TypeAlias = dict[str, dict[str, Score]]
"""By dtype, by operation."""


def recorded(operation: Operation, kernel: Kernel, seed: int) -> Recorded:
    """All runs for random cotangents, as `check_twin` makes them."""
    runner = Runner(kernel, operation.reference, operation.draw(seed))
    random = np.random.default_rng(seed)
    cotangents = [
        [
            to_float64(
                from_float64(
                    operation.cotangent * random.standard_normal(tuple(out.shape)), out
                )
            )
            for out in runner.outputs
        ]
        for _ in range(DRAWS)
    ]
    return record(runner, cotangents, seed)


def gradients(found: Recorded) -> list[Sample]:
    """The samples of gradients, without those of values."""
    return [sample for sample in found.samples if not sample.path.startswith("value")]


def planted(sample: Sample, fault: Fault) -> Sample:
    """A sample with a fault in the kernel's gradient."""
    wrong = fault.change(sample.kernel)
    return Sample(
        sample.path, sample.exact, wrong, sample.eager, sample.roundoff, sample.smallest
    )


def runs(sample: Sample) -> Runs:
    """The first draw, as published rules see it."""
    first = [
        torch.from_numpy(r[0]) for r in (sample.kernel, sample.exact, sample.eager)
    ]
    return Runs(first[0], first[1], first[2])


def alarms(found: Recorded, *, published: bool) -> Iterator[str]:
    """Names of the rules that refuse a healthy kernel."""
    if any(not judge(sample, SLACK).passed for sample in found.samples):
        yield OURS
    if published:
        grads = [runs(sample) for sample in gradients(found)]
        for name, accepts in RULES.items():
            if not all(accepts(one) for one in grads):
                yield name


def catches(sample: Sample, fault: Fault, *, published: bool) -> Iterator[str]:
    """Names of the rules that refuse a planted fault."""
    judgement = judge(sample, SLACK)
    if not judgement.passed:
        yield OURS
        part = blamed(sample, judgement, SLACK)
        if diagnose(sample, part, Known(None)).cause in fault.causes:
            yield NAMED
    if published:
        one = runs(sample)
        yield from (name for name, accepts in RULES.items() if not accepts(one))


def measure(operation: Operation, seed: int) -> Score:
    """All faults and healthy kernels of one operation at the inputs of one seed.

    Faults are planted in the first healthy kernel's gradient of the widest input.
    """
    score = Score(1)
    published = operation.dtype is torch.bfloat16
    for place, (name, kernel) in enumerate(operation.healthy.items()):
        found = recorded(operation, kernel, seed)
        refused = list(alarms(found, published=published))
        score.alarms.update((rule, name) for rule in refused)
        if OURS in refused:
            print(f"{operation.title}, seed {seed}: {name} refused", file=sys.stderr)
        if place:
            continue
        target = max(gradients(found), key=lambda sample: len(sample.shape))
        for fault in FAULTS:
            by = list(catches(planted(target, fault), fault, published=published))
            score.caught.update((rule, fault.name) for rule in by)
            if NAMED not in by:
                said = "not named" if OURS in by else "missed"
                print(
                    f"{operation.title}, seed {seed}: {fault.name} {said}",
                    file=sys.stderr,
                )
    return score


def stored(
    operation: Operation, seed: int, kept: dict[str, Score], *, store: Path | None
) -> Score:
    """The score of one operation and seed: as it was stored, or measured now."""
    key = f"{operation.title}, {seed}"
    if key not in kept:
        kept[key] = measure(operation, seed)
        if store is not None:
            line = {
                "key": key,
                "caught": list(kept[key].caught),
                "alarms": list(kept[key].alarms),
            }
            with store.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
    return kept[key]


def read(store: Path | None) -> dict[str, Score]:
    """The scores in a file, by operation and seed."""
    if store is None or not store.exists():
        return {}
    found: dict[str, Score] = {}
    for line in store.read_text(encoding="utf-8").splitlines():
        known = json.loads(line)
        caught = Counter((rule, fault) for rule, fault in known["caught"])
        refused = Counter((rule, kernel) for rule, kernel in known["alarms"])
        found[known["key"]] = Score(1, caught, refused)
    return found


def table(scores: Sequence[Score], columns: Sequence[str]) -> str:
    """Faults caught, in Markdown: one row a fault, one column a rule."""
    seeds = sum(score.seeds for score in scores)
    lines = [f"| fault, of {seeds} | " + " | ".join(columns) + " |"]
    lines.append("| --- " * (len(columns) + 1) + "|")
    for fault in FAULTS:
        counts = [
            sum(score.caught[rule, fault.name] for score in scores) for rule in columns
        ]
        lines.append(f"| {fault.name} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def by_operation(scores: Mapping[str, Score]) -> str:
    """Faults seen and, in brackets, named: one row a fault, one column an operation."""
    seeds = max(score.seeds for score in scores.values())
    lines = [f"| fault, of {seeds} | " + " | ".join(scores) + " |"]
    lines.append("| --- " * (len(scores) + 1) + "|")
    for fault in FAULTS:
        cells = [
            f"{score.caught[OURS, fault.name]} ({score.caught[NAMED, fault.name]})"
            for score in scores.values()
        ]
        lines.append(f"| {fault.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def healthy_table(found: Scores) -> str:
    """False alarms on healthy kernels, in Markdown."""
    columns = [OURS, *RULES]
    lines = ["| healthy kernel | of | " + " | ".join(columns) + " |"]
    lines.append("| --- " * (len(columns) + 2) + "|")
    for dtype, operations in OPERATIONS.items():
        for operation in operations:
            score = found[dtype][operation.name]
            for kernel in operation.healthy:
                counts = [str(score.alarms[rule, kernel]) for rule in columns]
                if dtype != PUBLISHED:
                    counts[1:] = ["–"] * len(RULES)
                name = f"{operation.name}, {dtype}: {kernel}"
                lines.append(
                    "| " + " | ".join([name, str(score.seeds), *counts]) + " |"
                )
    return "\n".join(lines)


def page(found: Scores) -> str:
    """All tables, in Markdown."""
    parts: list[str] = []
    for dtype, scores in found.items():
        parts += [f"### Seen (and named) in {dtype}", by_operation(scores)]
    columns = [OURS, NAMED, *RULES]
    first, *others = found[PUBLISHED].values()
    parts += [
        f"### Attention in {PUBLISHED}, beside published rules",
        table([first], columns),
        f"### The other {len(others)} operations in {PUBLISHED}, together",
        table(others, columns),
        "### False alarms",
        healthy_table(found),
    ]
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, and store between the marks of a page where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.twin", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1000, help="the first of them")
    parser.add_argument("--store", type=Path, help="file to go on from")
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = read(options.store)
    found: Scores = {
        dtype: {operation.name: Score() for operation in operations}
        for dtype, operations in OPERATIONS.items()
    }
    for seed in range(options.first, options.first + options.seeds):
        began = time.perf_counter()
        for dtype, operations in OPERATIONS.items():
            for operation in operations:
                one = stored(operation, seed, kept, store=options.store)
                found[dtype][operation.name].add(one)
        spent = time.perf_counter() - began
        print(f"seed {seed}: {spent:.0f} s", file=sys.stderr)
    tables = page(found)
    print(tables)
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        options.write.write_text(
            f"{head}{BEGIN}\n\n{tables}\n\n{END}{tail}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
