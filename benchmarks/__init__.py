"""The benchmark: a published set of functions, other libraries, one table for all."""
