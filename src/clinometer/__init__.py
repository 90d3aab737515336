"""Numerical derivatives with error bars, and checks of gradients that rest on them."""

__version__ = "0.1.0"
