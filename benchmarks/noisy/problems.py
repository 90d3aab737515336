"""The 35 problems with their starting points and minima, in the paper's order.

Source: Moré, Garbow & Hillstrom 1981, ACM TOMS 7, 17-41. Minima without a formula are
the paper's to its digits and were made sharper by solving without noise; the tests do
that again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.noisy import few, many
from benchmarks.noisy.problem import Problem, Residuals

_TEN = np.arange(1, 11) / 11


def _problem(
    residuals: Residuals, start: Any, *minima: float, name: str = ""
) -> tuple[str, Residuals, Any, tuple[float, ...]]:
    title = name or residuals.__name__.replace("_", " ")
    return title, residuals, np.array(start, np.float64), minima or (0.0,)


_ALL = [
    _problem(few.rosenbrock, [-1.2, 1]),
    _problem(few.freudenstein_roth, [0.5, -2], 0.0, 48.98425367924),
    _problem(few.powell_badly_scaled, [0, 1]),
    _problem(few.brown_badly_scaled, [1, 1]),
    _problem(few.beale, [1, 1]),
    _problem(few.jennrich_sampson, [0.3, 0.4], 124.36218235561),
    _problem(few.helical_valley, [-1, 0, 0]),
    _problem(few.bard, [1, 1, 1], 8.214877306578e-3, 17.4286933333),
    _problem(few.gaussian, [0.4, 1, 0], 1.1279327696e-8),
    _problem(few.meyer, [0.02, 4000, 250], 87.945855170),
    _problem(few.gulf, [5, 2.5, 0.15]),
    _problem(few.box, [0, 10, 20]),
    _problem(few.powell_singular, [3, -1, 0, 1]),
    _problem(few.wood, [-3, -1, -3, -1]),
    _problem(few.kowalik_osborne, [0.25, 0.39, 0.415, 0.39], 3.0750560385e-4),
    _problem(few.brown_dennis, [25, 5, -5, -1], 85822.20162636),
    _problem(few.osborne_1, [0.5, 1.5, -1, 0.01, 0.02], 5.46489469748e-5),
    _problem(few.biggs, [1, 2, 1, 1, 1, 1], 0.0, 5.65564992551e-3, 0.30636677262),
    _problem(
        few.osborne_2,
        [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5],
        0.0401377362935,
        1.78981358688,
    ),
    _problem(few.watson, np.zeros(6), 2.28767005355e-3),
    _problem(many.extended_rosenbrock, [-1.2, 1] * 5),
    _problem(many.extended_powell, [3, -1, 0, 1] * 3),
    _problem(many.penalty_1, np.arange(1, 11), 7.08765146709e-5),
    _problem(many.penalty_2, np.full(10, 0.5), 2.93660537457e-4),
    _problem(many.variably_dimensioned, 1 - np.arange(1, 11) / 10),
    _problem(many.trigonometric, np.full(10, 0.1), 0.0, 2.795056122e-5),
    _problem(many.brown_almost_linear, np.full(10, 0.5), 0.0, 1.0),
    _problem(many.discrete_boundary, _TEN * (_TEN - 1)),
    _problem(many.discrete_integral, _TEN * (_TEN - 1)),
    _problem(many.broyden_tridiagonal, -np.ones(10)),
    _problem(many.broyden_banded, -np.ones(10), 0.0, 3.05727843243),
    _problem(many.linear_full_rank, np.ones(10), 10.0),
    _problem(many.linear_rank_1, np.ones(10), 20 * 19 / (2 * 41)),
    _problem(
        many.linear_rank_1_inside,
        np.ones(10),
        (20**2 + 3 * 20 - 6) / (2 * (2 * 20 - 3)),
    ),
    _problem(many.chebyquad, np.arange(1, 9) / 9, 3.516873725677e-3),
]

PROBLEMS = [
    Problem(number, name, residuals, start, minima)
    for number, (name, residuals, start, minima) in enumerate(_ALL, start=1)
]
"""All 35."""
