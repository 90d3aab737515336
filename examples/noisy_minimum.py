"""A decay fitted where every value of the misfit carries noise of 0.1 %."""

import numpy as np
from scipy.optimize import minimize

from clinometer import noise_aware_lbfgs

TIMES = np.linspace(0, 3, 30)
OBSERVED = 4 * np.exp(-1.5 * TIMES) + 0.7
START = np.array([1.0, 0.5, 0.1])


def exact(x):
    height, rate, ground = x
    return ((height * np.exp(-rate * TIMES) + ground - OBSERVED) ** 2).mean()


def simulated():
    """The misfit as a simulation gives it: never the same twice."""
    random = np.random.default_rng(0)
    return lambda x: exact(x) * (1 + 1e-3 * random.normal())


def fit(method, **options):
    return minimize(simulated(), START, method=method, options=options)


print(f"misfit at the start {exact(START):.2f}, truth at 4, 1.5, 0.7")
for name in ("L-BFGS-B", "BFGS"):
    found = fit(name)
    print(f"{name}: misfit {exact(found.x):.1e} after {found.nfev} evaluations")

found = fit(noise_aware_lbfgs, maxfev=400)
off = np.abs(found.x - [4, 1.5, 0.7]).max()
print(f"noise-aware: misfit {exact(found.x):.1e} after {found.nfev} evaluations")
print(f"all within 1e-4 of the truth: {off < 1e-4}")
