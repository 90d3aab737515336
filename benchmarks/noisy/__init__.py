"""Minimising noisy functions: the problems, the solvers, who solves what, the page."""
