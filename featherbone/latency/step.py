"""What a plan of kernels is made of: the steps that it gives, and maps and convolutions while it is made.

All masks and channels are arrays over widths, so that one plan is of many networks at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from featherbone.latency.kernel import Family
from featherbone.latency.sketch import Part

Mask = np.ndarray


class PlannedKernels(NamedTuple):
    """Kernels of one family: for each width whether it runs (n,), and its channels."""

    family: Family
    runs: Mask
    channels_in: np.ndarray
    channels_out: np.ndarray


@dataclass
class Value:
    """A map while a plan is made: where it is written in blocks, and where it has been changed to the other layout."""

    channels: np.ndarray
    sides: tuple[int, int]
    blocked: Mask
    changed: Mask
    batch: int  # by which name the runtime knows its number of images; a reshape makes up a new one
    writers: tuple[Pending, ...] = ()  # the convolutions that write it, each for some widths


@dataclass
class Pending:
    """A convolution to which an addition and an activation may still be fused."""

    part: Part
    source: Value
    layouts: dict[str, Mask]
    adds: Mask
    act: np.ndarray  # of names
    alone: bool  # one reader only
    done: Mask = field(init=False)  # where nothing more can be fused

    def __post_init__(self) -> None:
        self.done = np.zeros_like(self.adds)
