"""How noise in f widens the bar, and why a check may have to say "cannot tell"."""

import numpy as np

from clinometer import check, slope


def noisy(size):
    """sin(x) with a repeatable error, as a loosely solved equation has it."""

    def f(x):
        digits = np.sin(1e9 * x)  # irregular at the scale of any step
        return np.sin(x) + size * digits

    return f


x = 1.0
for size in (0.0, 1e-12, 1e-9, 1e-6, 1e-3):
    estimate = slope(noisy(size), x, 1.0)
    off = abs(estimate.value - np.cos(x))
    print(f"noise {size:5.0e}: {str(estimate).splitlines()[0]}, off by {off:.0e}")

print()
print(check(lambda x: noisy(1e-6)(x).sum(), np.array([x]), gradient=np.cos))
