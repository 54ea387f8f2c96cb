"""What convolution and transposed convolution share about groups of channels."""

from __future__ import annotations

from typing import Any

from featherbone.graph.dimension import Dim, divide
from featherbone.graph.operators.base import Kept
from featherbone.graph.operators.flow import Flow, Mixed, Repeated


def filtered(read: Dim, written: Dim, groups: Dim) -> Flow:
    """The flow of a convolution in groups; with a group for each channel it is depthwise, and mixes nothing.

    >>> filtered(32, 64, 1), filtered(32, 64, 32)
    (Mixed(groups=1), Repeated(times=2))
    """
    times = divide(written, groups)
    if groups != 1 and read == groups and times is not None:
        return Repeated(times=times)
    return Mixed(groups=groups)


def groups_left(written: Kept, out_channels: Dim, groups: Dim) -> int:
    """How many groups still write something, where these channels of what was written stay.

    >>> groups_left((0, 1, 4, 5), 6, 3)
    2
    """
    made: Any = divide(out_channels, groups)
    return len({channel // made for channel in written})
