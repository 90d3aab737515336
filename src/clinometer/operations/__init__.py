"""What a computation costs: operations counted, and memory, from its graph alone.

Operations    multiplications, additions and so on of one run
count         the operations of a graph
peak          the most bytes alive at once
"""

from clinometer.operations.counting import count
from clinometer.operations.liveness import peak
from clinometer.operations.value import Operations

__all__ = ["Operations", "count", "peak"]
