"""What an operator is given to be computed in integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featherbone.graph import Node, Shape
from featherbone.quantize.grid import Grid
from featherbone.quantize.network import QuantizedLayer
from featherbone.quantize.rescale import centred


@dataclass(frozen=True, kw_only=True)
class IntegerSite:
    """A node where it is computed: the integers of the maps that it reads, images in front, and the grids of all.

    ``shapes`` are of the maps without the images; ``layer`` holds the weights, if it has some.
    """

    node: Node
    shapes: tuple[Shape, ...]
    reads: tuple[np.ndarray, ...]
    grids: tuple[Grid, ...]
    grid: Grid
    layer: QuantizedLayer | None

    @property
    def is_wide(self) -> bool:
        """Whether sums need more than 32 bits: a map that is read has 16."""
        return any(grid.bits == 16 for grid in self.grids)

    def centred(self, place: int = 0) -> np.ndarray:
        """A map that is read, relative to its zero."""
        return centred(self.reads[place], self.grids[place])
