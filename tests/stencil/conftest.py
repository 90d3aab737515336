"""Hypothesis takes the same examples in every run, and no clock decides a test."""

import hypothesis

hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.load_profile("fixed")
