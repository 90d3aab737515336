"""Picture of what gradients cost against n, for every method, with the break-even."""

from pathlib import Path

import jax

from clinometer import cost
from clinometer.costs import growth
from clinometer.show.cost import draw_growth
from examples.question import logistic, perceptron

jax.config.update("jax_enable_x64", True)

FEATURES = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
HIDDEN = (1, 4, 13, 40, 133, 400, 1_333)


def families():
    """How costs grow, by the title of the family: counts alone, nothing is timed."""
    regressions = [
        cost(loss, w, timing=0, entries=0)
        for loss, _, w in (logistic.problem(n, m=20) for n in FEATURES)
    ]
    networks = [
        cost(*perceptron.problem(64, hidden, 10), timing=0, entries=0)
        for hidden in HIDDEN
    ]
    return {
        "logistic regression": growth(regressions),
        "perceptron 64 – h – 10": growth(networks),
    }


def main():
    found = families()
    print(draw_growth(found, Path("out") / "cost-growth.png"))
    for title, grown in found.items():
        print(f"{title}, n = {grown.n[0]:,} to {grown.n[-1]:,}, multiplications in F:")
        for way, times in grown.times.items():
            met = grown.break_even(way)
            told = f", break-even at n = {met:.2g}" if met > 0 else ""
            print(f"  {way.value}: {times[0]:.3g} to {times[-1]:,.6g}{told}")


if __name__ == "__main__":
    main()
