"""The field on the CPU as one compiled kernel: distances, taps, slopes, gradients.

`field_for` gives the fastest field there is. `FusedField` (`fused`) equals `PlainField`
to float32 rounding. Its C++ stands in `source/` and is compiled at first use (`build`),
where a compiler is found; `library` is the way in. `TableAdam` (`adam`) moves the
table.
`rays_for` gives the functions of `rays`, compiled apart: samples are placed (`march`),
weighed (`opacity`) and coloured (`colours`) as plain PyTorch does it in `cache`,
`opacity` and `render` of the room above.
"""

from clinometer.surface.kernel.adam import TableAdam
from clinometer.surface.kernel.choice import Kernel, field_for, rays_for
from clinometer.surface.kernel.fused import FusedField

__all__ = ["FusedField", "Kernel", "TableAdam", "field_for", "rays_for"]
