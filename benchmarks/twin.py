"""Twin check on planted faults: `python -m benchmarks.twin [--write docs/twin.md]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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


def measure(operation: Operation, seeds: range) -> Score:
    """All faults and healthy kernels of one operation.

    Faults are planted in the first healthy kernel's gradient of the widest input.
    """
    score = Score(len(seeds))
    published = operation.dtype is torch.bfloat16
    for seed in seeds:
        for place, (name, kernel) in enumerate(operation.healthy.items()):
            found = recorded(operation, kernel, seed)
            score.alarms.update(
                (rule, name) for rule in alarms(found, published=published)
            )
            if place:
                continue
            target = max(gradients(found), key=lambda sample: len(sample.shape))
            for fault in FAULTS:
                wrong = planted(target, fault)
                score.caught.update(
                    (rule, fault.name)
                    for rule in catches(wrong, fault, published=published)
                )
    return score


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


def healthy_table(found: dict[str, Score]) -> str:
    """False alarms on healthy kernels, in Markdown."""
    columns = [OURS, *RULES]
    lines = ["| healthy kernel | of | " + " | ".join(columns) + " |"]
    lines.append("| --- " * (len(columns) + 2) + "|")
    for operation in OPERATIONS:
        score = found[operation.name]
        for kernel in operation.healthy:
            counts = [str(score.alarms[rule, kernel]) for rule in columns]
            if operation.dtype is not torch.bfloat16:
                counts[1:] = ["–"] * len(RULES)
            line = [f"{operation.name}: {kernel}", str(score.seeds), *counts]
            lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines)


def page(found: dict[str, Score]) -> str:
    """All tables, in Markdown."""
    columns = [OURS, NAMED, *RULES]
    first, *others = [
        found[operation.name]
        for operation in OPERATIONS
        if operation.dtype is torch.bfloat16
    ]
    finer = [
        found[operation.name]
        for operation in OPERATIONS
        if operation.dtype is not torch.bfloat16
    ]
    return "\n\n".join(
        [
            "### Attention in bfloat16, faults in dq",
            table([first], columns),
            f"### The other {len(others)} operations in bfloat16, together",
            table(others, columns),
            "### The operations in float16 and float32, together",
            table(finer, [OURS, NAMED]),
            "### False alarms",
            healthy_table(found),
        ]
    )


def main() -> None:
    """Measure, print, and store between the marks of a page where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.twin", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1000, help="the first of them")
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.first, options.first + options.seeds)
    found: dict[str, Score] = {}
    for operation in OPERATIONS:
        began = time.perf_counter()
        found[operation.name] = measure(operation, seeds)
        spent = time.perf_counter() - began
        print(f"{operation.name}: {spent:.0f} s", file=sys.stderr)
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
