"""Problems for the command line, which names them FILE.py:NAME.

clinometer check examples/problem.py:right
clinometer check examples/problem.py:wrong
clinometer gradient examples/problem.py:right --at 0,0
"""

import numpy as np

from clinometer import Problem


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def gradient(x):
    bend = x[1] - x[0] ** 2
    return np.array([-2 * (1 - x[0]) - 400 * x[0] * bend, 200 * bend])


def sign_lost(x):
    bend = x[1] - x[0] ** 2
    return np.array([-2 * (1 - x[0]) + 400 * x[0] * bend, 200 * bend])


start = np.array([-1.2, 1.0])
right = Problem(rosenbrock, start, gradient)
wrong = Problem(rosenbrock, start, sign_lost)
