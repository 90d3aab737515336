"""Figures of results. Each comes from a frozen value that can be read without drawing.

Needs the extra [plot] where something is drawn; matplotlib is loaded only then.
"""

from clinometer.show.curve import StepCurve, Trial, step_curve
from clinometer.show.descent import draw_descent
from clinometer.show.draw import draw_step_curve

__all__ = ["StepCurve", "Trial", "draw_descent", "draw_step_curve", "step_curve"]
