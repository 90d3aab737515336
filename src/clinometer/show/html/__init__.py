"""A report as one HTML file that needs nothing else: no network, no other file.

Verdict and causes stand first, then the step curve, a map of the wrong entries, all
findings, what the check would have seen, and a script that repeats it.
"""

from clinometer.show.html.page import html, write

__all__ = ["html", "write"]
