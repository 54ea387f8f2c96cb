"""What an operator needs to know of its surroundings to be written as TensorFlow Lite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featherbone.graph import Graph, Node, Shape
from featherbone.quantize.grid import Grid
from featherbone.quantize.network import QuantizedLayer
from featherbone.ship.tflite.draft import LiteDraft, LiteTensor

WHOLE = Grid(step=1.0, zero=0)


@dataclass(frozen=True, kw_only=True)
class LiteSite:
    """Where an operator is written.

    Fields:
        node: the graph's node, and ``clip`` the ReLU or ReLU6 that is written with it, or empty.
        reads: the tensors that it reads, channels last: int8 where it computes in integers, else float32.
        writes: the tensor that it is to write, which has a grid where it computes in integers.
        numbers: the node's own weights as float32, by their short names.
        layer: its weights as integers, where it computes in integers.
    """

    draft: LiteDraft
    graph: Graph
    node: Node
    clip: str
    reads: tuple[LiteTensor, ...]
    writes: LiteTensor
    numbers: Mapping[str, np.ndarray]
    layer: QuantizedLayer | None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes that the graph's node reads, channels first and without the batch."""
        return self.graph.input_shapes(self.node)

    @property
    def grid(self) -> Grid | None:
        """The grid of what is written."""
        return self.writes.grid

    @property
    def in_integers(self) -> bool:
        return self.writes.grid is not None

    def emit(self, kind: str, inputs: Sequence[LiteTensor | None] = (), **options: Any) -> None:
        """The operator that writes the result; it reads what the graph's node reads unless told otherwise."""
        self.draft.operator(kind, inputs or self.reads, self.writes, options)

    def emit_moved(self, kind: str, inputs: Sequence[LiteTensor | None] = (), **options: Any) -> None:
        """As ``emit``, of an operator whose integers stay on the grid that they were read on."""
        read = self.reads[0].grid
        if read == self.grid:
            self.emit(kind, inputs, **options)
            return
        moved = self.step("moved", kind, inputs, self.writes.shape, grid=read, **options)
        self.emit("MUL", [moved, self._one()])

    def step(
        self,
        part: str,
        kind: str,
        inputs: Sequence[LiteTensor | None],
        shape: Sequence[int],
        *,
        grid: Grid | None = None,
        **options: Any,
    ) -> LiteTensor:
        """An operator before the last; the tensor that it writes, ``name/part``."""
        made = self.draft.tensor(f"{self.node.name}/{part}", shape, grid=grid)
        self.draft.operator(kind, inputs or self.reads, made, options)
        return made

    def whole(self, part: str, values: Any) -> LiteTensor:
        """Whole numbers that an operator reads as an input."""
        return self.draft.constant(f"{self.node.name}/{part}", np.array(values, dtype=np.int32))

    def floats(self, part: str, values: Any) -> LiteTensor:
        """Numbers, or a single one, that are no weights of the network."""
        return self.draft.constant(f"{self.node.name}/{part}", np.array(values, dtype=np.float32))

    def on_one_grid(self, place: int = 0) -> LiteTensor:
        """A map that is read, put on the grid of what is written where it stands on another."""
        value = self.reads[place]
        if value.grid == self.grid:
            return value
        return self.step(f"read{place}", "MUL", [value, self._one()], value.shape, grid=self.grid)

    def _one(self) -> LiteTensor:
        """What a map is multiplied with to put it on another grid.

        QUANTIZE would do that too, but with a factor of eight bits in XNNPACK, which is a step off for one integer in
        thirty; the factor of a product has all digits.
        """
        return self.draft.constant(f"{self.node.name}/one", np.array([1], dtype=np.int8), grid=WHOLE)


def channels_last(shape: Shape) -> tuple[int, ...]:
    """The shape of a tensor of the file, with a batch of one.

    >>> channels_last((3, 8, 6)), channels_last((10,))
    ((1, 8, 6, 3), (1, 10))
    """
    channels, *sides = (int(size) for size in shape)
    return (1, *sides, channels)
