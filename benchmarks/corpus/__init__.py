"""The set of functions, one file per category or two."""
