"""The field's kernel against plain PyTorch: the same mathematics, ratios in one run.

    python -m benchmarks.surface_kernel [--rays 512] [--rounds 20]

16 samples a ray near a sphere, as training takes them, with six taps each: forward and
backward of 512 * 16 * 7 = 57,344 distances. Times are the least of all rounds. With one
thread that of the processor counts, which other programs disturb less than the clock;
two threads are compared with one by the clock.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from clinometer.stencil import central_gradient
from clinometer.surface.field import FieldShape, PlainField
from clinometer.surface.kernel import FusedField, TableAdam

STENCIL = central_gradient()
STEP = 2 / 64
SAMPLES = 16


def points(rays: int) -> Tensor:
    """(rays * 16, 3) points within 0.05 of a sphere of radius 0.5, along rays."""
    draw = torch.Generator().manual_seed(0)
    direction = torch.randn(rays, 1, 3, generator=draw)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    reach = 0.5 + torch.linspace(-0.05, 0.05, SAMPLES)[None, :, None]
    return (direction * reach).reshape(-1, 3)


def taps(field: FusedField | PlainField, x: Tensor) -> None:
    """A loss of all that six taps give, and the way back."""
    distance, features = field.outputs(x)
    values = field.taps(x, STENCIL, STEP)
    gradient = STENCIL.combine(values, STEP)
    laplacian = STENCIL.laplacian(values, distance, STEP)
    eikonal = ((gradient.norm(dim=0) - 1) ** 2).mean()
    rest = features.square().mean() + distance.square().mean()
    (eikonal + laplacian.abs().mean() * 1e-3 + rest).backward()


def analytical(field: FusedField | PlainField, x: Tensor) -> None:
    """The loss that analytical slopes have in place of `taps`."""
    ((field.slopes(x).norm(dim=1) - 1) ** 2).mean().backward()


def moved(field: FusedField | PlainField, adam: TableAdam, gradient: Tensor) -> None:
    """A step of the table with a gradient of the last taps; the copy counts, too."""
    assert field.table.grad is not None
    field.table.grad.copy_(gradient)
    adam.step(1e-3)


def least(body: Callable[[], object], rounds: int, *, clock: bool = False) -> float:
    """Least time of so many rounds, in milliseconds."""
    now = time.perf_counter if clock else time.thread_time
    body()
    times: list[float] = []
    for _ in range(rounds):
        began = now()
        body()
        times.append(now() - began)
    return min(times) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rays", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    x = points(options.rays)
    plain = PlainField(FieldShape())
    fused = FusedField(FieldShape(), threads=1)
    adam, slow = TableAdam(fused), TableAdam(plain)
    taps(plain, x)
    taps(fused, x)
    assert plain.table.grad is not None
    gradient = plain.table.grad.clone()
    few = max(3, options.rounds // 5)
    print(f"{len(x)} points, ms on one thread: plain, fused, ratio")
    rows: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("6 taps", lambda: taps(plain, x), lambda: taps(fused, x)),
        ("slopes", lambda: analytical(plain, x), lambda: analytical(fused, x)),
        ("distances", lambda: plain.distances(x), lambda: fused.distances(x)),
        (
            "table step",
            lambda: moved(plain, slow, gradient),
            lambda: moved(fused, adam, gradient),
        ),
    ]
    for name, before, after in rows:
        a, b = least(before, few), least(after, options.rounds)
        print(f"{name:10} {a:8.1f} {b:8.2f} {a / b:6.1f}")
    for threads in (1, 2):
        fused.use_threads(threads)
        wall = least(lambda: taps(fused, x), options.rounds, clock=True)
        print(f"6 taps, {threads} threads, by the clock: {wall:.1f} ms")


if __name__ == "__main__":
    main()
