"""From values on a ladder of steps to a derivative with an error bar.

`rows` combines values to difference quotients and extrapolates them, `noise` measures
how noisy f is, `answers` picks the best entry of the table and its bar, and `onesided`
serves points where the two sides of x do not agree.
"""

from clinometer.judge.answers import Judgement, next_rows, settle, tolerance, weigh
from clinometer.judge.noise import History
from clinometer.judge.onesided import kink_of, one_sided, one_sided_rows
from clinometer.judge.rows import Rows, rows_of

__all__ = [
    "History",
    "Judgement",
    "Rows",
    "kink_of",
    "next_rows",
    "one_sided",
    "one_sided_rows",
    "rows_of",
    "settle",
    "tolerance",
    "weigh",
]
