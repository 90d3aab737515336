"""The Jacobian of polar coordinates, with a bar for each of its entries."""

import numpy as np

from clinometer import jacobian


def cartesian(polar):
    radius, angle = polar
    return np.array([radius * np.cos(angle), radius * np.sin(angle)])


estimate = jacobian(cartesian, np.array([2.0, 0.5]))
exact = np.array([[np.cos(0.5), -2 * np.sin(0.5)], [np.sin(0.5), 2 * np.cos(0.5)]])

print("value\n", estimate.value)
print("error bar\n", estimate.error)
print(
    "the truth lies in every bar:",
    (abs(estimate.value - exact) <= estimate.error).all(),
)
print("evaluations:", estimate.evaluations)
