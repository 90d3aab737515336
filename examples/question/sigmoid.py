"""z = b σ(a x): its derivatives by hand, by backprop and by differences, counted.

With s = σ(a x), the formulas are

    dz/db = s        dz/da = b s (1 - s) x        dz/dx = b s (1 - s) a

where s and b s (1 - s) are worked out once and used again. Differences evaluate z anew
for every one of the three.
"""

import jax
import jax.numpy as jnp

from clinometer import check, cost, engines
from clinometer.operations import count

jax.config.update("jax_enable_x64", True)

AT = {"a": jnp.array(0.7), "b": jnp.array(-1.3), "x": jnp.array(2.1)}


def z(p):
    return p["b"] * jax.nn.sigmoid(p["a"] * p["x"])


def gradient(p):
    s = jax.nn.sigmoid(p["a"] * p["x"])
    slope = p["b"] * s * (1 - s)
    return {"a": slope * p["x"], "b": s, "x": slope * p["a"]}


def by_hand(leaves):
    """The three derivatives, added so that they are one number: two additions more."""
    a, b, x = leaves
    return sum(gradient({"a": a, "b": b, "x": x}).values())


def main():
    leaves = [*AT.values()]
    counted = count(engines.of(leaves).graph(by_hand, leaves))
    report = cost(z, AT, timing=0)

    print(check(z, AT, gradient=gradient))
    print()
    print("operations            mult.  add.  transc.")
    own = report.operations
    print(f"z itself              {own.multiplications:5} {own.additions:5} "
          f"{own.transcendentals:8}")  # fmt: skip
    print(f"gradient by hand      {counted.multiplications:5} "
          f"{counted.additions - 2:5} {counted.transcendentals:8}")  # fmt: skip
    for row in report.rows:
        if row.operations:
            print(f"{row.way.value:22}{row.operations.multiplications:5} "
                  f"{row.operations.additions:5} "
                  f"{row.operations.transcendentals:8}")  # fmt: skip
    print()
    print(report.recommendation)


if __name__ == "__main__":
    main()
