"""Gradient checkers beside each other: planted faults, PyTorch's operators, losses."""
