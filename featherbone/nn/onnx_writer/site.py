"""What an operator needs to know of its surroundings to be written as ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from featherbone.graph import Node, Shape
from featherbone.nn.layers import rank_of
from featherbone.nn.onnx_writer.draft import Draft


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where an operator is written.

    Fields:
        node: the graph's node, and ``norm`` the one that is folded into it.
        reads: the names of the values that it reads, and ``shapes`` what they are without the batch.
        writes: the name of the value that it is to write.
    """

    draft: Draft
    node: Node
    norm: Node | None
    reads: tuple[str, ...]
    shapes: tuple[Shape, ...]
    writes: str
    weights: Mapping[str, torch.Tensor]

    @property
    def name(self) -> str:
        """What the last ONNX node is named: runtimes name what they fuse after its last part."""
        return (self.norm or self.node).name

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides of the map that it reads, at most three."""
        rank_of(self.node.name, self.node.operator, self.shapes[0])
        return tuple(int(side) for side in self.shapes[0][1:])

    def emit(self, kind: str, inputs: Sequence[str] = (), **settings: Any) -> None:
        """The ONNX node that writes the result; it reads what the graph's node reads unless told otherwise."""
        self.draft.node(kind, inputs or self.reads, self.writes, self.name, settings)

    def step(self, part: str, kind: str, inputs: Sequence[str] = (), **settings: Any) -> str:
        """An ONNX node before the last, ``name/part``; the name of what it writes."""
        name = self.draft.free(f"{self.name}/{part}")
        self.draft.node(kind, inputs or self.reads, name, name, settings)
        return name

    def numbers(self, part: str, values: Sequence[int]) -> str:
        """Whole numbers that an ONNX node reads as an input."""
        return self.draft.constant(f"{self.name}/{part}", np.array(values, dtype=np.int64))

    def floats(self, part: str, values: Any) -> str:
        """Numbers, or a single one, that are no weights of the network."""
        return self.draft.constant(f"{self.name}/{part}", np.array(values, dtype=np.float32))

    def weight(self, key: str) -> str:
        """A weight of the node as it is."""
        full = f"{self.node.shares or self.node.name}.{key}"
        return self.draft.weight(full, self.values(full))

    def values(self, full: str) -> np.ndarray:
        """A weight by its name in the state dict."""
        found: np.ndarray = self.weights[full].detach().cpu().numpy()
        return found
