"""The field on the CPU as one compiled kernel: distances, taps, slopes, gradients.

`field_for` gives the fastest field there is. `FusedField` (`fused`) equals `PlainField`
to float32 rounding. Its C++ stands in `source/` and is compiled at first use (`build`),
where a compiler is found; `library` is the way in. `TableAdam` (`adam`) moves the
table.
"""

from clinometer.surface.kernel.adam import TableAdam
from clinometer.surface.kernel.choice import Kernel, field_for
from clinometer.surface.kernel.fused import FusedField

__all__ = ["FusedField", "Kernel", "TableAdam", "field_for"]
